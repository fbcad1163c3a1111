// The document that the page shows, its numbers unpacked, and what the reader has chosen.
import { type Maybe, byId, quoted } from "../shared/elements";

/** Values by word (rows) and unit (columns), as bytes between two numbers. */
export class Matrix {
  readonly rows: number;
  /** The value at which a colour map ends. */
  readonly size: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly columns: number,
    readonly low: number,
    readonly high: number,
  ) {
    this.rows = columns ? bytes.length / columns : 0;
    this.size = low < 0 ? this.usual() : Math.max(Math.abs(low), Math.abs(high));
  }

  /** The size that 98 of 100 values have at most: a few large units must not make the rest pale. */
  private usual(): number {
    const value = (byte: number) => Math.abs(this.low + (byte / 255) * (this.high - this.low));
    const counts = new Uint32Array(256);
    for (const byte of this.bytes) counts[byte]! += 1;
    const levels = [...counts.keys()].sort((a, b) => value(b) - value(a));
    let left = 0.02 * this.bytes.length;
    const last = levels.find((byte) => (left -= counts[byte]!) < 0) ?? 255;
    return value(last) || 1;
  }

  byte(row: number, column: number): number {
    return this.bytes[row * this.columns + column] ?? 0;
  }

  at(row: number, column: number): number {
    return this.low + (this.byte(row, column) / 255) * (this.high - this.low);
  }

  mean(row: number): number {
    let sum = 0;
    for (let k = 0; k < this.columns; k += 1) sum += this.byte(row, k);
    return this.low + (sum / (255 * (this.columns || 1))) * (this.high - this.low);
  }

  column(position: number): number[] {
    return Array.from({ length: this.rows }, (_, row) => this.at(row, position));
  }
}

type Role = "keep" | "charge" | "show" | "reset" | "other";

/** A gate or a state of a layer, of all its shown units. */
export interface Part {
  name: string;
  label: string;
  says: string;
  low: number;
  high: number;
  data: string;
  values: Matrix;
  role: Role;
}

/** How long a unit holds, and the words that open and close it. */
export interface Row {
  unit: number;
  position: number;
  time_constant: number | null;
  longest_hold: number | null;
  keep: number | null;
  opens: [string, number | null][];
  closes: [string, number | null][];
  range: number;
}

export interface Layer {
  layer: number;
  hidden_size: number;
  units: number[];
  memory: string | null;
  /** Names of the gates that say what stays, what comes in, and of what comes in. */
  kinds: { keep: string | null; take: string | null; candidate: string | null };
  telling: number;
  gates: Part[];
  states: Part[];
  orders: Record<string, number[]>;
  ranking: Row[];
  parts: Part[];
  held: Part | null;
  keep: Part | null;
  input: Part | null;
  output: Part | null;
  reset: Part | null;
  candidate: Part | null;
}

export interface Curve {
  label: string;
  cell: string;
  kind: "trained" | "untrained" | "beside";
  layer: number;
  norms: Record<string, number[]>;
  vanishes: number | null;
  explodes: number | null;
}

export interface Clipping {
  clip: number | null;
  norms: number[];
  share: number | null;
  words: number;
}

export interface Gradients {
  window: number;
  curves: Curve[];
  clipping: Clipping | null;
}

export interface Spectra {
  layer: number;
  state: string;
  steps: { at: number; word: string; singular_values: number[] }[];
}

export interface Attribution {
  at: number;
  target: string;
  probability: number;
  baseline_probability: number;
  first: number;
  integrated: number[] | null;
  erased: number[];
  difference: number;
  sum: number | null;
  agreement: number | null;
}

export interface ChangedUnit {
  unit: number;
  first: number[];
  other: number[];
}

export interface ContrastLayer {
  layer: number;
  state: string;
  units: number[];
  low: number;
  high: number;
  difference: string;
  changed: ChangedUnit[];
  values: Matrix;
}

export interface Contrast {
  kind: string;
  label: string;
  at: number;
  words: string[];
  pairs: [number, number][];
  divergence: number[];
  came: Maybe[];
  came_other: Maybe[];
  layers: ContrastLayer[];
}

