// The text read twice with one thing changed: where predictions part, and which units carry it on.
import { byId, element, fixed, number, percent, plural, shape, word } from "../shared/elements";
import { asTable, choice, nothing } from "./tables";
import { axisX, axisY, canvasOf, legend, linear, paintMap, path, repaint, responsive, ticks, wordAxis } from "./charts";
import { type ChangedUnit, type Contrast, type ContrastLayer, wordAt, Matrix, T, choose, chosen, data, listen, nameOf, shownWord } from "./document";
import { read } from "./lens";

export function drawContrasts() {
  const figure = byId("contrasts-figure");
  if (!data.contrasts.length) {
    figure.append(nothing("No change was tried on this text."));
    return;
  }
  const body = element("div");
  let near = T > 2 * AROUND;
  const controls = element(
    "div",
    { class: "controls" },
    choice(
      "Change",
      data.contrasts.map((one, k) => [k, one.label]),
      0,
      (k) => choose({ contrast: Number(k) }),
    ),
  );
  if (near)
    controls.append(
      choice(
        "Words",
        [
          [true, "around the change"],
          [false, "all"],
        ],
        near,
        (value) => {
          near = value;
          show();
        },
      ),
    );
  figure.append(controls, body);
  const show = () => {
    const whole = data.contrasts[chosen.contrast]!;
    body.replaceChildren(runs(whole), ...contrastFigures(near ? partOf(whole) : whole));
  };
  listen(["contrast"], show);
  show();
}

/** Words that are shown of a long text, from a few before the change on. */
const AROUND = 60;

/** The same contrast with the words around the change alone. */
function partOf(one: Contrast): Contrast {
  const at = one.pairs.findIndex(([a]) => a >= one.at);
  const from = Math.max(0, Math.min(at < 0 ? Infinity : at - 8, one.pairs.length - AROUND));
  const cut = <V>(list: readonly V[]) => list.slice(from, from + AROUND);
  const layers = one.layers.map((layer) => {
    const { bytes, columns, low, high } = layer.values;
    const values = new Matrix(
      bytes.subarray(from * columns, (from + AROUND) * columns),
      columns,
      low,
      high,
    );
    return {
      ...layer,
      values,
      changed: layer.changed.map((unit) => ({
        ...unit,
        first: cut(unit.first),
        other: cut(unit.other),
      })),
    };
  });
  return {
    ...one,
    pairs: cut(one.pairs),
    divergence: cut(one.divergence),
    came: cut(one.came),
    came_other: cut(one.came_other),
    layers,
  };
}

