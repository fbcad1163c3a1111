// The words of a source and of its translation, the attention as lines between them, and other
// words for the one that is chosen. Asks nobody itself.
import { byId, element, percent, shape, word } from "../shared/elements";
import type { Attention, Suggestion } from "./messages";

/** Weights below this draw no line. */
const FAINT = 0.06;

export class Alignment {
  private readonly figure = byId("alignment-figure");
  private readonly others = byId("others");
  private sources: HTMLElement[] = [];
  private targets: HTMLElement[] = [];
  private weights: number[][] = [];
  private text = "";
  private chosen: { start: number; end: number } | null = null;
  private pointed = -1;

  constructor(
    private readonly ask: (text: string, offset: number) => void,
    private readonly replace: (start: number, end: number, other: string) => void,
  ) {
    new ResizeObserver(() => this.draw()).observe(this.figure);
  }

  clear(): void {
    this.text = "";
    [this.sources, this.targets, this.weights] = [[], [], []];
    this.figure.replaceChildren();
    this.figure.hidden = this.others.hidden = true;
    byId("alignment-says").hidden = false;
  }

  /** Shows the words; offsets count characters, not the browser's units. */
  show(source: string, text: string, attention: Attention): void {
    this.text = text;
    this.chosen = null;
    this.pointed = -1;
    this.others.hidden = true;
    this.figure.hidden = false;
    byId("alignment-says").hidden = true;
    const [from, to] = [[...source], [...text]];
    const piece = (all: string[], start: number, end: number) => all.slice(start, end).join("");
    this.sources = attention.source.map(({ start, end }) => word(piece(from, start, end)));
    this.targets = attention.words.map(({ start, end }, n) => {
      const isNext = start === end;
      const label = isNext ? "next word" : piece(to, start, end);
      const attributes = {
        class: isNext ? "word to-come" : "word",
        onpointerenter: () => this.point(n),
        onpointerleave: () => this.point(-1),
        onfocus: () => this.point(n),
        onblur: () => this.point(-1),
      };
      if (isNext) return element("span", attributes, label);
      return element(
        "button",
        {
          ...attributes,
          type: "button",
          translate: "no",
          dir: "auto",
          "aria-label": `${label}: other words`,
          onclick: () => this.choose(n, start, end),
        },
        label,
      );
    });
    this.weights = attention.words.map((one) => one.weights);
    this.figure.replaceChildren(
      shape("svg", { "aria-hidden": "true" }),
      element("p", { class: "row", "aria-label": "Source" }, this.sources),
      element("p", { class: "row", "aria-label": "Translation" }, this.targets),
    );
    this.draw();
  }

  /** Shows other words for the chosen one. */
  offer(others: Suggestion[]): void {
    const { chosen } = this;
    if (!chosen) return;
    const characters = [...this.text];
    const width = (end: number) => characters.slice(0, end).join("").length;
    const old = characters.slice(chosen.start, chosen.end).join("");
    this.others.hidden = false;
    const buttons = others.map((one) => {
      // What touches the word, such as a comma, is not a part of it.
      const start = width(chosen.start) + this.touching(old);
      const end = start + this.inner(old).length;
      return element(
        "button",
        { type: "button", class: "other", onclick: () => this.replace(start, end, one.word) },
        word(one.word),
        element("span", { class: "suggestion-chance" }, percent(one.probability)),
      );
    });
    this.others.replaceChildren(
      element("span", {}, others.length ? "Instead of " : "No other word for ", word(this.inner(old))),
      ...buttons,
    );
    if (document.activeElement && this.figure.contains(document.activeElement)) buttons[0]?.focus();
  }

  draw(): void {
    const svg = this.figure.querySelector("svg");
    if (!svg) return;
    const base = this.figure.getBoundingClientRect();
    const isColumns = getComputedStyle(this.figure).flexDirection === "row";
    const lines = this.targets.flatMap((target, n) =>
      this.sources.map((source, m) => {
        const weight = this.weights[n]?.[m] ?? 0;
        if (weight < FAINT) return null;
        const [a, b] = [source.getBoundingClientRect(), target.getBoundingClientRect()];
        const [x1, y1, x2, y2] = isColumns
          ? [a.right + 3, (a.top + a.bottom) / 2, b.left - 3, (b.top + b.bottom) / 2]
          : [(a.left + a.right) / 2, a.bottom + 2, (b.left + b.right) / 2, b.top - 2];
        const isFaded = this.pointed >= 0 && this.pointed !== n;
        return shape("line", {
          x1: x1 - base.left,
          y1: y1 - base.top,
          x2: x2 - base.left,
          y2: y2 - base.top,
          class: n === this.targets.length - 1 ? "look next" : "look",
          "stroke-width": 0.8 + 2.6 * weight,
          opacity: (isFaded ? 0.12 : 1) * Math.min(1, 0.15 + weight),
        });
      }),
    );
    svg.replaceChildren(...lines.filter((line) => line !== null));
    const seen = this.weights[this.pointed];
    this.sources.forEach((source, m) => {
      source.classList.toggle("seen", (seen?.[m] ?? 0) >= 0.2);
    });
  }

  private point(n: number): void {
    this.pointed = n;
    this.draw();
  }

  private choose(n: number, start: number, end: number): void {
    this.chosen = { start, end };
    this.targets.forEach((target, m) => target.classList.toggle("chosen", m === n));
    const old = [...this.text].slice(start, end).join("");
    this.ask(this.text, start + [...old.slice(0, this.touching(old))].length);
  }

  /** How many units touch a word from before. */
  private touching(old: string): number {
    return Math.max(0, old.search(/[\p{L}\p{N}_]/u));
  }

  private inner(old: string): string {
    return /[\p{L}\p{N}\p{M}_]+(?:['’-][\p{L}\p{N}\p{M}_]+)*/u.exec(old)?.[0] ?? old;
  }
}
