// One unit as a capacitor at one word: a source, a switch that charges, plates, a leak, a way out.
// A switch is closed where its gate is 1.
import { fixed, percent, shape } from "./elements";

/** A gate or a candidate, by its name in the equations, and what it does. */
export interface Named {
  name: string;
  value: number;
}

/** One unit at one word. */
export interface Unit {
  held: number;
  heldName: string;
  /** How much of the old stays, by which gate; null of a cell without gates. */
  keep: Named | null;
  /** How much of the new enters; where the cell has no gate for it, 1 - keep. */
  input: Named | null;
  output: Named | null;
  candidate: Named | null;
}

/** What the switches do, in a sentence that goes on from `subject`. */
export function story({ keep, input, output }: Unit, subject: string): string {
  if (!keep) return "A simple recurrent network has no switches: every word overwrites the state.";
  const open = input?.value ?? 0;
  const taken = open > 0.5 ? "takes in" : open > 0.15 ? "takes in a little" : "takes in next to nothing";
  const shown = output ? `; its output gate lets ${percent(output.value)} through` : "";
  return `${subject} ${taken}, and keeps ${percent(keep.value)} of what it had${shown}.`;
}

function lever(x: number, y: number, length: number, open: number, role: string, upright = false) {
  const turn = (upright ? 90 : 0) - (1 - open) * 48;
  const end = upright ? [x, y + length] : [x + length, y];
  return shape(
    "g",
    { class: `lever gate-${role}` },
    shape("line", {
      class: "lever-arm",
      x1: x,
      y1: y,
      x2: x + length,
      y2: y,
      transform: `rotate(${turn} ${x} ${y})`,
    }),
    shape("circle", { cx: x, cy: y, r: 3.5 }),
    shape("circle", { cx: end[0] as number, cy: end[1] as number, r: 3.5 }),
  );
}

const wire = (d: string) => shape("path", { class: "wire", d });

function named(x: number, y: number, one: Named, anchor = "middle") {
  return shape(
    "text",
    { x, y, "text-anchor": anchor },
    shape("tspan", { class: "name" }, one.name),
    shape("tspan", { class: "value", dx: 5 }, fixed(one.value)),
  );
}

/** The circuit of a unit whose memory is full at `size`. */
export function circuit(unit: Unit, size: number, says: string): SVGSVGElement {
  const { held, heldName, keep, input, output, candidate } = unit;
  const fullness = Math.min(1, Math.abs(held) / (size || 1));
  const svg = shape("svg", { viewBox: "0 0 320 200", role: "img", "aria-label": says });
  svg.append(
    wire("M34 70H84"),
    wire("M126 70H222"),
    wire("M160 70V100"),
    wire("M160 134V176"),
    wire("M34 104V176H212"),
    shape("circle", { class: "source", cx: 34, cy: 87, r: 17 }),
    shape(
      "text",
      { class: "name", x: 34, y: 92, "text-anchor": "middle" },
      candidate?.name ?? "x",
    ),
  );
  if (candidate)
    svg.append(shape("text", { class: "value", x: 8, y: 58 }, fixed(candidate.value)));
  if (input) svg.append(lever(84, 70, 42, input.value, "charge"), named(105, 22, input));
  else svg.append(wire("M84 70H126"));
  svg.append(
    shape("rect", {
      class: `field charge-${held < 0 ? "minus" : "plus"}`,
      x: 134,
      y: 106,
      width: 52,
      height: 22,
      opacity: 0.15 + 0.85 * fullness,
    }),
    shape("rect", { class: "plate", x: 130, y: 100, width: 60, height: 6, rx: 1.5 }),
    shape("rect", { class: "plate", x: 130, y: 128, width: 60, height: 6, rx: 1.5 }),
    named(122, 122, { name: heldName, value: held }, "end"),
  );
  if (keep)
    svg.append(
      wire("M212 70V98"),
      wire("M212 140V176"),
      lever(212, 98, 42, 1 - keep.value, "keep", true),
      named(222, 160, keep, "start"),
      shape("text", { class: "hint", x: 222, y: 175 }, "keeps"),
    );
  if (output)
    svg.append(
      lever(240, 70, 40, output.value, "show"),
      wire("M222 70H240"),
      wire("M280 70H300"),
      named(260, 22, output),
    );
  else svg.append(wire("M222 70H300"));
  svg.append(
    wire("M294 65l7 5-7 5"),
    shape("text", { class: "name", x: 306, y: 75 }, "h"),
    wire("M104 176v8m-11 0h22m-17 5h12m-8 5h4"),
  );
  return svg;
}