function contrastFigures(one: Contrast): Node[] {
  const words = one.pairs.map(([a]) => wordAt(a));
  const pairOf = new Map(one.pairs.map(([a], k) => [a, k]));
  const most = one.divergence.reduce(
    (best, value, k) => (value > one.divergence[best]! ? k : best),
    0,
  );
  const after = one.divergence
    .map((value, k) => [value, k] as const)
    .filter(([, k]) => one.pairs[k]![0] >= one.at);
  const lasting = after.filter(([value]) => value > 0.1).length;
  const finding = element(
    "p",
    { class: "finding" },
    lasting
      ? `The predictions differ by more than 0.1 bits after ${plural(lasting, "word")}`
      : "No prediction differs by more than 0.1 bits",
    one.divergence[most]! > 0
      ? [
          "; most after ",
          nameOf(one.pairs[most]![0]),
          `: by ${number(one.divergence[most], 2)} bits.`,
        ]
      : ".",
  );
  const plot = element("div", { class: "plot" });
  responsive(plot, (width) => divergencePlot(width, one, words));
  const parts: (Node | Node[])[] = [finding, element("h3", {}, "How far the predictions part"), plot];
  for (const layer of one.layers) {
    const canvas = element("canvas", {
      class: "map",
      role: "img",
      "aria-label": `Difference of ${layer.state} between the two runs, ${plural(words.length, "word")} across and ${plural(layer.units.length, "unit")} down`,
    });
    const values = layer.values;
    // The most different units first, so that the eye finds them.
    const sizes = layer.units.map((_, k) =>
      values.column(k).reduce((sum, value) => sum + Math.abs(value), 0),
    );
    const order = layer.units.map((_, k) => k).sort((a, b) => sizes[b]! - sizes[a]!);
    const paint = () => paintMap(canvas, values, order);
    paint();
    repaint.push(() => {
      if (canvas.isConnected) paint();
    });
    canvas.style.height = `${Math.min(Math.max(layer.units.length, 100), 200)}px`;
    canvas.addEventListener("pointermove", (event) => {
      const k = Math.min(
        words.length - 1,
        Math.max(0, Math.floor((event.offsetX / canvas.clientWidth) * words.length)),
      );
      const row = Math.min(
        order.length - 1,
        Math.max(0, Math.floor((event.offsetY / canvas.clientHeight) * order.length)),
      );
      read(
        `unit ${layer.units[order[row]!]} · ${nameOf(one.pairs[k]![0])} · ${fixed(values.at(k, order[row]!))}`,
        event,
      );
      choose({ hover: one.pairs[k]![0] });
    });
    canvas.addEventListener("pointerleave", () => {
      read(null);
      choose({ hover: null });
    });
    const cross = element("div", { class: "cross-word", "aria-hidden": "true" });
    const mark = () => {
      const k = pairOf.get(shownWord());
      cross.hidden = k === undefined;
      if (k !== undefined) {
        cross.style.left = `${(100 * k) / words.length}%`;
        cross.style.width = `${100 / words.length}%`;
      }
    };
    contrastMark = mark;
    mark();
    const field = element("div", { class: "map-frame" }, canvas, cross);
    const axis = element("div");
    responsive(axis, (width) => wordAxis(words, width));
    const curves = element(
      "div",
      { class: "small-curves" },
      layer.changed.map((unit) => changedPlot(layer, unit, words)),
    );
    parts.push(
      element(
        "figure",
        { class: "map-figure" },
        element(
          "figcaption",
          {},
          element(
            "span",
            { class: "map-title" },
            `Difference of ${layer.state} by unit`,
            data.model.layers > 1 ? `, layer ${layer.layer + 1}` : "",
          ),
          element(
            "span",
            { class: "map-says" },
            "second run minus first; most different units on top",
          ),
          legend(-layer.values.size, layer.values.size),
        ),
        field,
        axis,
      ),
      layer.changed.length
        ? [
            element("h3", {}, "The units that changed most"),
            element(
              "p",
              { class: "note" },
              `Their ${layer.state}: grey in the first run, dashed in the second.`,
            ),
            curves,
          ]
        : [],
    );
  }
  parts.push(
    asTable(
      "Two runs, word by word",
      ["number", "word", "divergence, bits", "P of what came, first", "second"],
      () =>
        one.pairs.map(([a], k) => [
          String(a),
          word(wordAt(a)),
          fixed(one.divergence[k], 3),
          percent(one.came[k]),
          percent(one.came_other[k]),
        ]),
    ),
  );
  return parts.flat();
}

/** Marks the shown word in the contrast that is on the page. */
let contrastMark = () => {};
listen(["word", "hover"], () => contrastMark());

/** Both texts, one under the other, the changed place marked. */
function runs(one: Contrast): HTMLElement {
  const first = new Set(one.pairs.map(([a]) => a));
  const second = new Map(one.pairs.map(([a, b]) => [b, a]));
  const around = 14;
  const from = Math.max(0, one.at - around);
  const line = (
    words: readonly string[],
    changed: (t: number, text: string) => boolean,
    name: string,
  ) => {
    const to = Math.min(words.length, one.at + around + 1);
    return element(
      "p",
      { class: "run" },
      element("span", { class: "run-name" }, name),
      from > 0 ? "… " : "",
      words.slice(from, to).map((text, k) => [
        word(text, {
          class: changed(from + k, text)
            ? "word changed"
            : text.startsWith("<")
              ? "word sign"
              : "word",
        }),
        " ",
      ]),
      to < words.length ? "…" : "",
    );
  };
  const isReset = one.kind === "reset";
  return element(
    "div",
    { class: "runs" },
    line(data.words, (t) => !first.has(t) || (one.kind !== "dropped" && t === one.at), "first run"),
    line(
      one.words,
      (t, text) => (isReset ? t === one.at : text !== data.words[second.get(t) ?? -1]),
      isReset ? "second run, its state emptied at the marked word" : "second run",
    ),
  );
}

