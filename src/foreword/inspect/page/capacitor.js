// One unit over time: its memory as a charge, its gates beneath, and a circuit for the shown word.
function drawCapacitor() {
  const figure = byId("capacitor-figure");
  if (!data.layers.some((layer) => layer.held)) {
    figure.append(nothing("This model holds nothing from one word to the next, so that there is no unit to charge."));
    return;
  }
  const title = element("h3", { class: "unit-title", id: "unit-title", "aria-live": "polite" });
  const circuit = element("div", { class: "circuit" });
  const plot = element("div", { class: "plot", "data-plot": "unit" });
  const scroller = element("div", { class: "map-scroll" }, plot);
  scrollTogether(scroller);
  const numbers = element("div");
  const table = element("div", { class: "ranking" });
  figure.append(title, element("div", { class: "capacitor" }, circuit, element("div", { class: "capacitor-plot" }, scroller, numbers)), table);

  let geometry = null;
  const mark = () => {
    const layer = shownLayer();
    if (!layer.held) return;
    geometry?.mark(shownWord());
    drawCircuit(circuit, layer, shownWord(), chosen.position);
  };
  const again = responsive(scroller.parentElement.appendChild(element("div", { class: "measure", "aria-hidden": "true" })), (width) => {
    geometry = unitPlot(plot, chosen.wide ? Math.max(width, 30 * T + 60) : width);
    mark();
    return "";
  });
  const retitle = () => {
    const layer = shownLayer();
    if (!layer.held) return;
    const rank = layer.ranking.find((row) => row.position === chosen.position);
    const place = layer.ranking.indexOf(rank);
    title.replaceChildren(`Unit ${layer.units[chosen.position]}`, data.layers.length > 1 ? ` of layer ${layer.layer + 1}` : "",
      rank ? element("span", { class: "unit-note" }, timeConstant(rank), place === 0 ? ", the longest of all that are shown" : place > 0 ? `, number ${place + 1} of ${layer.ranking.length}` : "") : "");
    numbers.replaceChildren(asTable(`Unit ${layer.units[chosen.position]}, word by word`, ["word", "", ...layer.parts.map((part) => part.label)],
      () => data.words.map((text, t) => [String(t), word(text), ...layer.parts.map((part) => fixed(part.values.at(t, chosen.position)))])));
  };
  listen(["position", "layer", "wide"], () => { again(); retitle(); });
  listen(["word", "hover"], mark);
  listen(["word"], () => geometry?.follow(scroller));
  retitle();
  rankingTable(table);
}

const timeConstant = (row) =>
  row.time_constant === null ? `spans ${fixed(row.range)}` : `holds for ${number(row.time_constant)} words${shownLayer().keep ? `, keeping ${percent(row.keep)} a word` : ""}`;

/** The rows under the memory's curve: what is shown of each gate, with its name and class. */
function gateRows(layer) {
  const rows = [];
  const add = (part, label, kind, value) => rows.push({ label, kind, value: value ?? ((t, k) => part.values.at(t, k)) });
  if (layer.keep) add(layer.keep, `${layer.keep.name} keeps`, gateClass(layer.keep.name));
  if (layer.input) add(layer.input, "i charges", gateClass("i"));
  else if (layer.keep) add(null, `1 − ${layer.keep.name} charges`, gateClass("i"), (t, k) => charging(layer, t, k));
  if (layer.output) add(layer.output, "o shows", gateClass("o"));
  if (layer.reset) add(layer.reset, "r looks back", gateClass("r"));
  return rows;
}

