// What a layer's gates do, whatever its cell calls them.
import type { LayerTrace } from "./messages";

export const LABELS: Record<string, string> = {
  i: "input gate",
  f: "forget gate",
  g: "candidate",
  o: "output gate",
  r: "reset gate",
  z: "update gate",
  n: "candidate",
  c: "memory",
  h: "hidden state",
};

/** Values that may be below zero, and how far from it they go; null for gates from 0 to 1. */
export const isSigned = (name: string): boolean => "gnhc".includes(name);

/** The state that a unit carries from word to word: c where there is one, h elsewhere. */
export const heldName = (layer: LayerTrace): string => ("c" in layer.states ? "c" : "h");

export const hasGates = (layer: LayerTrace): boolean => Object.keys(layer.gates).length > 0;

export function values(layer: LayerTrace, name: string): number[] {
  return (layer.gates[name] ?? layer.states[name] ?? []).map((value) => value ?? 0);
}

/** One unit at one word. */
export interface Unit {
  held: number;
  heldName: string;
  /** How much of the old stays, by which gate; null of a cell without gates. */
  keep: { name: string; value: number } | null;
  /** How much of the new enters; where the cell has no gate for it, 1 - keep. */
  input: { name: string; value: number } | null;
  output: { name: string; value: number } | null;
  candidate: { name: string; value: number } | null;
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
