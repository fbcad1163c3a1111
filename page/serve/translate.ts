// The page to type a translation in: a source, keys and answers, brought together.
import { byId } from "../shared/elements";
import { Alignment } from "./alignment";
import { Connection } from "./connection";
import { Desk, SHOWN } from "./desk";
import type { TranslationAnswer, TranslationQuestion } from "./messages";
import { offerModels, tokenOf, watchTheme } from "./surroundings";

/** Alternatives below this are left out, but for the first two. */
const LIKELY = 0.001;
/** Milliseconds without a key after which the rest of the translation and the lines are asked for. */
const PAUSE = 120;

const source = byId<HTMLTextAreaElement>("source");
const token = tokenOf(location);
let model: string | null = null;
let hasModels = false;
let pause = 0;
/** A whole translation as the grey text last showed it, and its source. */
let expected = { source: "", text: "" };

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
    onState: (state) => {
      if (state.kind === "here" && !hasModels) void listModels();
      desk.showState(state);
    },
    onRefusal: (refusal) => desk.refuse(refusal),
  },
);

/** The source as it is asked for: of several lines, one. */
const line = (): string => source.value.replace(/\s+/gu, " ").trim();

/** Asks for words at every key, since these take the least time; for the rest after a pause. */
function ask(text: string): void {
  clearTimeout(pause);
  const asked = line();
  if (!asked) {
    desk.suggestions.show([]);
    alignment.clear();
    return;
  }
  if (asked === expected.source && expected.text.startsWith(text))
    showGhost(expected.text.slice(text.length));
  const question = { source: asked, text, k: SHOWN, model, phrases: true };
  connection.ask({ ...question, rest: false, attention: false }, (answer) => {
    desk.show(text, answer.suggestions);
    pause = setTimeout(() => {
      connection.ask({ ...question, rest: true, attention: true }, (more) => {
        const rest = more.rest ?? "";
        expected = { source: asked, text: text + rest };
        showGhost(rest);
        if (more.attention) alignment.show(asked, text, more.attention);
      });
    }, PAUSE);
  });
}

function showGhost(rest: string): void {
  if (!desk.isDismissed) field.showGhost(rest.match(/\s*\S+/gu) ?? []);
}

/** Asks for words in place of the one at this offset, in characters. */
function askForOthers(text: string, word: number): void {
  clearTimeout(pause);
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
  const models = await connection.models();
  if (models === null || hasModels) return;
  hasModels = true;
  const { words, translators } = models;
  const other = byId<HTMLAnchorElement>("other-page");
  other.hidden = words.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  offerModels(translators, (name) => {
    model = name;
    expected = { source: "", text: "" };
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
