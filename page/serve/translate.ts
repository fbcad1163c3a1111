// The page to type a translation in: a source, keys and answers, brought together.
import { byId } from "../shared/elements";
import { Alignment } from "./alignment";
import { Connection } from "./connection";
import { Desk, SHOWN } from "./desk";
import type { TranslationAnswer, TranslationQuestion } from "./messages";
import { offerModels, served, tokenOf, watchTheme } from "./surroundings";

/** Alternatives below this are left out, but for the first two. */
const LIKELY = 0.001;

const source = byId<HTMLTextAreaElement>("source");
const token = tokenOf(location);
let model: string | null = null;
let hasModels = false;

const desk = new Desk(ask);
const { field } = desk;
const alignment = new Alignment(askForOthers, replace);
const routes = {
  socket: "v1/translation",
  post: "v1/translation",
  byHttp: ({ model: _, ...fields }: TranslationQuestion) => fields,
};
const connection = new Connection<TranslationQuestion, TranslationAnswer>(
  new URL(".", location.href),
  token,
  routes,
  {
    onState: (state, isHttp) => {
      if (state === "here" && !hasModels) void listModels();
      desk.showState(state, isHttp);
    },
    onRefusal: (refusal) => desk.refuse(refusal),
  },
);

/** The source as it is asked for: of several lines, one. */
const line = (): string => source.value.replace(/\s+/gu, " ").trim();

function ask(text: string): void {
  if (!line()) {
    desk.suggestions.show([]);
    alignment.clear();
    return;
  }
  const asked = line();
  const wanted = { phrases: true, rest: true, attention: true };
  const question = { source: asked, text, k: SHOWN, model, ...wanted };
  connection.ask(question, (answer) => {
    desk.show(text, answer.suggestions);
    if (!desk.isDismissed) field.showGhost(answer.rest?.match(/\s*\S+/gu) ?? []);
    if (answer.attention) alignment.show(asked, text, answer.attention);
  });
}

/** Asks for words in place of the one at this offset, in characters. */
function askForOthers(text: string, word: number): void {
  const wanted = { phrases: false, rest: false, attention: false };
  const question = { source: line(), text, k: 5, model, ...wanted, word };
  connection.ask(question, (answer) => {
    const others = answer.alternatives ?? [];
    alignment.offer(others.filter((one, rank) => rank < 2 || one.probability >= LIKELY));
  });
}

function replace(start: number, end: number, other: string): void {
  field.replace(start, end, other);
}

async function listModels(): Promise<void> {
  const response = await connection.fetch("v1/models");
  if (!response.ok || hasModels) return;
  hasModels = true;
  const { words, translators } = await served(response);
  const other = byId<HTMLAnchorElement>("other-page");
  other.hidden = words.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  offerModels(translators, (name) => {
    model = name;
    field.area.focus();
    desk.changed();
  });
}

watchTheme(() => alignment.draw());
source.addEventListener("input", () => desk.changed());
byId("again").addEventListener("click", () => {
  source.value = "";
  field.clear();
  source.focus();
});
source.focus();
