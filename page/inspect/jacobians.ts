// The singular values of each step's Jacobian: all of them by step, and one step's in full.
import { byId, element, number, plural, shape, word } from "../shared/elements";
import { asTable, choice, nothing } from "./tables";
import { axisX, axisY, canvasOf, decades, linear, logarithmic, path, power, responsive, ticks } from "./charts";
import { type Spectra, choose, chosen, data, listen, nameOf } from "./document";

export function drawJacobians() {
  const figure = byId("jacobians-figure");
  const found = data.jacobians.filter((one) => one.steps.length);
  if (!found.length) {
    figure.append(
      nothing(
        "There is no step from state to state to look at: the model has no recurrence, or the text is too short.",
      ),
    );
    return;
  }
  const shown = { k: 0 };
  const spectrum = element("div", { class: "plot" });
  const single = element("div", { class: "plot" });
  const finding = element("p", { class: "finding" });
  if (found.length > 1)
    figure.append(
      element(
        "div",
        { class: "controls" },
        choice(
          "Layer",
          found.map((one, k) => [k, `${one.layer + 1}`]),
          0,
          (k) => {
            shown.k = Number(k);
            again();
          },
        ),
      ),
    );
  const nearest = () => {
    const steps = found[shown.k]!.steps;
    return steps.reduce(
      (best, step, k) =>
        Math.abs(step.at - chosen.word) < Math.abs(steps[best]!.at - chosen.word) ? k : best,
      0,
    );
  };
  const redraws = [
    responsive(spectrum, (width) => spectrumPlot(width, found[shown.k]!, nearest())),
    responsive(single, (width) => singlePlot(width, found[shown.k]!, nearest())),
  ];
  const again = () => {
    for (const redraw of redraws) redraw();
    const step = found[shown.k]!.steps[nearest()]!;
    const values = step.singular_values;
    const above = values.filter((value) => value > 1).length;
    finding.replaceChildren(
      `At word ${step.at}, `,
      word(step.word),
      `, ${above} of ${values.length} directions of ${found[shown.k]!.state} grow; the largest singular value is ${number(values[0])}, the middle one ${number(values[Math.floor(values.length / 2)])}.`,
    );
  };
  listen(["word"], again);
  figure.append(
    element(
      "div",
      { class: "pair" },
      element("div", {}, element("h3", {}, "All steps"), spectrum),
      element("div", {}, element("h3", {}, "One step, largest first"), single),
    ),
    finding,
    asTable(
      "Singular values by step",
      ["number", "word", "largest", "median", "smallest", "above 1"],
      () =>
        found.flatMap((one) =>
          one.steps.map((step) => {
            const values = step.singular_values;
            return [
              String(step.at),
              word(step.word),
              number(values[0]),
              number(values[Math.floor(values.length / 2)]),
              number(values.at(-1)),
              values.filter((value) => value > 1).length,
            ];
          }),
        ),
    ),
  );
  again();
}

/** Marks of two pixels, the denser the stronger: [top, share of the densest]. */
function density(heights: readonly number[]): [top: number, share: number][] {
  const found = new Map<number, number>();
  for (const height of heights) {
    const top = 2 * Math.round(height / 2);
    found.set(top, (found.get(top) ?? 0) + 1);
  }
  const most = Math.max(4, ...found.values());
  return [...found].map(([top, count]) => [top, count / most]);
}

function singularRange(one: Spectra): [least: number, most: number] {
  const all = one.steps.flatMap((step) => step.singular_values).filter((value) => value > 0);
  const most =
    Math.max(
      1.2,
      all.reduce((a, b) => Math.max(a, b), 0),
    ) * 1.1;
  return [
    Math.max(
      all.reduce((a, b) => Math.min(a, b), Infinity),
      most / 1e4,
    ),
    most,
  ];
}

function spectrumPlot(width: number, one: Spectra, selected: number): SVGSVGElement {
  const [least, most] = singularRange(one);
  const box = { left: 46, right: width - 8, top: 26, bottom: 290 };
  const y = logarithmic(least, most, box.bottom, box.top);
  const each = (box.right - box.left) / one.steps.length;
  const svg = canvasOf(
    width,
    346,
    `Singular values of ${plural(one.steps.length, "step")}, each a column of marks`,
  );
  svg.append(axisY(box, y, decades(least, most), power, "singular value"));
  one.steps.forEach((step, k) => {
    const left = box.left + k * each;
    const group = shape(
      "g",
      {
        class: k === selected ? "spectrum is-chosen" : "spectrum",
        onclick: () => choose({ word: step.at, hover: null }),
      },
      shape("title", {}, `${nameOf(step.at)}: ${number(step.singular_values[0])} at most`),
      shape("rect", {
        class: "spectrum-back",
        x: left + 0.5,
        y: box.top,
        width: Math.max(1, each - 1),
        height: box.bottom - box.top,
      }),
      shape(
        "g",
        { class: "marks" },
        density(step.singular_values.filter((value) => value >= least).map(y)).map(([top, share]) =>
          shape("rect", {
            x: (left + each * 0.16).toFixed(1),
            y: top,
            width: (each * 0.68).toFixed(1),
            height: 1.6,
            opacity: (0.2 + 0.7 * share).toFixed(2),
          }),
        ),
      ),
    );
    if (each >= 13 || k % Math.ceil(13 / each) === 0)
      group.append(
        shape(
          "text",
          {
            class: step.word.startsWith("<") ? "axis-word sign" : "axis-word",
            transform: `translate(${left + each / 2 + 4} ${box.bottom + 10}) rotate(-55)`,
            "text-anchor": "end",
          },
          step.word.length > 11 ? `${step.word.slice(0, 10)}…` : step.word,
        ),
      );
    svg.append(group);
  });
  svg.append(shape("line", { class: "limit", x1: box.left, x2: box.right, y1: y(1), y2: y(1) }));
  return svg;
}

function singlePlot(width: number, one: Spectra, selected: number): SVGSVGElement {
  const [least, most] = singularRange(one);
  const values = one.steps[selected]!.singular_values;
  const box = { left: 46, right: width - 12, top: 26, bottom: 290 };
  const y = logarithmic(least, most, box.bottom, box.top);
  const x = linear(1, Math.max(2, values.length), box.left, box.right);
  const svg = canvasOf(
    width,
    346,
    `Singular values at ${nameOf(one.steps[selected]!.at)}, from ${number(values[0])} down to ${number(values.at(-1))}`,
  );
  svg.append(
    axisY(box, y, decades(least, most), power, "singular value"),
    axisX(
      box,
      x,
      ticks(0, values.length, 4).filter((value) => value >= 1),
      String,
      "direction",
    ),
  );
  one.steps.forEach((step, k) => {
    if (k !== selected)
      svg.append(
        shape("path", {
          class: "curve curve-faint",
          d: path(
            step.singular_values.map((value, n) => [x(n + 1), value < least ? NaN : y(value)]),
          ),
        }),
      );
  });
  svg.append(
    shape("path", {
      class: "curve curve-trained",
      d: path(values.map((value, n) => [x(n + 1), value < least ? NaN : y(value)])),
    }),
    shape("line", { class: "limit", x1: box.left, x2: box.right, y1: y(1), y2: y(1) }),
    shape(
      "text",
      { class: "limit-name", x: box.right, y: y(1) - 6, "text-anchor": "end" },
      "1: carried on unchanged",
    ),
  );
  return svg;
}
