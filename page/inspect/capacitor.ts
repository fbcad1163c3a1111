// One unit over time: its memory as a charge, and the gates beneath that act on it.
import { byId, element, fixed, number, percent, plural, shape, word } from "../shared/elements";
import { asTable, nothing } from "./tables";
import { type Point, axisX, axisY, canvasOf, linear, path, responsive, scrollTogether, ticks } from "./charts";
import { drawCircuit } from "./circuit";
import { type Layer, type Part, type Row, wordAt, T, charging, choose, chosen, data, gateClass, listen, shownLayer, shownWord } from "./document";
import { rankingTable } from "./ranking";

export function drawCapacitor() {
  const figure = byId("capacitor-figure");
  if (!data.layers.some((layer) => layer.held)) {
    figure.append(
      nothing(
        "This model holds nothing from one word to the next, so that there is no unit to charge.",
      ),
    );
    return;
  }
  const title = element("h3", { class: "unit-title", id: "unit-title", "aria-live": "polite" });
  const circuit = element("div", { class: "circuit" });
  const plot = element("div", { class: "plot", "data-plot": "unit" });
  const scroller = element("div", { class: "map-scroll" }, plot);
  scrollTogether(scroller);
  const numbers = element("div");
  const table = element("div", { class: "ranking" });
  figure.append(
    title,
    element(
      "div",
      { class: "capacitor" },
      circuit,
      element("div", { class: "capacitor-plot" }, scroller, numbers),
    ),
    table,
  );

  let geometry: ReturnType<typeof unitPlot> | null = null;
  const mark = () => {
    const layer = shownLayer();
    if (!layer?.held) return;
    geometry?.mark(shownWord());
    drawCircuit(circuit, layer, layer.held, shownWord(), chosen.position);
  };
  const again = responsive(
    (scroller.parentElement ?? figure).appendChild(element("div", { class: "measure", "aria-hidden": "true" })),
    (width) => {
      const layer = shownLayer();
      if (!layer?.held) return "";
      geometry = unitPlot(plot, chosen.wide ? Math.max(width, 30 * T + 60) : width, layer, layer.held);
      mark();
      return "";
    },
  );
  const retitle = () => {
    const layer = shownLayer();
    if (!layer?.held) return;
    const rank = layer.ranking.find((row) => row.position === chosen.position);
    const place = rank ? layer.ranking.indexOf(rank) : -1;
    title.replaceChildren(
      `Unit ${layer.units[chosen.position]}`,
      data.layers.length > 1 ? ` of layer ${layer.layer + 1}` : "",
      rank
        ? element(
            "span",
            { class: "unit-note" },
            holding(rank),
            place === 0
              ? ", the longest of all that are shown"
              : place > 0
                ? `, number ${place + 1} of ${layer.ranking.length}`
                : "",
          )
        : "",
    );
    numbers.replaceChildren(
      asTable(
        `Unit ${layer.units[chosen.position]}, word by word`,
        ["number", "word", ...layer.parts.map((part) => part.label)],
        () =>
          data.words.map((text, t) => [
            String(t),
            word(text),
            ...layer.parts.map((part) => fixed(part.values.at(t, chosen.position))),
          ]),
      ),
    );
  };
  listen(["position", "layer", "wide"], () => {
    again();
    retitle();
  });
  listen(["word", "hover"], mark);
  listen(["word"], () => geometry?.follow(scroller));
  retitle();
  rankingTable(table);
}

const holding = (row: Row) => {
  if (row.longest_hold !== null)
    return `keeps a charge for up to ${row.longest_hold} words, and ${percent(row.keep)} a word on average`;
  return row.time_constant === null
    ? `spans ${fixed(row.range)}`
    : `holds for ${number(row.time_constant)} words`;
};

/** The rows under the memory's curve: what is shown of each gate, with its name and class. */
/** What is shown of a gate beneath the memory. */
interface GateRow {
  label: string;
  kind: string;
  value: (t: number, k: number) => number;
}

function gateRows(layer: Layer): GateRow[] {
  const rows: GateRow[] = [];
  const add = (part: Part, label: string, kind: string) =>
    rows.push({ label, kind, value: (t, k) => part.values.at(t, k) });
  if (layer.keep) add(layer.keep, `${layer.keep.name} keeps`, gateClass(layer.keep.role));
  if (layer.input) add(layer.input, `${layer.input.name} charges`, gateClass("charge"));
  else if (layer.keep)
    rows.push({
      label: `1 − ${layer.keep.name} charges`,
      kind: gateClass("charge"),
      value: (t, k) => charging(layer, t, k) ?? 0,
    });
  if (layer.output) add(layer.output, `${layer.output.name} shows`, gateClass("show"));
  if (layer.reset) add(layer.reset, `${layer.reset.name} looks back`, gateClass("reset"));
  return rows;
}

