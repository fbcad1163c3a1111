// The page: keys and answers, brought together.
import { byId } from "../shared/elements";
import { Connection, type State } from "./connection";
import { Desk, SHOWN } from "./desk";
import { Inside } from "./inside";
import type { Answer, Question } from "./messages";
import { offerModels, served, tokenOf, watchTheme } from "./surroundings";

/** Grey text goes on to a further word where the network is this sure of it, */
const SURE = 0.3;
/** and to so many words at most. */
const GHOST_WORDS = 3;

const inside = new Inside();
const token = tokenOf(location);
let model: string | null = null;
let hasModels = false;

const desk = new Desk((text) => {
  connection.ask({ text, k: SHOWN, model, trace: true }, (answer) => show(text, answer));
});
const { field } = desk;
const routes = { socket: "v1/type", post: "v1/predict", byHttp: ({ text, k }: Question) => ({ text, k }) };
const connection = new Connection<Question, Answer>(new URL(".", location.href), token, routes, {
  onState: showState,
  onRefusal: (refusal) => desk.refuse(refusal),
});

function show(text: string, answer: Answer): void {
  if (answer.trace) inside.show(text, answer.trace);
  desk.show(text, answer.suggestions);
  const first = answer.suggestions[0];
  if (first?.text.startsWith(text) && first.text.length > text.length && !desk.isDismissed) {
    field.showGhost([first.text.slice(text.length)]);
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
  connection.ask({ text, k: 1, model, trace: true }, (answer) => {
    if (!answer.trace) return;
    inside.fill(text, answer.trace);
    goOn(accepted);
  });
}

/** Makes the grey text a word longer, as long as the network is sure. */
function lookAhead(text: string): void {
  if (field.ghost.length >= GHOST_WORDS) return;
  const question = { text: `${text} `, k: 1, model, trace: false };
  connection.ask(question, (answer) => {
    const next = answer.suggestions[0];
    if (desk.isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}

function showState(state: State, isHttp: boolean): void {
  if (isHttp) inside.explain("Gates and memory come over a WebSocket, which something blocks here.");
  if (state === "here" && !hasModels) void listModels();
  desk.showState(state, isHttp);
}

async function listModels(): Promise<void> {
  const response = await connection.fetch("v1/models");
  if (!response.ok || hasModels) return;
  hasModels = true;
  const { words, translators } = await served(response);
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
