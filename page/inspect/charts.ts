// Scales, axes, colour maps and the two kinds of picture: lines in SVG and maps on a canvas.
import { element, number, shape, word } from "../shared/elements";
import { colourMap } from "../shared/colours";
import type { Matrix } from "./document";

export const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** 256 colours, four bytes each, for the theme that is shown. */
export function ramp(isSigned: boolean): Uint8ClampedArray {
  const colour = colourMap(isSigned);
  return Uint8ClampedArray.from(
    Array.from({ length: 256 }, (_, level) => [...colour(level / 255), 255]).flat(),
  );
}

/** How a matrix's bytes become levels of a colour map; zero is a diverging map's middle. */
function levels({ low, high, size }: Matrix): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => {
    const value = low + (level / 255) * (high - low);
    return low < 0
      ? Math.round(127.5 + 127.5 * (value / size))
      : Math.round((255 * (value - low)) / (high - low || 1));
  });
}

/** Paints words across and units down, in an order; where units are many a row is the mean of some. */
export function paintMap(
  canvas: HTMLCanvasElement,
  matrix: Matrix,
  order: readonly number[],
  mostRows = 256,
): void {
  const each = Math.ceil(order.length / mostRows);
  const rows = Math.ceil(order.length / each);
  canvas.width = matrix.rows;
  canvas.height = rows;
  const image = new ImageData(matrix.rows || 1, rows || 1);
  const table = ramp(matrix.low < 0);
  const level = levels(matrix);
  for (let row = 0; row < rows; row += 1) {
    const units = order.slice(row * each, (row + 1) * each);
    for (let t = 0; t < matrix.rows; t += 1) {
      let sum = 0;
      for (const unit of units) sum += matrix.byte(t, unit);
      const from = 4 * level[Math.round(sum / units.length)]!;
      image.data.set(table.subarray(from, from + 4), 4 * (row * matrix.rows + t));
    }
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** One word's values of all units, as a strip. */
export function paintStrip(
  canvas: HTMLCanvasElement,
  matrix: Matrix,
  t: number,
  order: readonly number[],
): void {
  canvas.width = order.length;
  canvas.height = 1;
  const image = new ImageData(order.length, 1);
  const table = ramp(matrix.low < 0);
  const level = levels(matrix);
  order.forEach((unit, k) => {
    const from = 4 * level[matrix.byte(t, unit)]!;
    image.data.set(table.subarray(from, from + 4), 4 * k);
  });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** A colour map with its numbers. */
export function legend(low: number, high: number): HTMLElement {
  const canvas = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const size = Math.max(Math.abs(low), Math.abs(high));
  const paint = () => {
    const image = new ImageData(256, 1);
    image.data.set(ramp(low < 0));
    canvas.getContext("2d")?.putImageData(image, 0, 0);
  };
  paint();
  repaint.push(paint);
  const ends = low < 0 ? [-size, 0, size] : [low, (low + high) / 2, high];
  return element(
    "span",
    { class: "legend" },
    canvas,
    element(
      "span",
      { class: "legend-numbers" },
      ends.map((end) => element("span", {}, number(end, 2))),
    ),
  );
}

/** What has to be painted again when the theme changes. */
export const repaint: (() => void)[] = [];

export type Scale = (value: number) => number;
export type Point = readonly [x: number, y: number];

/** Where a plot stands in its picture. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const linear =
  (from: number, to: number, start: number, end: number): Scale =>
  (value) =>
    start + ((value - from) / (to - from || 1)) * (end - start);

export function logarithmic(from: number, to: number, start: number, end: number): Scale {
  const scale = linear(Math.log10(from), Math.log10(to), start, end);
  return (value) => (value > 0 ? scale(Math.log10(value)) : NaN);
}

/** Round numbers of a range, some `count` of them. */
export function ticks(from: number, to: number, count = 5): number[] {
  const raw = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const round: number[] = [];
  for (let value = Math.ceil(from / step) * step; value <= to + step / 1e6; value += step)
    round.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return round;
}

/** Powers of ten of a range, thinned to some `count` of them; of a short range also their 2 and 5. */
export function decades(from: number, to: number, count = 6): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / count));
  const powers = Array.from(
    { length: Math.max(0, Math.floor((last - first) / step) + 1) },
    (_, k) => 10 ** (first + k * step),
  );
  if (last - first > 1) return powers;
  return [first - 1, ...powers.map((value) => Math.round(Math.log10(value)))]
    .flatMap((k) => [1, 2, 5].map((factor) => factor * 10 ** k))
    .filter((value) => value >= from && value <= to);
}

