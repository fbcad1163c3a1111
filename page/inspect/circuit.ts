// One unit at one word: the circuit that every page draws, the word above it and its story beneath.
import { type Unit, circuit, story } from "../shared/circuit";
import { element, fixed, word } from "../shared/elements";
import { type Layer, type Part, charging, data, nameOf } from "./document";

function unitOf(layer: Layer, held: Part, t: number, k: number): Unit {
  const at = (part: Part | null) => part && { name: part.name, value: part.values.at(t, k) };
  const input = charging(layer, t, k);
  return {
    held: held.values.at(t, k),
    heldName: held.name,
    keep: at(layer.keep),
    input: input === null ? null : { name: layer.input?.name ?? `1−${layer.keep?.name}`, value: input },
    output: at(layer.output),
    candidate: at(layer.candidate),
  };
}

export function drawCircuit(container: HTMLElement, layer: Layer, held: Part, t: number, k: number) {
  const unit = unitOf(layer, held, t, k);
  const { keep, input, output } = unit;
  const size = Math.max(...held.values.column(k).map(Math.abs)) || 1;
  const says = [
    `Unit ${layer.units[k]} at ${nameOf(t)}: charge ${fixed(unit.held)}`,
    keep && `keeps ${fixed(keep.value)}, input ${fixed(input?.value)}`,
    output && `output ${fixed(output.value)}`,
  ];
  container.replaceChildren(
    element(
      "p",
      { class: "circuit-word" },
      element("span", { class: "count" }, `word ${t}`),
      " ",
      word(data.words[t] ?? ""),
    ),
    circuit(unit, size, says.filter(Boolean).join(", ")),
    element("p", { class: "circuit-story" }, story(unit, "It")),
  );
}
