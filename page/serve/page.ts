// The page: keys and answers, brought together.
import { byId } from "../shared/elements";
import type { Answering, Listener, State } from "./answering";
import { Connection } from "./connection";
import { Desk, SHOWN } from "./desk";
import { Inside } from "./inside";
import type { Answer, Question } from "./messages";
import { Module } from "./module";
import { offerModels, switchOf, tokenOf, watchTheme } from "./surroundings";

/** Grey text goes on to a further word where the network is this sure of it, */
const SURE = 0.3;
/** and to so many words at most. */
const GHOST_WORDS = 3;
/** A word of a phrase, with the space before it. */
const A_WORD = /\s*\S+/g;

const inside = new Inside();
const token = tokenOf(location);
let model: string | null = null;
let names: string[] | null = null;

const desk = new Desk((text) => {
  const trace = others() === undefined;
  answering.ask(asking(text, { k: SHOWN, phrases: phrases.checked, trace }), (answer) => show(text, answer));
});
const { field } = desk;
const phrases = switchOf("phrases", () => {
  field.area.focus();
  desk.changed();
});
const allModels = switchOf("all-models", () => {
  lookInside();
  field.area.focus();
  desk.changed();
});
const listener: Listener = { onState: showState, onRefusal: (refusal) => desk.refuse(refusal) };
const answering = whoAnswers();

/** The module, in a page that `foreword page` wrote: it names its model. Elsewhere the server that gave the page. */
function whoAnswers(): Answering<Question, Answer> {
  const base = new URL(".", location.href);
  const name = document.documentElement.dataset["model"];
  if (name !== undefined) return new Module(name, base, listener);
  const byHttp = ({ text, k, phrases, also }: Question) => ({ text, k, phrases, also });
  return new Connection(base, token, { socket: "v1/type", post: "v1/predict", byHttp }, listener);
}

/** The models beside the chosen one, if the words of all are suggested. */
function others(): string[] | undefined {
  if (names === null || names.length < 2 || !allModels.checked) return undefined;
  return names.filter((name) => name !== (model ?? names?.[0]));
}

function asking(text: string, options: Pick<Question, "k" | "phrases" | "trace">): Question {
  const also = others();
  return { text, model, ...options, ...(also === undefined ? {} : { also }) };
}

/** One network can be looked into, several cannot. */
function lookInside(): void {
  inside.forget();
  if (others() !== undefined) inside.explain("The words are those of several networks. Ask one of them to see inside.");
}

function show(text: string, answer: Answer): void {
  if (answer.trace) inside.show(text, answer.trace);
  desk.show(text, answer.suggestions);
  const first = answer.suggestions[0];
  if (first?.text.startsWith(text) && first.text.length > text.length && !desk.isDismissed) {
    field.showGhost(first.text.slice(text.length).match(A_WORD) ?? []);
  }
  goOn(first?.text ?? "");
}

/** Asks for what else there is to show, until the next key: words that came at once; grey text. */
function goOn(accepted: string): void {
  const text = inside.missing();
  if (text === null) {
    if (field.ghost.length) lookAhead(accepted);
    return;
  }
  answering.ask({ text, k: 1, model, phrases: false, trace: true }, (answer) => {
    if (!answer.trace) return;
    inside.fill(text, answer.trace);
    goOn(accepted);
  });
}

/** Makes the grey text a word longer, as long as the network is sure. */
function lookAhead(text: string): void {
  if (field.ghost.length >= GHOST_WORDS) return;
  answering.ask(asking(`${text} `, { k: 1, phrases: false, trace: false }), (answer) => {
    const next = answer.suggestions[0];
    if (desk.isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}

function showState(state: State): void {
  if (state.untraced !== null) inside.explain(state.untraced);
  if (state.kind === "here" && names === null) void listModels();
  desk.showState(state);
}

async function listModels(): Promise<void> {
  const models = await answering.models();
  if (models === null || names !== null) return;
  const { words, translators } = models;
  names = words;
  byId("all-models-choice").hidden = words.length < 2;
  const other = byId<HTMLAnchorElement>("other-page");
  other.hidden = translators.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  if (words.length === 0 && translators.length > 0) location.replace(other.href);
  offerModels(words, (name) => {
    model = name;
    lookInside();
    field.area.focus();
    desk.changed();
  });
  if (others() === undefined) return;
  lookInside();
  desk.changed();
}

watchTheme(() => inside.draw());
field.area.focus();