interface Inspection {
  made: string;
  foreword: string;
  model: {
    about: string;
    layers: number;
    hidden_size: number;
    parameters: number;
    vocab_size: number;
    trained_on: string | null;
    perplexity: number | null;
  };
  notes: string[];
  words: string[];
  /** Of the word after each, its probability and its rank; null after the last. */
  came: (number | null)[];
  rank: (number | null)[];
  top: [string, number][][];
  entropy: number[];
  perplexity: number | null;
  layers: Layer[];
  gradients: Gradients | null;
  jacobians: Spectra[];
  attributions: Attribution[];
  contrasts: Contrast[];
}

export const data = JSON.parse(byId("document").textContent ?? "") as Inspection;
export const T = data.words.length;

async function unpack(block: string, columns: number, low: number, high: number): Promise<Matrix> {
  const packed = Uint8Array.from(atob(block), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Matrix(new Uint8Array(await new Response(stream).arrayBuffer()), columns, low, high);
}

/** Every layer's gates and states as matrices, and which of them keeps, charges and shows. */
export async function unpackDocument(): Promise<void> {
  const waiting: Promise<void>[] = [];
  const into = (part: { values: Matrix }, columns: number, block: string, low: number, high: number) =>
    waiting.push(
      unpack(block, columns, low, high).then((matrix) => {
        part.values = matrix;
      }),
    );
  for (const layer of data.layers) {
    for (const part of [...layer.gates, ...layer.states])
      into(part, layer.units.length, part.data, part.low, part.high);
  }
  for (const contrast of data.contrasts) {
    for (const layer of contrast.layers)
      into(layer, layer.units.length, layer.difference, layer.low, layer.high);
  }
  await Promise.all(waiting);
  for (const layer of data.layers) {
    layer.parts = [...layer.gates, ...layer.states];
    for (const part of layer.parts) part.role = "other";
    const gate = (name: string | null, role: Role) => {
      const part = layer.gates.find((one) => one.name === name) ?? null;
      if (part) part.role = role;
      return part;
    };
    layer.held = layer.states.find((state) => state.name === layer.memory) ?? null;
    layer.keep = gate(layer.kinds.keep, "keep");
    layer.input = gate(layer.kinds.take, "charge");
    layer.candidate = gate(layer.kinds.candidate, "other");
    layer.output = gate("o", "show");
    layer.reset = gate("r", "reset");
  }
}

/** How far the input is open: its own gate, or what the one that keeps leaves (coupled LSTM, GRU). */
export function charging(layer: Layer, t: number, position: number): number | null {
  if (layer.input) return layer.input.values.at(t, position);
  return layer.keep ? 1 - layer.keep.values.at(t, position) : null;
}

export const isSigned = (part: { low: number }): boolean => part.low < 0;
export const gateClass = (role: Role): string => `gate-${role}`;

/** What is chosen; whoever shows it listens. A word under the pointer counts before the chosen one. */
export interface Chosen {
  word: number;
  hover: number | null;
  layer: number;
  position: number;
  order: string;
  wide: boolean;
  attribution: number;
  contrast: number;
}
export const chosen: Chosen = {
  word: 0,
  hover: null,
  layer: 0,
  position: 0,
  order: "index",
  wide: false,
  attribution: 0,
  contrast: 0,
};
type Choice = keyof Chosen;
const listeners: [Choice[], (changed: Choice[]) => void][] = [];
export const listen = (names: Choice[], react: (changed: Choice[]) => void): void => {
  listeners.push([names, react]);
};

export function choose(change: Partial<Chosen>): void {
  const changed = (Object.keys(change) as Choice[]).filter((name) => chosen[name] !== change[name]);
  if (!changed.length) return;
  Object.assign(chosen, change);
  for (const [names, react] of listeners)
    if (names.some((name) => changed.includes(name))) react(changed);
}

export const shownWord = (): number => chosen.hover ?? chosen.word;
/** Undefined of a model without layers, as an n-gram or an MLP. */
export const shownLayer = (): Layer | undefined => data.layers[chosen.layer];
export const orderOf = (layer: Layer): number[] =>
  layer.orders[chosen.order] ?? layer.units.map((_, position) => position);
export const wordAt = (t: number): string => data.words[t] ?? "";
export const nameOf = (t: number): string => `word ${t}, ${quoted(wordAt(t))}`;
