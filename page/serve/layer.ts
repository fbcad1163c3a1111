// What a layer's gates do, whatever its cell calls them.
import type { Unit } from "../shared/circuit";
import type { LayerTrace } from "./messages";

/** The label of a gate or a state, and the colour that tells what it does. */
const KNOWN: Record<string, readonly [label: string, role: string]> = {
  i: ["input gate", "charge"],
  f: ["forget gate", "keep"],
  g: ["candidate", "other"],
  o: ["output gate", "show"],
  r: ["reset gate", "reset"],
  z: ["update gate", "keep"],
  n: ["candidate", "other"],
  c: ["memory", "other"],
  h: ["hidden state", "other"],
};

export const labelOf = (name: string): string => KNOWN[name]?.[0] ?? `gate ${name}`;
export const roleOf = (name: string): string => KNOWN[name]?.[1] ?? "other";

/** Values that may be below zero, and how far from it they go; null for gates from 0 to 1. */
export const isSigned = (name: string): boolean => "gnhc".includes(name);

/** The state that a unit carries from word to word: c where there is one, h elsewhere. */
export const heldName = (layer: LayerTrace): string => ("c" in layer.states ? "c" : "h");

export const hasGates = (layer: LayerTrace): boolean => Object.keys(layer.gates).length > 0;

export function values(layer: LayerTrace, name: string): number[] {
  return (layer.gates[name] ?? layer.states[name] ?? []).map((value) => value ?? 0);
}

export function unitOf(layer: LayerTrace, unit: number): Unit {
  const gate = (...names: string[]) => {
    const name = names.find((one) => one in layer.gates);
    return name === undefined ? null : { name, value: layer.gates[name]?.[unit] ?? 0 };
  };
  const keep = gate("f", "z");
  const rest = keep && { name: `1−${keep.name}`, value: 1 - keep.value };
  return {
    held: layer.states[heldName(layer)]?.[unit] ?? 0,
    heldName: heldName(layer),
    keep,
    input: gate("i") ?? rest,
    output: gate("o"),
    candidate: gate("g", "n"),
  };
}