function unitPlot(container: HTMLElement, width: number, layer: Layer, held: Part) {
  const k = chosen.position;
  const rows = gateRows(layer);
  const values = held.values.column(k);
  const box = { left: 52, right: width - 10, top: 42, bottom: 202 };
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const room = 0.08 * (high - low || 1);
  const x = linear(0, T, box.left, box.right);
  const y = linear(low - (low < 0 ? room : 0), high + room, box.bottom, box.top);
  const each = (box.right - box.left) / T;
  const rowHeight = 34;
  const height = box.bottom + 12 + rows.length * rowHeight + (each >= 12.5 ? 66 : 26);
  const svg = canvasOf(
    width,
    height,
    `Memory of unit ${layer.units[k]} over ${plural(T, "word")}, from ${fixed(Math.min(...values))} to ${fixed(Math.max(...values))}`,
  );
  svg.setAttribute("data-unit", String(layer.units[k]));
  svg.append(
    axisY(
      box,
      y,
      ticks(low, high, 4),
      (value) => fixed(value, high - low < 0.5 ? 2 : 1),
      held.name === "c" ? "memory c" : "state h",
      33,
    ),
  );
  const steps = (height0: number, read: (t: number) => number) => {
    const points: Point[] = [];
    for (let t = 0; t < T; t += 1) points.push([x(t), read(t)], [x(t + 1), read(t)]);
    return `${path([[x(0), height0], ...points, [x(T), height0]])}Z`;
  };
  svg.append(
    shape("path", { class: "charge-plus", d: steps(y(0), (t) => y(Math.max(0, values[t]!))) }),
    shape("path", { class: "charge-minus", d: steps(y(0), (t) => y(Math.min(0, values[t]!))) }),
    shape("path", {
      class: "charge-line",
      "data-curve": "memory",
      d: path(
        values.flatMap((value, t) => [
          [x(t), y(value)],
          [x(t + 1), y(value)],
        ]),
      ),
    }),
    shape("line", { class: "zero", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }),
  );
  rows.forEach((row, r) => {
    const bottom = box.bottom + 12 + (r + 1) * rowHeight;
    const level = linear(0, 1, bottom, bottom - rowHeight + 8);
    svg.append(
      shape("line", { class: "zero", x1: box.left, x2: box.right, y1: bottom, y2: bottom }),
      shape("path", { class: `area ${row.kind}`, d: steps(bottom, (t) => level(row.value(t, k))) }),
      shape("text", { class: "row-name", x: box.left + 6, y: bottom - rowHeight + 17 }, row.label),
      shape("text", {
        class: "row-value",
        "data-row": row.label,
        x: box.left - 7,
        y: bottom - 8,
        "text-anchor": "end",
      }),
    );
  });
  const below = box.bottom + 12 + rows.length * rowHeight;
  if (each >= 12.5) {
    data.words.forEach((text, t) =>
      svg.append(
        shape(
          "text",
          {
            class: text.startsWith("<") ? "axis-word sign" : "axis-word",
            transform: `translate(${x(t + 0.5) + 4} ${below + 8}) rotate(-55)`,
            "text-anchor": "end",
          },
          text.length > 12 ? `${text.slice(0, 11)}…` : text,
        ),
      ),
    );
  } else {
    svg.append(
      axisX(
        { ...box, bottom: below },
        (t) => x(t + 0.5),
        ticks(0, T - 1, Math.max(2, Math.floor(width / 110))).filter(Number.isInteger),
        String,
      ),
    );
  }
  const cursor = shape("rect", {
    class: "cursor",
    y: box.top - 6,
    width: Math.max(each, 1.5),
    height: below - box.top + 6,
  });
  const reading = shape("text", { class: "cursor-text", y: box.top - 10 });
  svg.append(cursor, reading);
  const columnOf = (event: MouseEvent) => {
    const seen = svg.getBoundingClientRect();
    const t = Math.floor((((event.clientX - seen.left) * width) / seen.width - box.left) / each);
    return t >= 0 && t < T ? t : null;
  };
  svg.addEventListener("pointermove", (event) => choose({ hover: columnOf(event) }));
  svg.addEventListener("pointerleave", () => choose({ hover: null }));
  svg.addEventListener("click", (event) => {
    const t = columnOf(event);
    if (t !== null) choose({ word: t });
  });
  container.replaceChildren(svg);
  return {
    mark(t: number) {
      cursor.setAttribute("x", String(x(t)));
      const right = x(t) > width / 2;
      reading.setAttribute("x", String(right ? x(t + 1) : x(t)));
      reading.setAttribute("text-anchor", right ? "end" : "start");
      reading.textContent = `${wordAt(t)}  ${fixed(values[t])}`;
      svg.querySelectorAll(".row-value").forEach((text, r) => {
        text.textContent = fixed(rows[r]?.value(t, k));
      });
    },
    follow(scroller: HTMLElement) {
      const at = x(chosen.word + 0.5);
      if (at < scroller.scrollLeft + 40 || at > scroller.scrollLeft + scroller.clientWidth - 40)
        scroller.scrollLeft = at - scroller.clientWidth / 2;
    },
  };
}
