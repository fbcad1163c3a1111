// How far gradients reach back, for this model and others, and how long they were before clipping.
import { byId, element, number, percent, plural, shape } from "../shared/elements";
import { asTable, choice, nothing } from "./tables";
import { type Point, apart, axisX, axisY, canvasOf, decades, linear, logarithmic, path, power, responsive, ticks } from "./charts";
import { type Clipping, type Curve, type Gradients, data } from "./document";

export function drawGradients() {
  const figure = byId("gradients-figure");
  const gradients = data.gradients;
  if (!gradients || !gradients.curves.length) {
    figure.append(
      nothing(
        "There is no gradient through time to follow here: the model has no recurrence, or the text is too short.",
      ),
    );
    return;
  }
  const shown: View = {
    state: gradients.curves.some((curve) => curve.norms["c"]) ? "c" : "h",
    relative: true,
    layer: gradients.curves[0]?.layer ?? 0,
  };
  const plot = element("div", { class: "plot" });
  const sentence = element("p", { class: "finding" });
  const controls = element("div", { class: "controls" });
  if (gradients.curves.some((curve) => curve.norms["c"]))
    controls.append(
      choice(
        "State",
        [
          ["h", "hidden state h"],
          ["c", "memory c"],
        ],
        shown.state,
        (state) => {
          shown.state = state;
          again();
        },
      ),
    );
  const layers = [
    ...new Set(
      gradients.curves.filter((curve) => curve.kind === "trained").map((curve) => curve.layer),
    ),
  ];
  if (layers.length > 1)
    controls.append(
      choice(
        "Layer",
        layers.map((k) => [k, String(k + 1)]),
        shown.layer,
        (k) => {
          shown.layer = Number(k);
          again();
        },
      ),
    );
  controls.append(
    choice(
      "Scale",
      [
        [true, "relative to distance 0"],
        [false, "as it is"],
      ],
      true,
      (relative) => {
        shown.relative = relative;
        again();
      },
    ),
  );
  const own = () =>
    gradients.curves.find((curve) => curve.kind === "trained" && curve.layer === shown.layer) ??
    gradients.curves[0]!;
  const draw = responsive(plot, (width) => gradientPlot(width, gradients, shown));
  const again = () => {
    draw();
    const curve = own();
    sentence.textContent =
      curve.vanishes === null
        ? `This model’s gradient stays above 1 % over all ${gradients.window} words that were measured.`
        : `This model’s gradient falls under 1 % of its beginning ${plural(curve.vanishes, "word")} back.`;
  };
  const name = (curve: Curve) => [curve.label, layers.length > 1 ? `, layer ${curve.layer + 1}` : ""];
  figure.append(
    controls,
    plot,
    sentence,
    asTable(
      "Where the gradient vanishes",
      [
        "curve",
        "cell",
        "state",
        "under 1 % at",
        "explodes at",
        "norm at 0",
        `norm at ${gradients.window - 1}`,
      ],
      () =>
        gradients.curves.flatMap((curve) =>
          Object.entries(curve.norms).map(([state, norms]) => [
            element("span", {}, name(curve)),
            curve.cell,
            state,
            curve.vanishes ?? "–",
            curve.explodes ?? "–",
            number(norms[0]),
            number(norms.at(-1)),
          ]),
        ),
    ),
  );
  again();
  if (gradients.clipping) drawClipping(figure, gradients.clipping);
}

/** What the reader chose to see of the curves. */
interface View {
  state: string;
  relative: boolean;
  layer: number;
}

