// The document that the page shows, its numbers unpacked, and what the reader has chosen.
const data = JSON.parse(byId("document").textContent);
const colours = JSON.parse(byId("colours").textContent);
const T = data.words.length;

/** Values by word (rows) and unit (columns), as bytes between two numbers. */
class Matrix {
  constructor(bytes, columns, low, high) {
    Object.assign(this, { bytes, columns, low, high, rows: columns ? bytes.length / columns : 0 });
    this.size = low < 0 ? this.usual() : Math.max(Math.abs(low), Math.abs(high));
  }

  /** The size that 98 of 100 values have at most: a few units that run away shall not pale the rest. */
  usual() {
    const value = (byte) => Math.abs(this.low + (byte / 255) * (this.high - this.low));
    const counts = new Uint32Array(256);
    for (const byte of this.bytes) counts[byte] += 1;
    const levels = [...counts.keys()].sort((a, b) => value(b) - value(a));
    let left = 0.02 * this.bytes.length;
    const last = levels.find((byte) => (left -= counts[byte]) < 0) ?? 255;
    return value(last) || 1;
  }

  at(row, column) {
    return this.low + (this.bytes[row * this.columns + column] / 255) * (this.high - this.low);
  }

  mean(row) {
    let sum = 0;
    for (let k = 0; k < this.columns; k += 1) sum += this.bytes[row * this.columns + k];
    return this.low + (sum / (255 * (this.columns || 1))) * (this.high - this.low);
  }

  column(position) {
    return Array.from({ length: this.rows }, (_, row) => this.at(row, position));
  }
}

async function unpack(block, columns, low, high) {
  const packed = Uint8Array.from(atob(block), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Matrix(new Uint8Array(await new Response(stream).arrayBuffer()), columns, low, high);
}

/** Every layer's gates and states as matrices, and which of them keeps, charges and shows. */
async function unpackDocument() {
  const waiting = [];
  const into = (part, columns, block, low, high) =>
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
    const gate = (name) => layer.gates.find((one) => one.name === name) ?? null;
    layer.parts = [...layer.gates, ...layer.states];
    layer.held = layer.states.find((state) => state.name === layer.memory) ?? null;
    layer.keep = gate("f") ?? gate("z");
    layer.input = gate("i");
    layer.output = gate("o");
    layer.reset = gate("r");
    layer.candidate = gate("g") ?? gate("n");
  }
}

/** How far the input is open: its own gate, or what the one that keeps leaves (coupled LSTM, GRU). */
function charging(layer, t, position) {
  if (layer.input) return layer.input.values.at(t, position);
  return layer.keep ? 1 - layer.keep.values.at(t, position) : null;
}

const isSigned = (part) => part.low < 0;
const gateClass = (name) => `gate-${name}`;

/** What is chosen; whoever shows it listens. A word under the pointer counts before the chosen one. */
const chosen = {
  word: 0,
  hover: null,
  layer: 0,
  position: 0,
  order: "index",
  wide: false,
  attribution: 0,
  contrast: 0,
};
const listeners = [];
const listen = (names, react) => listeners.push([names, react]);

function choose(change) {
  const changed = Object.keys(change).filter((name) => chosen[name] !== change[name]);
  if (!changed.length) return;
  Object.assign(chosen, change);
  for (const [names, react] of listeners)
    if (names.some((name) => changed.includes(name))) react(changed);
}

const shownWord = () => chosen.hover ?? chosen.word;
const shownLayer = () => data.layers[chosen.layer];
const orderOf = (layer) => layer.orders[chosen.order] ?? layer.units.map((_, position) => position);
const nameOf = (t) => `word ${t}, ${quoted(data.words[t])}`;
