// Typing with suggestions: keys, the list, grey text and the count of keys. Asks nobody itself.
import { byId, percent } from "../shared/elements";
import type { State } from "./answering";
import { Field } from "./field";
import type { Refusal, Suggestion } from "./messages";
import { Suggestions } from "./suggestions";
import { switchOf } from "./surroundings";

export const SHOWN = 3;
/** Milliseconds without a key after which suggestions are read out. */
const PAUSE = 900;

export class Desk {
  readonly field = new Field(() => this.changed());
  readonly suggestions = new Suggestions(this.field.area, (rank) => this.take(rank));
  isDismissed = false;
  private readonly digits = switchOf("digits", () => this.field.area.focus());
  private pause = 0;
  private asked: string | null = null;

  /** `ask` asks for suggestions at the end of a text. */
  constructor(private readonly ask: (text: string) => void) {
    this.field.area.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("selectionchange", () => this.moved());
    this.field.area.addEventListener("blur", () => this.suggestions.mark(-1));
  }

  /** The text has changed, or what it is to be asked for. */
  changed(): void {
    this.isDismissed = false;
    this.field.showGhost([]);
    this.suggestions.mark(-1);
    byId("problem").hidden = true;
    this.count();
    this.again();
  }

  /** Asks for what stands before the cursor. */
  again(): void {
    this.asked = this.field.before;
    this.ask(this.asked);
  }

  show(text: string, found: Suggestion[]): void {
    this.suggestions.show(found);
    byId("nothing").hidden = found.length > 0;
    byId("problem").hidden = true;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.readOut(), PAUSE);
    document.documentElement.dataset["shown"] = text;
  }

  refuse(refusal: Refusal): void {
    byId("problem").textContent = refusal.message;
    byId("problem").hidden = false;
  }

  showState({ kind, says }: State): void {
    byId("link").dataset["state"] = kind;
    document.body.classList.toggle("away", kind === "away");
    byId("link-says").textContent = says;
    if (kind === "here" && this.suggestions.count === 0) this.again();
  }

  private take(rank: number): void {
    const one = this.suggestions.at(rank);
    if (one && this.asked === this.field.before) this.field.put(one.text);
  }

  private dismiss(): void {
    this.isDismissed = true;
    this.field.showGhost([]);
    this.suggestions.mark(-1);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (this.acts(event)) event.preventDefault();
  }

  /** Whether a key does something here that it does in no other field. */
  private acts(event: KeyboardEvent): boolean {
    const { field, suggestions, digits } = this;
    const { key, altKey, shiftKey } = event;
    const rank = /^Digit[1-9]$/.test(event.code) ? Number(event.code.slice(5)) - 1 : -1;
    if (rank >= 0 && rank < SHOWN && !shiftKey) {
      const isForList = digits.checked ? !altKey : altKey || suggestions.chosen >= 0;
      if (isForList && rank < suggestions.count) {
        this.take(rank);
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
    else if (key === "Escape" && field.ghost.length) this.dismiss();
    else if (altKey || shiftKey) return false;
    else if (key === "ArrowDown" && suggestions.count && (suggestions.chosen >= 0 || field.isAtEnd))
      suggestions.mark(suggestions.chosen + 1);
    else if (key === "ArrowUp" && suggestions.chosen >= 0) suggestions.mark(suggestions.chosen - 1);
    else if (key === "Enter" && suggestions.chosen >= 0) this.take(suggestions.chosen);
    else return false;
    return true;
  }

  /** The cursor was moved without a change of the text: other words may stand before it. */
  private moved(): void {
    if (document.activeElement !== this.field.area || this.field.before === this.asked) return;
    this.field.showGhost([]);
    this.again();
  }

  private count(): void {
    const typed = this.field.characters;
    byId("pressed").textContent = this.field.keys.toLocaleString("en");
    byId("without").textContent = typed.toLocaleString("en");
    const saved = typed ? 1 - this.field.keys / typed : 0;
    byId("saved").textContent =
      typed === 0 ? "–" : saved < 0 ? `−${percent(-saved)}` : saved === 0 ? "0\u00a0%" : percent(saved);
  }

  private readOut(): void {
    if (document.activeElement !== this.field.area) return;
    const told = Array.from({ length: this.suggestions.count }, (_, rank) => {
      const one = this.suggestions.at(rank);
      return one ? `${rank + 1}: ${one.word}, ${percent(one.probability)}` : "";
    });
    byId("said").textContent = told.length ? told.join("; ") : "No suggestions";
  }
}