function divergencePlot(width: number, one: Contrast, words: readonly string[]): SVGSVGElement {
  const box = { left: 52, right: width - 10, top: 24, bottom: 134 };
  const lower = { left: 52, right: width - 10, top: 172, bottom: 252 };
  const n = words.length;
  const x = linear(0, n, box.left, box.right);
  const each = (box.right - box.left) / n;
  const most = Math.max(...one.divergence, 0.1);
  const y = linear(0, most, box.bottom, box.top);
  const p = linear(0, 1, lower.bottom, lower.top);
  const svg = canvasOf(
    width,
    lower.bottom + (each >= 12.5 ? 64 : 42),
    `Divergence of the predictions by word, ${fixed(most)} bits at most; beneath, the probability of what came in both runs`,
  );
  svg.append(
    axisY(box, y, ticks(0, most, 3), (value) => number(value, 2), "divergence (KL), bits"),
    axisY(lower, p, [0, 0.5, 1], percentTick, "P of what came: first ○, second ●"),
  );
  one.pairs.forEach(([a], k) => {
    const [divergence, came, other, text] = [
      one.divergence[k]!,
      one.came[k] ?? null,
      one.came_other[k] ?? null,
      words[k]!,
    ];
    const middle = x(k + 0.5);
    const group = shape(
      "g",
      { class: a === one.at ? "pair-at" : "", onclick: () => choose({ word: a, hover: null }) },
      shape(
        "title",
        {},
        `${nameOf(a)}: ${fixed(divergence, 3)} bits; what came: ${percent(came)} and ${percent(other)}`,
      ),
      shape("rect", {
        class: "hit",
        x: x(k),
        y: box.top,
        width: each,
        height: lower.bottom - box.top,
      }),
      shape("rect", {
        class: "divergence",
        x: x(k) + each * 0.15,
        y: y(divergence),
        width: Math.max(0.8, each * 0.7),
        height: Math.max(0, box.bottom - y(divergence)),
      }),
    );
    if (came !== null && other !== null) {
      group.append(
        shape("line", {
          class: "stem",
          x1: middle,
          x2: middle,
          y1: p(came),
          y2: p(other),
        }),
        shape("circle", {
          class: "came-first",
          cx: middle,
          cy: p(came),
          r: Math.min(3.5, Math.max(1.2, each / 4)),
        }),
        shape("circle", {
          class: "came-second",
          cx: middle,
          cy: p(other),
          r: Math.min(3.5, Math.max(1.2, each / 4)),
        }),
      );
    }
    if (each >= 12.5)
      group.append(
        shape(
          "text",
          {
            class: text.startsWith("<") ? "axis-word sign" : "axis-word",
            transform: `translate(${middle + 4} ${lower.bottom + 12}) rotate(-55)`,
            "text-anchor": "end",
          },
          text.length > 12 ? `${text.slice(0, 11)}…` : text,
        ),
      );
    svg.append(group);
  });
  if (each < 12.5) {
    const places = new Map(one.pairs.map(([a], k) => [a, k]));
    const round = ticks(
      one.pairs[0]![0],
      one.pairs[n - 1]![0],
      Math.max(2, Math.floor(width / 110)),
    ).filter((a) => places.has(a));
    svg.append(axisX(lower, (a) => x((places.get(a) ?? 0) + 0.5), round, String, "word"));
  }
  return svg;
}

const percentTick = (value: number) => `${100 * value} %`;

function changedPlot(
  layer: ContrastLayer,
  unit: ChangedUnit,
  words: readonly string[],
): HTMLElement {
  const width = 320;
  const box = { left: 36, right: width - 6, top: 26, bottom: 112 };
  const all = [...unit.first, ...unit.other];
  const x = linear(0, Math.max(1, words.length - 1), box.left, box.right);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const y = linear(low, high, box.bottom, box.top);
  const svg = canvasOf(width, 122, `Unit ${unit.unit} in both runs`);
  svg.setAttribute("width", "100%");
  svg.removeAttribute("height");
  svg.append(
    axisY(box, y, ticks(low, high, 2), (value) => number(value, 2)),
    shape("text", { class: "small-title", x: box.left, y: 15 }, `unit ${unit.unit}`),
    shape("path", {
      class: "curve curve-first",
      d: path(unit.first.map((value, k) => [x(k), y(value)])),
    }),
    shape("path", {
      class: "curve curve-second",
      d: path(unit.other.map((value, k) => [x(k), y(value)])),
    }),
  );
  const position =
    data.layers.find((one) => one.layer === layer.layer)?.units.indexOf(unit.unit) ?? -1;
  return position < 0
    ? element("div", {}, svg)
    : element(
        "button",
        {
          type: "button",
          class: "small-curve",
          title: "Show this unit as a capacitor",
          onclick: () =>
            choose({ layer: data.layers.findIndex((one) => one.layer === layer.layer), position }),
        },
        svg,
      );
}
