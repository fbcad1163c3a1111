// The network unrolled over the words: a column a word, h and c flowing from one to the next.
import { bits, byId, element, fixed, percent, shape, word } from "../shared/elements";
import { asTable } from "./tables";
import { reduced, repaint } from "./charts";
import { type Layer, wordAt, T, choose, chosen, data, gateClass, listen, nameOf } from "./document";
import { warmth } from "./header";
import { drawLens } from "./lens";

const COLUMN = 104;
const CELL = 84;

function meanKeep(layer: Layer, t: number): number | null {
  return layer.keep ? layer.keep.values.mean(t) : null;
}

/** The boxes of one word's column, one a layer, with h and c coming in and going out. */
function cells(t: number): SVGSVGElement {
  const layers = data.layers.filter((layer) => layer.memory !== null);
  const height = Math.max(1, layers.length) * CELL;
  const middle = COLUMN / 2;
  const picture = shape("svg", {
    class: "cells",
    viewBox: `0 0 ${COLUMN} ${height}`,
    width: COLUMN,
    height,
    "aria-hidden": "true",
  });
  const up = (from: number, to: number) =>
    shape("path", { class: "up", d: `M${middle} ${from}V${to}m-3 4.5 3-4.5 3 4.5` });
  if (!layers.length) {
    picture.append(
      up(height - 1, height - 15),
      up(14, 1),
      shape("rect", { class: "box", x: 22, y: 15, width: COLUMN - 44, height: CELL - 30, rx: 9 }),
      shape(
        "text",
        { class: "box-name", x: middle, y: CELL / 2 + 4, "text-anchor": "middle" },
        "MLP",
      ),
    );
    return picture;
  }
  layers.forEach((layer, k) => {
    const top = height - (k + 1) * CELL;
    const flow = (y: number, kind: string, from: number, to: number, kept: number | null) =>
      shape("line", {
        class: `flow flow-${kind}`,
        x1: from,
        x2: to,
        y1: top + y,
        y2: top + y,
        "stroke-width": kept === null ? 1.5 : 1 + 8 * kept * kept,
      });
    const here = meanKeep(layer, t);
    const next = t + 1 < T ? meanKeep(layer, t + 1) : null;
    const hasC = layer.memory === "c";
    if (t > 0)
      picture.append(
        flow(hasC ? 29 : 42, hasC ? "c" : "h", 0, 22, here),
        hasC ? flow(58, "h", 0, 22, null) : "",
      );
    if (t + 1 < T)
      picture.append(
        flow(hasC ? 29 : 42, hasC ? "c" : "h", COLUMN - 22, COLUMN, next),
        hasC ? flow(58, "h", COLUMN - 22, COLUMN, null) : "",
      );
    picture.append(
      up(top + CELL - 1, top + CELL - 14),
      up(top + 13, top + 1),
      shape("rect", {
        class: "box",
        x: 22,
        y: top + 14,
        width: COLUMN - 44,
        height: CELL - 28,
        rx: 9,
      }),
    );
    const gates = layer.gates.filter((gate) => gate.low >= 0);
    gates.forEach((gate, g) => {
      const x = middle + (g - (gates.length - 1) / 2) * 16;
      const size = 32 * gate.values.mean(t);
      picture.append(
        shape("rect", { class: "bar-back", x: x - 4.5, y: top + 20, width: 9, height: 32, rx: 2 }),
        shape("rect", {
          class: `bar-front ${gateClass(gate.role)}`,
          x: x - 4.5,
          y: top + 52 - size,
          width: 9,
          height: size,
          rx: 2,
        }),
        shape("text", { class: "bar-name", x, y: top + 64, "text-anchor": "middle" }, gate.name),
      );
    });
    if (!gates.length)
      picture.append(
        shape(
          "text",
          { class: "box-name", x: middle, y: top + CELL / 2 + 4, "text-anchor": "middle" },
          "tanh",
        ),
      );
  });
  return picture;
}

function description(t: number): string {
  const expected = (data.top[t] ?? [])
    .slice(0, 3)
    .map(([text, p]) => `${text} ${percent(p)}`)
    .join(", ");
  const came =
    t + 1 < T ? `; ${wordAt(t + 1)} came, ${percent(data.came[t])}, rank ${data.rank[t]}` : "";
  return `${nameOf(t)}. Expected next: ${expected}${came}`;
}

