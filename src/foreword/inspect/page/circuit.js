// One unit as a circuit at one word: a source, a switch that charges, plates, a leak, a way out.
/** A switch between two points of a line; closed at 1, wide open at 0. */
function lever(x, y, length, open, kind, upright = false) {
  const angle = -(1 - open) * 48;
  const turn = upright ? 90 + angle : angle;
  const end = upright ? [x, y + length] : [x + length, y];
  return shape(
    "g",
    { class: `lever ${kind}` },
    shape("line", {
      class: "lever-arm",
      x1: x,
      y1: y,
      x2: x + length,
      y2: y,
      transform: `rotate(${turn} ${x} ${y})`,
    }),
    shape("circle", { cx: x, cy: y, r: 3.5 }),
    shape("circle", { cx: end[0], cy: end[1], r: 3.5 }),
  );
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
  const say = (x, y, name, value, anchor = "middle") =>
    shape(
      "text",
      { class: "circuit-text", x, y, "text-anchor": anchor },
      shape("tspan", { class: "circuit-name" }, name),
      value === null ? "" : shape("tspan", { class: "circuit-value", dx: 5 }, fixed(value)),
    );
  const svg = canvasOf(
    320,
    218,
    `Unit ${layer.units[k]} at ${nameOf(t)}: charge ${fixed(charge)}${keep === null ? "" : `, keeps ${fixed(keep)}, input ${fixed(input)}`}${output === null ? "" : `, output ${fixed(output)}`}`,
  );
  svg.setAttribute("width", "100%");
  svg.removeAttribute("height");
  svg.append(
    wire("M34 70H84"),
    wire("M126 70H222"),
    wire("M160 70V100"),
    wire("M160 134V176"),
    wire("M34 104V176H212"),
  );
  // The source.
  svg.append(
    shape("circle", { class: "source", cx: 34, cy: 87, r: 17 }),
    shape(
      "text",
      { class: "source-name", x: 34, y: 92, "text-anchor": "middle" },
      layer.candidate?.name ?? "x",
    ),
  );
  if (candidate !== null)
    svg.append(
      shape(
        "text",
        { class: "circuit-value", x: 8, y: 58, "text-anchor": "start" },
        fixed(candidate),
      ),
    );
  // The switch that charges.
  if (input === null) svg.append(wire("M84 70H126"));
  else
    svg.append(
      lever(84, 70, 42, input, gateClass("i")),
      say(105, 26, layer.input ? "i" : `1−${layer.keep.name}`, input),
    );
  // The plates, filled with the charge.
  svg.append(
    shape("rect", {
      class: `field charge-${kind}`,
      x: 134,
      y: 106,
      width: 52,
      height: 22,
      opacity: 0.15 + 0.85 * full,
    }),
    shape("rect", { class: "plate", x: 130, y: 100, width: 60, height: 6, rx: 1.5 }),
    shape("rect", { class: "plate", x: 130, y: 128, width: 60, height: 6, rx: 1.5 }),
    shape(
      "text",
      { class: "charge-sign", x: 122, y: 122, "text-anchor": "end" },
      shape("tspan", { class: "circuit-name" }, layer.held.name),
      shape("tspan", { dx: 5 }, fixed(charge)),
    ),
  );
  // The leak beside them: closed where little is kept.
  if (keep !== null)
    svg.append(
      wire("M212 70V98"),
      wire("M212 140V176"),
      lever(212, 98, 42, 1 - keep, gateClass(layer.keep.name), true),
      say(222, 160, layer.keep.name, keep, "start"),
      shape("text", { class: "circuit-hint", x: 222, y: 175 }, "keeps"),
    );
  // The switch that shows.
  if (output === null) svg.append(wire("M222 70H300"));
  else
    svg.append(
      lever(240, 70, 40, output, gateClass("o")),
      wire("M222 70H240"),
      wire("M280 70H300"),
      say(260, 26, "o", output),
    );
  svg.append(
    shape("path", { class: "wire", d: "M294 65l7 5-7 5" }),
    shape("text", { class: "circuit-name", x: 306, y: 75 }, "h"),
  );
  svg.append(shape("path", { class: "wire", d: "M104 176v8m-11 0h22m-17 5h12m-8 5h4" }));
  const story =
    keep === null
      ? "A simple recurrent network has no switches: every word overwrites the state."
      : `${input > 0.5 ? "It takes in" : input > 0.15 ? "It takes in a little" : "It takes in next to nothing"}, and keeps ${percent(keep)} of what it had${output === null ? "" : `; its output gate lets ${percent(output)} through`}.`;
  container.replaceChildren(
    element(
      "p",
      { class: "circuit-word" },
      element("span", { class: "count" }, `word ${t}`),
      " ",
      word(data.words[t]),
    ),
    svg,
    element("p", { class: "circuit-story" }, story),
  );
}