function unitPlot(container, width) {
  const layer = shownLayer();
  const k = chosen.position;
  const rows = gateRows(layer);
  const values = layer.held.values.column(k);
  const box = { left: 52, right: width - 10, top: 42, bottom: 202 };
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const room = 0.08 * (high - low || 1);
  const x = linear(0, T, box.left, box.right);
  const y = linear(low - (low < 0 ? room : 0), high + room, box.bottom, box.top);
  const each = (box.right - box.left) / T;
  const rowHeight = 34;
  const height = box.bottom + 12 + rows.length * rowHeight + (each >= 12.5 ? 66 : 26);
  const svg = canvasOf(width, height, `Memory of unit ${layer.units[k]} over ${plural(T, "word")}, from ${fixed(Math.min(...values))} to ${fixed(Math.max(...values))}`);
  svg.setAttribute("data-unit", layer.units[k]);
  svg.append(axisY(box, y, ticks(low, high, 4), (value) => fixed(value, high - low < 0.5 ? 2 : 1), layer.held.name === "c" ? "memory c" : "state h", 33));
  const steps = (height0, read) => {
    const points = [];
    for (let t = 0; t < T; t += 1) points.push([x(t), read(t)], [x(t + 1), read(t)]);
    return `${path([[x(0), height0], ...points, [x(T), height0]])}Z`;
  };
  svg.append(
    shape("path", { class: "charge-plus", d: steps(y(0), (t) => y(Math.max(0, values[t]))) }),
    shape("path", { class: "charge-minus", d: steps(y(0), (t) => y(Math.min(0, values[t]))) }),
    shape("path", { class: "charge-line", "data-curve": "memory", d: path(values.flatMap((value, t) => [[x(t), y(value)], [x(t + 1), y(value)]])) }),
    shape("line", { class: "zero", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }));
  rows.forEach((row, r) => {
    const bottom = box.bottom + 12 + (r + 1) * rowHeight;
    const level = linear(0, 1, bottom, bottom - rowHeight + 8);
    svg.append(
      shape("line", { class: "zero", x1: box.left, x2: box.right, y1: bottom, y2: bottom }),
      shape("path", { class: `area ${row.kind}`, d: steps(bottom, (t) => level(row.value(t, k))) }),
      shape("text", { class: "row-name", x: box.left + 6, y: bottom - rowHeight + 17 }, row.label),
      shape("text", { class: "row-value", "data-row": row.label, x: box.left - 7, y: bottom - 8, "text-anchor": "end" }));
  });
  const below = box.bottom + 12 + rows.length * rowHeight;
  if (each >= 12.5) {
    data.words.forEach((text, t) => svg.append(shape("text", { class: text.startsWith("<") ? "axis-word sign" : "axis-word", transform: `translate(${x(t + 0.5) + 4} ${below + 8}) rotate(-55)`, "text-anchor": "end" }, text.length > 12 ? `${text.slice(0, 11)}…` : text)));
  } else {
    svg.append(axisX({ ...box, bottom: below }, (t) => x(t + 0.5), ticks(0, T - 1, Math.max(2, Math.floor(width / 110))).filter(Number.isInteger), String));
  }
  const cursor = shape("rect", { class: "cursor", y: box.top - 6, width: Math.max(each, 1.5), height: below - box.top + 6 });
  const reading = shape("text", { class: "cursor-text", y: box.top - 10 });
  svg.append(cursor, reading);
  const wordAt = (event) => {
    const seen = svg.getBoundingClientRect();
    const t = Math.floor((((event.clientX - seen.left) * width) / seen.width - box.left) / each);
    return t >= 0 && t < T ? t : null;
  };
  svg.addEventListener("pointermove", (event) => choose({ hover: wordAt(event) }));
  svg.addEventListener("pointerleave", () => choose({ hover: null }));
  svg.addEventListener("click", (event) => { if (wordAt(event) !== null) choose({ word: wordAt(event) }); });
  container.replaceChildren(svg);
  return {
    mark(t) {
      cursor.setAttribute("x", x(t));
      const right = x(t) > width / 2;
      reading.setAttribute("x", right ? x(t + 1) : x(t));
      reading.setAttribute("text-anchor", right ? "end" : "start");
      reading.textContent = `${data.words[t]}  ${fixed(values[t])}`;
      svg.querySelectorAll(".row-value").forEach((text, r) => { text.textContent = fixed(rows[r].value(t, k)); });
    },
    follow(scroller) {
      const at = x(chosen.word + 0.5);
      if (at < scroller.scrollLeft + 40 || at > scroller.scrollLeft + scroller.clientWidth - 40) scroller.scrollLeft = at - scroller.clientWidth / 2;
    },
  };
}