export function column(t: number): HTMLElement {
  const next = t + 1 < T ? wordAt(t + 1) : null;
  return element(
    "div",
    {
      class: "column",
      role: "option",
      id: `word-${t}`,
      "data-word": t,
      "aria-selected": "false",
      "aria-label": description(t),
    },
    element(
      "div",
      { class: "came", "--warmth": warmth(data.came[t]) },
      next === null
        ? element("span", { class: "came-none" }, "the text ends")
        : [word(next), element("span", { class: "chance" }, percent(data.came[t]))],
    ),
    element(
      "div",
      { class: "guesses" },
      (data.top[t] ?? [])
        .slice(0, 3)
        .map(([text, p]) =>
          element(
            "div",
            { class: text === next ? "guess right" : "guess" },
            word(text),
            element("span", { class: "guess-bar", "--share": p }),
            element("span", { class: "chance" }, percent(p)),
          ),
        ),
    ),
    cells(t),
    element("div", { class: "read" }, word(wordAt(t))),
    element("div", { class: "count" }, String(t)),
  );
}

export function drawUnrolled() {
  const strip = element("div", {
    class: "strip",
    role: "listbox",
    tabindex: "0",
    "aria-label": "The words, one after the other; arrow keys walk",
    "aria-orientation": "horizontal",
  });
  const columns = data.words.map((_, t) => column(t));
  strip.append(...columns);
  const lens = element("div", { class: "lens", id: "lens" });
  byId("unrolled-figure").append(
    element(
      "div",
      { class: "strip-key", "aria-hidden": "true" },
      element("span", {}, "what came: not surprising"),
      element("span", { class: "scale-warm" }),
      element("span", {}, "12 bits of surprise and more"),
    ),
    strip,
    lens,
    asTable(
      "What was read, expected and came",
      ["word", "read", "expected", "came", "P", "rank", "surprise, bits", "entropy, bits"],
      () =>
        data.words.map((text, t) => [
          String(t),
          word(text),
          (data.top[t] ?? [])
            .slice(0, 3)
            .map(([w, p]) => `${w} ${percent(p)}`)
            .join(", "),
          t + 1 < T ? word(wordAt(t + 1)) : "–",
          percent(data.came[t]),
          data.rank[t] ?? "–",
          fixed(bits(data.came[t]), 1),
          fixed(data.entropy[t], 1),
        ]),
    ),
  );

  const columnAt = (event: Event) => (event.target as Element).closest<HTMLElement>(".column");
  strip.addEventListener("pointerover", (event) => {
    const at = columnAt(event);
    if (at && event.pointerType !== "touch") choose({ hover: Number(at.dataset["word"]) });
  });
  strip.addEventListener("pointerleave", () => choose({ hover: null }));
  strip.addEventListener("click", (event) => {
    const at = columnAt(event);
    if (at) choose({ word: Number(at.dataset["word"]), hover: null });
  });
  strip.addEventListener("keydown", (event) => {
    const to = {
      ArrowLeft: chosen.word - 1,
      ArrowRight: chosen.word + 1,
      PageUp: chosen.word - 10,
      PageDown: chosen.word + 10,
      Home: 0,
      End: T - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose({ word: Math.min(T - 1, Math.max(0, to)), hover: null });
  });

  let marked: HTMLElement | undefined;
  let hovered: HTMLElement | undefined;
  const mark = (changed: readonly string[]) => {
    const now = columns[chosen.word];
    if (!now) return;
    if (marked !== now) {
      marked?.classList.remove("is-chosen");
      marked?.setAttribute("aria-selected", "false");
      now.classList.add("is-chosen");
      now.setAttribute("aria-selected", "true");
      strip.setAttribute("aria-activedescendant", now.id);
      marked = now;
    }
    hovered?.classList.remove("is-hovered");
    hovered = chosen.hover === null ? undefined : columns[chosen.hover];
    hovered?.classList.add("is-hovered");
    if (changed.includes("word")) {
      const left = now.offsetLeft - strip.offsetLeft;
      if (left < strip.scrollLeft || left + now.offsetWidth > strip.scrollLeft + strip.clientWidth)
        strip.scrollTo({
          left: left - strip.clientWidth / 2 + now.offsetWidth / 2,
          behavior: changed.includes("hover") || reduced.matches ? "auto" : "smooth",
        });
    }
  };
  listen(["word", "hover"], mark);
  listen(["word", "hover", "layer", "order", "position"], () => drawLens(lens));
  mark(["word", "hover"]);
  drawLens(lens);
  repaint.push(() => drawLens(lens));
}
