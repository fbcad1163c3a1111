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
let hasModels = false;

const desk = new Desk((text) => {
  const question = { text, k: SHOWN, model, phrases: phrases.checked, trace: true };
  answering.ask(question, (answer) => show(text, answer));
});
const { field } = desk;
const phrases = switchOf("phrases", () => {
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
  const byHttp = ({ text, k, phrases }: Question) => ({ text, k, phrases });
  return new Connection(base, token, { socket: "v1/type", post: "v1/predict", byHttp }, listener);
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
  const question = { text: `${text} `, k: 1, model, phrases: false, trace: false };
  answering.ask(question, (answer) => {
    const next = answer.suggestions[0];
    if (desk.isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}

function showState(state: State): void {
  if (state.untraced !== null) inside.explain(state.untraced);
  if (state.kind === "here" && !hasModels) void listModels();
  desk.showState(state);
}

async function listModels(): Promise<void> {
  const models = await answering.models();
  if (models === null || hasModels) return;
  hasModels = true;
  const { words, translators } = models;
  const other = byId<HTMLAnchorElement>("other-page");
  other.hidden = translators.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  if (words.length === 0 && translators.length > 0) location.replace(other.href);
  offerModels(words, (name) => {
    model = name;
    inside.forget();
    field.area.focus();
    desk.changed();
  });
}

watchTheme(() => inside.draw());
field.area.focus();