/** A switch between two points of a line; closed at 1, wide open at 0. */
function lever(x, y, length, open, kind, upright = false) {
  const angle = -(1 - open) * 48;
  const turn = upright ? 90 + angle : angle;
  const end = upright ? [x, y + length] : [x + length, y];
  return shape("g", { class: `lever ${kind}` },
    shape("line", { class: "lever-arm", x1: x, y1: y, x2: x + length, y2: y, transform: `rotate(${turn} ${x} ${y})` }),
    shape("circle", { cx: x, cy: y, r: 3.5 }),
    shape("circle", { cx: end[0], cy: end[1], r: 3.5 }));
}

/** The circuit: a source (the candidate), a switch that charges, plates, a leak, a switch that shows. */
function drawCircuit(container, layer, t, k) {
  const at = (part) => (part ? part.values.at(t, k) : null);
  const input = charging(layer, t, k);
  const keep = at(layer.keep);
  const output = at(layer.output);
  const candidate = at(layer.candidate);
  const charge = layer.held.values.at(t, k);
  const size = Math.max(...layer.held.values.column(k).map(Math.abs)) || 1;
  const full = Math.abs(charge) / size;
  const kind = charge < 0 ? "minus" : "plus";
  const wire = (d) => shape("path", { class: "wire", d });
  const say = (x, y, name, value, anchor = "middle") => shape("text", { class: "circuit-text", x, y, "text-anchor": anchor }, shape("tspan", { class: "circuit-name" }, name), value === null ? "" : shape("tspan", { class: "circuit-value", dx: 5 }, fixed(value)));
  const svg = canvasOf(320, 218, `Unit ${layer.units[k]} at ${nameOf(t)}: charge ${fixed(charge)}${keep === null ? "" : `, keeps ${fixed(keep)}, input ${fixed(input)}`}${output === null ? "" : `, output ${fixed(output)}`}`);
  svg.setAttribute("width", "100%");
  svg.removeAttribute("height");
  svg.append(wire("M34 70H84"), wire("M126 70H222"), wire("M160 70V100"), wire("M160 134V176"), wire("M34 104V176H212"));
  // The source.
  svg.append(shape("circle", { class: "source", cx: 34, cy: 87, r: 17 }),
    shape("text", { class: "source-name", x: 34, y: 92, "text-anchor": "middle" }, layer.candidate?.name ?? "x"));
  if (candidate !== null) svg.append(shape("text", { class: "circuit-value", x: 8, y: 58, "text-anchor": "start" }, fixed(candidate)));
  // The switch that charges.
  if (input === null) svg.append(wire("M84 70H126"));
  else svg.append(lever(84, 70, 42, input, gateClass("i")), say(105, 26, layer.input ? "i" : `1−${layer.keep.name}`, input));
  // The plates, filled with the charge.
  svg.append(
    shape("rect", { class: `field charge-${kind}`, x: 134, y: 106, width: 52, height: 22, opacity: 0.15 + 0.85 * full }),
    shape("rect", { class: "plate", x: 130, y: 100, width: 60, height: 6, rx: 1.5 }),
    shape("rect", { class: "plate", x: 130, y: 128, width: 60, height: 6, rx: 1.5 }),
    shape("text", { class: "charge-sign", x: 122, y: 122, "text-anchor": "end" }, shape("tspan", { class: "circuit-name" }, layer.held.name), shape("tspan", { dx: 5 }, fixed(charge))));
  // The leak beside them: closed where little is kept.
  if (keep !== null) svg.append(wire("M212 70V98"), wire("M212 140V176"), lever(212, 98, 42, 1 - keep, gateClass(layer.keep.name), true), say(222, 160, layer.keep.name, keep, "start"), shape("text", { class: "circuit-hint", x: 222, y: 175 }, "keeps"));
  // The switch that shows.
  if (output === null) svg.append(wire("M222 70H300"));
  else svg.append(lever(240, 70, 40, output, gateClass("o")), wire("M222 70H240"), wire("M280 70H300"), say(260, 26, "o", output));
  svg.append(shape("path", { class: "wire", d: "M294 65l7 5-7 5" }), shape("text", { class: "circuit-name", x: 306, y: 75 }, "h"));
  svg.append(shape("path", { class: "wire", d: "M104 176v8m-11 0h22m-17 5h12m-8 5h4" }));
  const story = keep === null ? "A simple recurrent network has no switches: every word overwrites the state."
    : `${input > 0.5 ? "It takes in" : input > 0.15 ? "It takes in a little" : "It takes in next to nothing"}, and keeps ${percent(keep)} of what it had${output === null ? "" : `; its output gate lets ${percent(output)} through`}.`;
  container.replaceChildren(
    element("p", { class: "circuit-word" }, element("span", { class: "count" }, `word ${t}`), " ", word(data.words[t])),
    svg, element("p", { class: "circuit-story" }, story));
}