function gradientPlot(width: number, gradients: Gradients, shown: View): SVGSVGElement {
  const depth = (curve: Curve) =>
    Math.max(
      ...gradients.curves
        .filter((other) => other.label === curve.label)
        .map((other) => other.layer),
    );
  // Of a model beside this one with fewer layers, its last.
  const curves = gradients.curves
    .filter((curve) => curve.layer === Math.min(shown.layer, depth(curve)))
    .map((curve) => {
      const norms = curve.norms[shown.state] ?? curve.norms["h"] ?? [];
      const state = curve.norms[shown.state] ? shown.state : "h";
      return {
        ...curve,
        state,
        values: norms.map((norm) => (shown.relative ? norm / (norms[0] || 1) : norm)),
      };
    });
  const narrow = width < 760;
  const box = { left: 52, right: width - (narrow ? 16 : 276), top: 26, bottom: 352 };
  const all = curves
    .flatMap((curve) => curve.values)
    .filter((value) => value > 0 && Number.isFinite(value));
  const most = Math.max(...all);
  const least = Math.max(Math.min(...all, shown.relative ? 0.005 : Infinity), most * 1e-6);
  const x = linear(0, gradients.window - 1, box.left, box.right);
  const y = logarithmic(least, most, box.bottom, box.top);
  const svg = canvasOf(
    width,
    400 + (narrow ? 20 * curves.length + 8 : 0),
    `Gradient norm by distance for ${curves.map((curve) => curve.label).join(", ")}`,
  );
  svg.append(
    axisY(
      box,
      y,
      decades(least, most),
      power,
      shown.relative ? "norm, relative to distance 0" : "mean norm",
    ),
    axisX(box, x, ticks(0, gradients.window - 1, narrow ? 4 : 8), String, "words back"),
  );
  if (shown.relative && least < 0.01) {
    svg.append(
      shape("line", { class: "limit", x1: box.left, x2: box.right, y1: y(0.01), y2: y(0.01) }),
      shape("text", { class: "limit-name", x: box.left + 6, y: y(0.01) - 5 }, "1 %"),
    );
  }
  const labels: { kind: string; y: number; text: string }[] = [];
  // This model last, so that it lies on top.
  for (const curve of [...curves].sort(
    (one, other) => Number(one.kind === "trained") - Number(other.kind === "trained"),
  )) {
    const kind = `curve curve-${curve.kind} cell-${curve.cell}`;
    const leaves = curve.values.findIndex((value) => !(value >= least));
    const points = curve.values
      .slice(0, leaves < 0 ? undefined : leaves)
      .map((value, d): Point => [x(d), y(value)]);
    svg.append(shape("path", { class: kind, "data-curve": curve.label, d: path(points) }));
    const under = curve.values.findIndex((value) => value < 0.01 * curve.values[0]!);
    if (under >= 0 && under < points.length)
      svg.append(
        shape("circle", {
          class: `${kind} under`,
          cx: x(under),
          cy: y(curve.values[under]!),
          r: curve.kind === "trained" ? 5 : 3.5,
        }),
      );
    const name = curve.label + (curve.state === shown.state ? "" : ` (${curve.state})`);
    labels.push({
      kind,
      y: (leaves < 0 && points.length ? points.at(-1)![1] : box.bottom) + 4,
      text: `${name}${leaves < 0 ? "" : " ↓"}${under < 0 ? "" : `: 1 % at ${under}`}`,
    });
  }
  if (narrow) {
    labels.reverse().forEach((label, k) =>
      svg.append(
        shape("line", {
          class: label.kind,
          x1: box.left,
          x2: box.left + 22,
          y1: 406 + 20 * k,
          y2: 406 + 20 * k,
        }),
        shape("text", { class: "label", x: box.left + 30, y: 410 + 20 * k }, label.text),
      ),
    );
  } else {
    for (const label of apart(labels, 17, box.top + 4, box.bottom + 4)) {
      svg.append(
        shape("line", {
          class: label.kind,
          x1: box.right + 10,
          x2: box.right + 28,
          y1: label.y - 4,
          y2: label.y - 4,
        }),
        shape(
          "text",
          {
            class:
              label.kind.includes("trained ") && !label.kind.includes("untrained")
                ? "label own"
                : "label",
            x: box.right + 35,
            y: label.y,
          },
          label.text,
        ),
      );
    }
  }
  return svg;
}

function drawClipping(figure: HTMLElement, clipping: Clipping): void {
  const plot = element("div", { class: "plot" });
  responsive(plot, (width) => {
    const box = { left: 52, right: width - 64, top: 26, bottom: 170 };
    const most = Math.max(...clipping.norms, clipping.clip ?? 0) * 1.25;
    const least = Math.max(
      Math.min(...clipping.norms.filter((norm) => norm > 0), clipping.clip ?? Infinity) / 1.25,
      most * 1e-6,
    );
    const x = linear(0, clipping.norms.length, box.left, box.right);
    const wide = most / least > 15;
    const y = wide
      ? logarithmic(least, most, box.bottom, box.top)
      : linear(0, most, box.bottom, box.top);
    const svg = canvasOf(
      width,
      214,
      `Norms of the gradient of ${plural(clipping.norms.length, "window")}${clipping.clip === null ? "" : `; the limit is ${number(clipping.clip)}`}`,
    );
    svg.append(
      axisY(box, y, wide ? decades(least, most) : ticks(0, most, 4), wide ? power : number, "norm"),
      axisX(
        box,
        x,
        ticks(0, clipping.norms.length, 6).filter(Number.isInteger),
        String,
        `windows of ${clipping.words} words, one after the other`,
      ),
    );
    if (clipping.clip !== null) {
      svg.append(
        shape("line", {
          class: "limit",
          x1: box.left,
          x2: box.right,
          y1: y(clipping.clip),
          y2: y(clipping.clip),
        }),
        shape(
          "text",
          { class: "limit-name", x: box.right + 8, y: y(clipping.clip) + 4 },
          `clip ${number(clipping.clip)}`,
        ),
      );
    }
    clipping.norms.forEach((norm, k) => {
      const over = clipping.clip !== null && norm > clipping.clip;
      if (clipping.clip !== null && over)
        svg.append(
          shape("line", {
            class: "stem",
            x1: x(k + 0.5),
            x2: x(k + 0.5),
            y1: y(norm),
            y2: y(clipping.clip),
          }),
        );
      svg.append(
        shape("circle", {
          class: over ? "point over" : "point",
          cx: x(k + 0.5),
          cy: y(norm),
          r: 3.5,
        }),
      );
    });
    return svg;
  });
  figure.append(
    element("h3", {}, "What clipping would cut"),
    element(
      "p",
      { class: "intro" },
      clipping.clip === null
        ? "The norm of the weights’ gradient for each window of the text. The limit that training used, if any, is not known."
        : `The norm of the weights’ gradient for each window of the text, before clipping. ${clipping.share ? percent(clipping.share) : "None"} of the windows lie above the limit of ${number(clipping.clip)} and would be shortened to it.`,
    ),
    plot,
    asTable("Norm by window", ["window", "norm"], () =>
      clipping.norms.map((norm, k) => [String(k), number(norm)]),
    ),
  );
}
