// The network at the last word: every gate and state as a strip of units, one unit as a capacitor,
// and its memory over the words typed so far. Asks nobody.
import { circuit, story } from "../shared/circuit";
import { colours } from "../shared/colours";
import { byId, element, fixed, mean, shape, word } from "../shared/elements";
import { hasGates, heldName, isSigned, labelOf, roleOf, unitOf, values } from "./layer";
import type { LayerTrace, WordTrace } from "./messages";

const WORDS = 32;
/** So many words that came at once, as before a mark or pasted, are asked for one by one. */
const FILLED = 8;
/** Letters at the end are a word that has not been read yet. */
const UNREAD = /[\p{L}\p{M}\p{N}_'’]+$/u;
const A_WORD = /[\p{L}\p{M}\p{N}_'’]+|[^\p{L}\p{M}\p{N}_'’\s]+/gu;

interface Moment {
  read: string;
  trace: WordTrace;
}

/** A unit's memory after a word; null where words are missing. */
type Held = { word: string; held: number } | null;

export class Inside {
  private moments: Moment[] = [];
  private layer = 0;
  private unit: number | null = null;
  private readonly title = byId("inside-title");
  private readonly says = byId("inside-says");
  private readonly figure = byId("inside-figure");
  private width = 320;

  constructor() {
    new ResizeObserver(() => {
      if (!this.figure.clientWidth || this.width === this.figure.clientWidth) return;
      this.width = this.figure.clientWidth;
      this.draw();
    }).observe(this.figure);
  }

  /** Takes what the network did with a text. */
  show(text: string, trace: WordTrace): void {
    const read = readOf(text);
    this.moments = this.moments
      .filter((one) => one.read.length < read.length && read.startsWith(one.read))
      .slice(1 - WORDS);
    this.moments.push({ read, trace });
    this.draw();
  }

  /** A text whose last word is one that is missing before the last of all; null if none is. */
  missing(): string | null {
    const [before, last] = this.moments.slice(-2);
    if (!before || !last) return null;
    const added = [...last.read.slice(before.read.length).matchAll(A_WORD)];
    const [first] = added;
    if (!first || added.length < 2 || added.length > FILLED) return null;
    return `${last.read.slice(0, before.read.length + first.index + first[0].length)} `;
  }

  /** Takes what the network did with what was missing. */
  fill(text: string, trace: WordTrace): void {
    const last = this.moments.pop();
    this.moments.push({ read: readOf(text), trace });
    if (last) this.moments.push(last);
    this.moments = this.moments.slice(-WORDS);
    this.draw();
  }

  /** Forgets what was read: another model reads from here on. */
  forget(): void {
    this.moments = [];
    this.unit = null;
    this.layer = 0;
  }

  /** Says why there is nothing to see. */
  explain(text: string): void {
    this.forget();
    this.title.textContent = "Inside the network";
    this.says.textContent = text;
    this.figure.replaceChildren();
  }

  draw(): void {
    const trace = this.moments.at(-1)?.trace;
    if (!trace) return;
    this.layer = Math.min(this.layer, trace.layers.length - 1);
    const layer = trace.layers[this.layer] as LayerTrace;
    const held = values(layer, heldName(layer));
    if (this.unit === null || this.unit >= held.length) this.unit = fullest(held);
    this.title.replaceChildren("Inside, after ", word(trace.word));
    this.says.textContent = hasGates(layer)
      ? "A gate at 1 lets all through, at 0 nothing. A column is a unit: point to one to follow it."
      : "This network has no gates: what there is to see is its state. A column is a unit.";
    const focused = document.activeElement?.id;
    this.figure.replaceChildren(
      this.controls(trace, held.length),
      this.parts(layer, this.unit),
      this.oneUnit(layer, this.unit),
    );
    if (focused === "unit") byId("unit").focus();
  }

  private controls(trace: WordTrace, units: number): HTMLElement {
    const unit = element("input", {
      id: "unit",
      type: "number",
      min: 0,
      max: units - 1,
      value: this.unit as number,
      onchange: (event: Event) => {
        const wanted = Number((event.target as HTMLInputElement).value);
        this.choose(Math.max(0, Math.min(units - 1, Math.round(wanted) || 0)));
      },
    });
    const layers = trace.layers.map((_, k) =>
      element(
        "button",
        {
          type: "button",
          "aria-pressed": String(k === this.layer),
          "aria-label": `Layer ${k + 1}`,
          onclick: () => {
            [this.layer, this.unit] = [k, null];
            this.draw();
          },
        },
        String(k + 1),
      ),
    );
    return element(
      "div",
      { class: "controls" },
      element("label", { class: "unit-choice" }, "Unit ", unit, ` of ${units}`),
      layers.length > 1
        ? element("div", { class: "choice", role: "group", "aria-label": "Layer" }, "Layer", ...layers)
        : null,
    );
  }

  private choose(unit: number): void {
    this.unit = unit;
    this.draw();
  }

  private parts(layer: LayerTrace, unit: number): HTMLElement {
    const names = [...Object.keys(layer.gates), ...["c", "h"].filter((n) => n in layer.states)];
    return element("div", { class: "parts" }, ...names.map((name) => this.part(layer, name, unit)));
  }

  private part(layer: LayerTrace, name: string, unit: number): HTMLElement {
    const numbers = values(layer, name);
    const label = labelOf(name);
    const canvas = element("canvas", {
      class: "strip",
      role: "img",
      "aria-label": `${label} of ${numbers.length} units, from ${fixed(Math.min(...numbers))} to ${fixed(Math.max(...numbers))}`,
      width: numbers.length,
      height: 1,
      onclick: (event: MouseEvent) =>
        this.choose(
          Math.min(
            numbers.length - 1,
            Math.floor((event.offsetX / canvas.clientWidth) * numbers.length),
          ),
        ),
    });
    paint(canvas, numbers, isSigned(name) ? sizeOf(name, numbers) : null);
    return element(
      "div",
      { class: `part gate-${roleOf(name)}`, "data-part": name },
      element(
        "span",
        { class: "part-name" },
        element("i", { class: "dot" }),
        `${label} `,
        element("span", { class: "letter" }, name),
      ),
      element("span", { class: "part-mean", title: "mean of all units" }, fixed(mean(numbers))),
      element(
        "div",
        { class: "strip-field" },
        canvas,
        element("span", {
          class: "strip-mark",
          "--at": unit / numbers.length,
          "--width": 1 / numbers.length,
        }),
      ),
    );
  }

  private oneUnit(layer: LayerTrace, unit: number): HTMLElement {
    const now = unitOf(layer, unit);
    const past = this.moments.flatMap(({ read, trace }, k): Held[] => {
      const then = trace.layers[this.layer];
      if (!then) return [];
      const held = { word: trace.word, held: unitOf(then, unit).held };
      const added = read.slice(this.moments[k - 1]?.read.length ?? read.length).match(A_WORD);
      return added && added.length > 1 ? [null, held] : [held];
    });
    const size = Math.max(1e-6, ...past.map((one) => Math.abs(one?.held ?? 0)));
    const told = story(now, `Unit ${unit}`);
    return element(
      "div",
      { class: "unit" },
      circuit(now, size, `Unit ${unit} as a capacitor: ${now.heldName} is ${fixed(now.held)}`),
      element("p", { class: "unit-says" }, told),
      memory(past, size, now.heldName, this.width),
    );
  }
}

/** What has been read of a text: no unfinished word, and no space that tells nothing. */
const readOf = (text: string): string => text.replace(UNREAD, "").replace(/[^\S\n]+$/, "");

const fullest = (held: number[]): number =>
  held.reduce((best, value, k) => (Math.abs(value) > Math.abs(held[best] ?? 0) ? k : best), 0);

const sizeOf = (name: string, numbers: number[]): number =>
  name === "c" ? Math.max(1, ...numbers.map(Math.abs)) : 1;

function paint(canvas: HTMLCanvasElement, numbers: number[], size: number | null): void {
  const context = canvas.getContext("2d");
  if (!context || !numbers.length) return;
  const image = context.createImageData(numbers.length, 1);
  const colour = colours(size);
  numbers.forEach((value, k) => image.data.set([...colour(value), 255], 4 * k));
  context.putImageData(image, 0, 0);
}

/** A unit's memory after each of the last words, as a charge above and below zero. */
function memory(
  past: Held[],
  size: number,
  name: string,
  width: number,
): SVGSVGElement {
  const [left, top, bottom] = [42, 24, 132];
  const each = Math.min(60, (width - left) / past.length);
  const x = (t: number) => left + t * each;
  const y = (value: number) => (top + bottom) / 2 - (value / size) * ((bottom - top) / 2);
  const first = past[0]?.word ?? "";
  const svg = shape("svg", {
    class: "memory",
    viewBox: `0 0 ${width} 190`,
    role: "img",
    "aria-label": `${labelOf(name)} of the unit over ${past.length} words since ${first}, now ${fixed(past.at(-1)?.held ?? 0)}`,
  });
  svg.append(
    shape("text", { class: "axis", x: left, y: 12 }, `${labelOf(name)} ${name}, word by word`),
    shape("text", { class: "axis", x: left - 6, y: top + 4, "text-anchor": "end" }, fixed(size)),
    shape("text", { class: "axis", x: left - 6, y: y(0) + 4, "text-anchor": "end" }, "0"),
    shape("text", { class: "axis", x: left - 6, y: bottom + 4, "text-anchor": "end" }, fixed(-size)),
  );
  past.forEach((one, t) => {
    const { word: text, held } = one ?? { word: "…", held: 0 };
    const [low, high] = [Math.min(y(0), y(held)), Math.max(y(0), y(held))];
    svg.append(
      shape("rect", {
        class: `charge-${held < 0 ? "minus" : "plus"}`,
        x: x(t),
        y: low,
        width: each,
        height: high - low,
      }),
    );
    if (each < 12 && t < past.length - 1 && t % 2) return;
    const middle = x(t) + each / 2;
    const shown = [...text].length > 9 ? `${[...text].slice(0, 8).join("")}…` : text;
    svg.append(
      shape(
        "text",
        {
          class: "axis",
          x: middle,
          y: bottom + 16,
          "text-anchor": "end",
          transform: `rotate(-52 ${middle} ${bottom + 14})`,
        },
        shown,
      ),
    );
  });
  const line = past.map((one, t) => {
    if (!one) return "";
    const from = t > 0 && past[t - 1] ? "L" : "M";
    return `${from}${x(t)} ${y(one.held)}H${x(t + 1)}`;
  });
  svg.append(
    shape("path", { class: "charge-line", d: line.join("") }),
    shape("line", { class: "zero", x1: left, x2: x(past.length), y1: y(0), y2: y(0) }),
  );
  return svg;
}