/** All units by how long they hold, with the words that open and close them. */
function rankingTable(container) {
  const columns = [
    ["unit", "unit", (row) => row.unit],
    ["time_constant", "time constant, words", (row) => row.time_constant ?? -1],
    ["keep", data.layers[0].keep ? "mean kept" : "correlation with itself", (row) => row.keep ?? -1],
    ["range", "range", (row) => row.range],
  ];
  let by = null;
  let all = false;
  const build = () => {
    const layer = shownLayer();
    if (!layer.ranking.length) { container.replaceChildren(); return; }
    const rows = [...layer.ranking];
    if (by) rows.sort((a, b) => by.way * (by.value(a) - by.value(b)));
    const some = all ? rows : rows.slice(0, 10);
    const heading = ([name, text, value]) => element("th", { scope: "col", "aria-sort": by?.name === name ? (by.way > 0 ? "ascending" : "descending") : "none" },
      element("button", { type: "button", onclick: () => { by = { name, value, way: by?.name === name ? -by.way : name === "unit" ? 1 : -1 }; build(); } }, text));
    const words = (list) => list.map(([text, p], n) => [n ? " " : "", word(text), element("span", { class: "chance" }, fixed(p))]);
    container.replaceChildren(
      element("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Units by how long they hold" },
        element("table", { class: "units" },
          element("caption", {}, "Units by how long they hold, with the words at which they take in most and let go most"),
          element("thead", {}, element("tr", {}, columns.map(heading), element("th", { scope: "col" }, "opens at"), element("th", { scope: "col" }, "closes at"))),
          element("tbody", {}, some.map((row) => element("tr", { "data-unit": row.unit, class: row.position === chosen.position ? "is-chosen" : "", onclick: () => choose({ position: row.position }) },
            element("th", { scope: "row" }, element("button", { type: "button", "aria-pressed": String(row.position === chosen.position) }, String(row.unit))),
            element("td", {}, number(row.time_constant)), element("td", {}, row.keep === null ? "–" : fixed(row.keep)), element("td", {}, fixed(row.range)),
            element("td", { class: "words" }, words(row.opens)), element("td", { class: "words" }, words(row.closes))))))),
      rows.length > 10 ? element("button", { type: "button", class: "more", onclick: () => { all = !all; build(); } }, all ? "Show the first ten" : `Show all ${rows.length} units`) : "");
  };
  listen(["layer", "position"], build);
  build();
}
