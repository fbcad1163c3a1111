// The page: keys and answers, brought together.
import { onSystemTheme, isDark } from "../shared/colours";
import { Connection, type State } from "./connection";
import { byId, element, keep, kept, percent } from "../shared/elements";
import { Field } from "./field";
import { Inside } from "./inside";
import type { Answer, Refusal } from "./messages";
import { Suggestions } from "./suggestions";

const SHOWN = 3;
/** Grey text goes on to a further word where the network is this sure of it, */
const SURE = 0.3;
/** and to so many words at most. */
const GHOST_WORDS = 3;
/** Milliseconds without a key after which suggestions are read out. */
const PAUSE = 900;

const inside = new Inside();
const field = new Field(() => changed());
const suggestions = new Suggestions(field.area, (rank) => take(rank));
const digits = byId<HTMLInputElement>("digits");
let model: string | null = null;
let hasModels = false;
let isDismissed = false;
let pause = 0;
let asked: string | null = null;

const connection = new Connection(new URL(".", location.href), tokenOf(location), {
  onState: showState,
  onRefusal: refuse,
});

function changed(): void {
  isDismissed = false;
  field.showGhost([]);
  suggestions.mark(-1);
  byId("problem").hidden = true;
  count();
  ask();
}

function ask(): void {
  const text = field.before;
  asked = text;
  connection.ask({ text, k: SHOWN, model, trace: true }, (answer) => show(text, answer));
}

function show(text: string, answer: Answer): void {
  suggestions.show(answer.suggestions);
  byId("nothing").hidden = answer.suggestions.length > 0;
  byId("problem").hidden = true;
  if (answer.trace) inside.show(text, answer.trace);
  const first = answer.suggestions[0];
  if (first?.text.startsWith(text) && first.text.length > text.length && !isDismissed) {
    field.showGhost([first.text.slice(text.length)]);
  }
  goOn(first?.text ?? "");
  clearTimeout(pause);
  pause = setTimeout(readOut, PAUSE);
  document.documentElement.dataset["shown"] = text;
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
    if (isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}

function take(rank: number): void {
  const one = suggestions.at(rank);
  if (one && asked === field.before) field.put(one.text);
}

function dismiss(): void {
  isDismissed = true;
  field.showGhost([]);
  suggestions.mark(-1);
}

function pressed(event: KeyboardEvent): void {
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  if (acts(event)) event.preventDefault();
}

/** Whether a key does something here that it does in no other field. */
function acts(event: KeyboardEvent): boolean {
  const { key, altKey, shiftKey } = event;
  const rank = /^Digit[1-9]$/.test(event.code) ? Number(event.code.slice(5)) - 1 : -1;
  if (rank >= 0 && rank < SHOWN && !shiftKey) {
    const isForList = digits.checked ? !altKey : altKey || suggestions.chosen >= 0;
    if (isForList && rank < suggestions.count) {
      take(rank);
      return true;
    }
    if (digits.checked && altKey) {
      field.type(String(rank + 1));
      return true;
    }
    return false;
  }
  if (key === "Tab" && !altKey && !shiftKey && field.ghost.length) field.takeGhost();
  else if (key === "ArrowRight" && altKey && field.ghost.length) field.takeGhost(1);
  else if (key === "Escape" && suggestions.chosen >= 0) suggestions.mark(-1);
  else if (key === "Escape" && field.ghost.length) dismiss();
  else if (altKey || shiftKey) return false;
  else if (key === "ArrowDown" && suggestions.count && (suggestions.chosen >= 0 || field.isAtEnd))
    suggestions.mark(suggestions.chosen + 1);
  else if (key === "ArrowUp" && suggestions.chosen >= 0) suggestions.mark(suggestions.chosen - 1);
  else if (key === "Enter" && suggestions.chosen >= 0) take(suggestions.chosen);
  else return false;
  return true;
}

/** The cursor was moved without a change of the text: other words may stand before it. */
function moved(): void {
  if (document.activeElement !== field.area || field.before === asked) return;
  field.showGhost([]);
  ask();
}

function count(): void {
  const typed = field.characters;
  byId("pressed").textContent = field.keys.toLocaleString("en");
  byId("without").textContent = typed.toLocaleString("en");
  const saved = typed ? 1 - field.keys / typed : 0;
  byId("saved").textContent =
    typed === 0 ? "–" : saved < 0 ? `−${percent(-saved)}` : saved === 0 ? "0\u00a0%" : percent(saved);
}

function readOut(): void {
  if (document.activeElement !== field.area) return;
  const told = Array.from({ length: suggestions.count }, (_, rank) => {
    const one = suggestions.at(rank);
    return one ? `${rank + 1}: ${one.word}, ${percent(one.probability)}` : "";
  });
  byId("said").textContent = told.length ? told.join("; ") : "No suggestions";
}

function showState(state: State, isHttp: boolean): void {
  byId("link").dataset["state"] = state;
  document.body.classList.toggle("away", state === "away");
  byId("link-says").textContent =
    state === "away" ? "The server is away; trying again" : isHttp ? "connected, by HTTP" : "connected";
  if (isHttp) inside.explain("Gates and memory come over a WebSocket, which something blocks here.");
  if (state !== "here") return;
  if (!hasModels) void listModels();
  if (suggestions.count === 0) ask();
}

function refuse(refusal: Refusal): void {
  byId("problem").textContent = refusal.message;
  byId("problem").hidden = false;
}

async function listModels(): Promise<void> {
  const response = await connection.fetch("v1/models");
  if (!response.ok || hasModels) return;
  hasModels = true;
  const { data } = (await response.json()) as { data: { id: string }[] };
  const names = data.map((one) => one.id);
  const select = byId<HTMLSelectElement>("model");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  byId("model-choice").hidden = names.length < 2;
  byId("model-name").textContent = names.length === 1 ? (names[0] ?? "") : "";
  byId("model-name").hidden = names.length !== 1;
  select.addEventListener("change", () => {
    model = select.value;
    inside.forget();
    field.area.focus();
    changed();
  });
}

/** The token of an address that ends in #token=..., which is then taken out of it. */
function tokenOf(place: Location): string | null {
  const token = new URLSearchParams(place.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", place.pathname + place.search);
  return token;
}

function watchTheme(): void {
  const root = document.documentElement;
  root.dataset["theme"] = kept("theme") ?? "";
  byId("theme").addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    keep("theme", root.dataset["theme"]);
    inside.draw();
  });
  onSystemTheme(() => inside.draw());
}

watchTheme();
digits.checked = kept("digits") === "true";
digits.addEventListener("change", () => {
  keep("digits", String(digits.checked));
  field.area.focus();
});
field.area.addEventListener("keydown", pressed);
document.addEventListener("selectionchange", moved);
field.area.addEventListener("blur", () => suggestions.mark(-1));
field.area.focus();