export const power = (value: number): string => {
  const exponent = Math.round(Math.log10(value));
  if (exponent >= -2 && exponent <= 3) return String(Number(value.toPrecision(1)));
  return `10${[...String(exponent)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? "⁻").join("")}`;
};

export function path(points: readonly Point[]): string {
  let pen = "M";
  let text = "";
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = "M";
      continue;
    }
    text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return text;
}

/** Texts beside the ends of lines, moved apart where they would cover each other. */
export function apart<L extends { y: number }>(
  labels: readonly L[],
  least: number,
  top: number,
  bottom: number,
): L[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  for (let k = 1; k < sorted.length; k += 1)
    sorted[k]!.y = Math.max(sorted[k]!.y, sorted[k - 1]!.y + least);
  let limit = bottom;
  for (let k = sorted.length - 1; k >= 0; k -= 1) {
    sorted[k]!.y = Math.max(top, Math.min(sorted[k]!.y, limit));
    limit = sorted[k]!.y - least;
  }
  return sorted;
}

/** Draws a figure at its container's width, and again when that changes. `draw(width)` gives an SVG. */
export function responsive(
  container: HTMLElement,
  draw: (width: number) => Node | string,
): () => void {
  let width = 0;
  const again = () => {
    const now = Math.round(container.clientWidth);
    if (now < 40) return;
    width = now;
    container.replaceChildren(draw(width));
  };
  new ResizeObserver(() => {
    if (Math.round(container.clientWidth) !== width) again();
  }).observe(container);
  again();
  return again;
}

export const canvasOf = (width: number, height: number, label: string): SVGSVGElement =>
  shape("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
  });

export function axisX(
  box: Box,
  scale: Scale,
  values: readonly number[],
  text: (value: number) => string = number,
  title = "",
): SVGGElement {
  return shape(
    "g",
    { class: "axis" },
    values.map((value) =>
      shape(
        "g",
        {},
        shape("line", { x1: scale(value), x2: scale(value), y1: box.bottom, y2: box.bottom + 4 }),
        shape(
          "text",
          { x: scale(value), y: box.bottom + 17, "text-anchor": "middle" },
          text(value),
        ),
      ),
    ),
    title &&
      shape(
        "text",
        { class: "axis-title", x: box.right, y: box.bottom + 34, "text-anchor": "end" },
        title,
      ),
  );
}

export function axisY(
  box: Box,
  scale: Scale,
  values: readonly number[],
  text: (value: number) => string = number,
  title = "",
  above = 9,
): SVGGElement {
  return shape(
    "g",
    { class: "axis" },
    values.map((value) =>
      shape(
        "g",
        {},
        shape("line", {
          class: "rule",
          x1: box.left,
          x2: box.right,
          y1: scale(value),
          y2: scale(value),
        }),
        shape("text", { x: box.left - 7, y: scale(value) + 4, "text-anchor": "end" }, text(value)),
      ),
    ),
    title &&
      shape(
        "text",
        { class: "axis-title", x: box.left - 7, y: box.top - above, "text-anchor": "start" },
        title,
      ),
  );
}

const scrolledTogether = new Set<HTMLElement>();

/** Figures of the same words stay at the same words when one of them is scrolled. */
export function scrollTogether(scroller: HTMLElement): void {
  scrolledTogether.add(scroller);
  scroller.addEventListener("scroll", () => {
    for (const other of scrolledTogether) {
      if (!other.isConnected) scrolledTogether.delete(other);
      else if (other !== scroller && Math.abs(other.scrollLeft - scroller.scrollLeft) > 1)
        other.scrollLeft = scroller.scrollLeft;
    }
  });
}

/** Words under a figure whose columns are words: all where they fit, otherwise the position only. */
export function wordAxis(words: readonly string[], width: number): HTMLElement {
  const room = width / words.length;
  const axis = element("div", {
    class: room >= 12.5 ? "word-axis" : "word-axis sparse",
    "aria-hidden": "true",
  });
  if (room >= 12.5) {
    const longest = Math.min(12, Math.max(...words.map((text) => text.length)));
    axis.style.setProperty("--reach", `${1.1 + 0.33 * longest}rem`);
    axis.append(...words.map((text) => element("span", {}, word(text))));
  } else {
    const step = ticks(0, words.length - 1, Math.max(2, Math.floor(width / 90)));
    axis.append(
      ...step
        .filter(Number.isInteger)
        .map((t) => element("span", { "--at": `${(100 * (t + 0.5)) / words.length}%` }, String(t))),
    );
  }
  return axis;
}
