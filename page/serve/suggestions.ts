// The list of suggestions: words, bars, and which one is marked. Asks nobody.
import { byId, element, percent, word } from "../shared/elements";
import type { Suggestion } from "./messages";

export class Suggestions {
  private readonly list = byId("suggestions");
  private found: Suggestion[] = [];
  private marked = -1;

  constructor(
    private readonly area: HTMLTextAreaElement,
    private readonly take: (rank: number) => void,
  ) {}

  get count(): number {
    return this.found.length;
  }

  /** Which one is marked; -1 if none is. */
  get chosen(): number {
    return this.marked;
  }

  at(rank: number): Suggestion | undefined {
    return this.found[rank];
  }

  show(found: Suggestion[]): void {
    this.found = found;
    this.list.hidden = found.length === 0;
    this.list.replaceChildren(...found.map((one, rank) => this.row(one, rank)));
    this.mark(-1);
  }

  /** Marks one, as the arrow keys do; -1 leaves the list. */
  mark(rank: number): void {
    this.marked = Math.max(-1, Math.min(this.found.length - 1, rank));
    [...this.list.children].forEach((row, place) => {
      row.setAttribute("aria-selected", String(place === this.marked));
    });
    if (this.marked < 0) this.area.removeAttribute("aria-activedescendant");
    else this.area.setAttribute("aria-activedescendant", `suggestion-${this.marked}`);
  }

  private row(one: Suggestion, rank: number): HTMLElement {
    return element(
      "div",
      {
        class: "suggestion",
        role: "option",
        id: `suggestion-${rank}`,
        "aria-selected": "false",
        // The field keeps the focus.
        onpointerdown: (event: PointerEvent) => event.preventDefault(),
        onclick: () => this.take(rank),
      },
      element("kbd", { "aria-hidden": "true" }, String(rank + 1)),
      element("span", { class: "suggestion-word" }, word(one.word)),
      element("span", { class: "suggestion-chance" }, percent(one.probability)),
      element("span", { class: "suggestion-bar", "--share": one.probability }),
    );
  }
}
