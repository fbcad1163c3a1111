// Heat maps of every gate and state: words across, units down, in an order of the reader's choice.
import { byId, element, fixed, mean, plural, word } from "../shared/elements";
import { asTable, choice, nothing } from "./tables";
import { legend, paintMap, repaint, scrollTogether, wordAxis } from "./charts";
import { type Layer, type Part, T, choose, chosen, data, gateClass, listen, nameOf, orderOf, shownLayer, shownWord } from "./document";
import { read } from "./lens";

export function drawGates() {
  const figure = byId("gates-figure");
  const layers = data.layers.filter((layer) => layer.parts.length);
  const [first] = layers;
  if (!first) {
    figure.append(
      nothing(
        "This model has no gates and no state: each prediction is made from its window of words alone.",
      ),
    );
    return;
  }
  if (!layers.some((layer) => layer.gates.length))
    figure.append(nothing("This network has no gates. What there is to see is its state."));
  const controls = element("div", { class: "controls" });
  const orders = Object.keys(first.orders);
  if (orders.length > 1)
    controls.append(
      choice(
        "Order of units",
        orders.map((name) => [name, name]),
        chosen.order,
        (order) => choose({ order }),
      ),
    );
  if (data.layers.length > 1)
    controls.append(
      choice(
        "Layer",
        data.layers.map((layer, k) => [k, String(layer.layer + 1)]),
        chosen.layer,
        (k) => choose({ layer: Number(k), position: firstUnit(data.layers[k]) }),
      ),
    );
  if (T > 60)
    controls.append(
      choice(
        "Words",
        [
          [false, "all at once"],
          [true, "readable"],
        ],
        false,
        (wide) => choose({ wide }),
      ),
    );
  const maps = element("div", { class: "maps" });
  figure.append(
    controls,
    maps,
    asTable(
      "Means of all units by word",
      ["number", "word", ...(shownLayer() ?? first).parts.map((part) => part.label)],
      () =>
        data.words.map((text, t) => [
          String(t),
          word(text),
          ...(shownLayer() ?? first).parts.map((part) => fixed(part.values.mean(t))),
        ]),
    ),
  );

  let shown: ReturnType<typeof heatMap>[] = [];
  const build = () => {
    const layer = shownLayer() ?? first;
    maps.classList.toggle("two", T <= 60);
    shown = layer.parts.map((part) => heatMap(layer, part));
    maps.replaceChildren(...shown.map((map) => map.figure));
    for (const map of shown) map.fit();
    paint();
  };
  const paint = () => {
    for (const map of shown) map.paint();
    place();
  };
  const place = () => {
    for (const map of shown) map.place();
  };
  listen(["layer", "wide"], build);
  listen(["order"], paint);
  listen(["word", "hover", "position"], place);
  listen(["word"], () => {
    for (const map of shown) map.follow();
  });
  repaint.push(paint);
  build();
  new ResizeObserver(() => {
    for (const map of shown) map.fit();
  }).observe(maps);
}

export const firstUnit = (layer: Layer | undefined): number => layer?.telling ?? 0;

function heatMap(layer: Layer, part: Part) {
  const canvas = element("canvas", {
    class: "map",
    tabindex: "0",
    role: "img",
    "data-part": part.name,
  });
  const cross = element("div", { class: "cross-word", "aria-hidden": "true" });
  const line = element("div", { class: "cross-unit", "aria-hidden": "true" });
  const field = element(
    "div",
    { class: "map-field" },
    element("div", { class: "map-frame" }, canvas, cross, line),
  );
  const scroller = element("div", { class: "map-scroll" }, field);
  scrollTogether(scroller);
  const value = element("p", { class: "map-value" });
  const figure = element(
    "figure",
    { class: "map-figure" },
    element(
      "figcaption",
      {},
      element(
        "span",
        { class: "map-title" },
        element("i", { class: `dot ${gateClass(part.role)}` }),
        part.label,
        " ",
        element("span", { class: "letter" }, part.name),
      ),
      element("span", { class: "map-says" }, part.says),
      part.low < 0 ? legend(-part.values.size, part.values.size) : legend(part.low, part.high),
    ),
    scroller,
    value,
  );
  const units = layer.units.length;
  const height = units <= 6 ? 18 * units : Math.min(Math.max(units, 120), 200);
  canvas.style.height = `${height}px`;
  const order = () => orderOf(layer);
  const at = (event: MouseEvent) => ({
    t: Math.max(0, Math.min(T - 1, Math.floor((event.offsetX / canvas.clientWidth) * T))),
    row: Math.max(
      0,
      Math.min(units - 1, Math.floor((event.offsetY / canvas.clientHeight) * units)),
    ),
  });
  const text = (t: number, position: number) =>
    `unit ${layer.units[position]} · ${nameOf(t)} · ${fixed(part.values.at(t, position))}`;
  canvas.addEventListener("pointermove", (event) => {
    const { t, row } = at(event);
    choose({ hover: t });
    line.style.top = `${(100 * (row + 0.5)) / units}%`;
    read(`${part.name} · ${text(t, order()[row]!)}`, event);
  });
  canvas.addEventListener("pointerleave", () => {
    choose({ hover: null });
    read(null);
    map.place();
  });
  canvas.addEventListener("click", (event) => {
    const { t, row } = at(event);
    choose({ word: t, position: order()[row] ?? 0 });
  });
  canvas.addEventListener("keydown", (event) => {
    const [across, down] =
      { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ??
      [];
    if (across === undefined) return;
    event.preventDefault();
    const row = Math.max(0, Math.min(units - 1, order().indexOf(chosen.position) + down!));
    choose({
      word: Math.max(0, Math.min(T - 1, chosen.word + across)),
      hover: null,
      position: order()[row] ?? 0,
    });
    byId("said").textContent = text(chosen.word, chosen.position);
  });
  const map = {
    figure,
    paint() {
      paintMap(canvas, part.values, order());
      canvas.setAttribute(
        "aria-label",
        `${part.label}: ${plural(T, "word")} across, ${plural(units, "unit")} down, by ${chosen.order}; mean ${fixed(mean(data.words.map((_, t) => part.values.mean(t))))}. Arrow keys walk.`,
      );
    },
    place() {
      const t = shownWord();
      cross.style.left = `${(100 * t) / T}%`;
      cross.style.width = `${100 / T}%`;
      line.style.top = `${(100 * (order().indexOf(chosen.position) + 0.5)) / units}%`;
      value.textContent = text(t, chosen.position);
    },
    follow() {
      if (!chosen.wide) return;
      const x = ((chosen.word + 0.5) / T) * field.clientWidth;
      if (x < scroller.scrollLeft + 40 || x > scroller.scrollLeft + scroller.clientWidth - 40)
        scroller.scrollLeft = x - scroller.clientWidth / 2;
    },
    fit() {
      const width = chosen.wide ? 30 * T : scroller.clientWidth - 20;
      field.style.width = chosen.wide ? `${width}px` : "100%";
      canvas.classList.toggle("smooth", width < T);
      field.querySelector(".word-axis")?.remove();
      field.append(wordAxis(data.words, width));
    },
  };
  return map;
}
