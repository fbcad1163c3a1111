// Built from page/ by npm run build. Edit there.
class ForewordError extends Error {
  name = "ForewordError";
}
const UNK = 0;
const EOS = 1;
const [EITHER, UNFINISHED, WHOLE] = [0, 1, 2];
const LAYOUTS = ["qwerty", "qwertz", "azerty"];
const REQUIRED = ["config.json", "model.safetensors", "tokenizer.json"];
const OPTIONAL = ["rare.txt", "spacing.json", "misspellings.json", "ngrams.safetensors"];
async function load(source, options = {}) {
  const [module, files] = await Promise.all([compiled(options.module), filesOf(source)]);
  return new Model(await Instance.of(module), files);
}
function loadSync(files, module) {
  return new Model(Instance.at(module), files);
}
async function loadMixture(sources, options = {}) {
  const [module, ...models] = await Promise.all([compiled(options.module), ...sources.map(filesOf)]);
  return new Mixture(await Instance.of(module), models);
}
class Model {
  /** The number of words in the vocabulary; their ids are below it. */
  words;
  instance;
  handle;
  /** @internal */
  constructor(instance, files) {
    this.instance = instance;
    this.handle = instance.modelOf(files);
    this.words = instance.call("foreword_model_words", this.handle);
  }
  /** The word with this id; undefined if there is none. */
  word(id) {
    const address = this.instance.call("foreword_model_word", this.handle, wholeNumber(id, "a word's id"));
    return address === 0 ? void 0 : this.instance.textAt(address);
  }
  /** The id of a word that is spelled as in the vocabulary; `UNK` if the vocabulary lacks it. */
  id(word) {
    return this.instance.withText(word, (address) => this.instance.call("foreword_model_id", this.handle, address));
  }
  /** The state at the beginning of a line. */
  start() {
    return this.state(this.instance.call("foreword_state_new", this.handle, 0));
  }
  /**
   * The state of `State.toBytes`, or of Foreword for Python.
   *
   * @throws ForewordError: the bytes are damaged, or of another model.
   */
  stateFromBytes(bytes) {
    return this.instance.withBytes(bytes, (address) => {
      return this.state(this.instance.call("foreword_state_from_bytes", this.handle, address, bytes.length, 0));
    });
  }
  /**
   * A typist for one user or field. The first one of a model takes longer, since its words are sorted then.
   *
   * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped; or a file is damaged.
   */
  typist(options = {}) {
    return new Typist(this.instance, this.handle, options);
  }
  state(handle) {
    return new State(this, this.instance, handle, this.instance.call("foreword_state_size", this.handle));
  }
}
class Mixture {
  instance;
  handles;
  /** @internal */
  constructor(instance, models) {
    this.instance = instance;
    this.handles = models.map((files) => instance.modelOf(files));
  }
  /**
   * A typist for one user or field, which suggests the words of all models in one list. The models are weighed by how
   * frequent the words of the text are in each one's vocabulary, and one of little weight is not asked. Phrases are
   * suggested where one model is asked.
   *
   * @throws ForewordError: there are fewer than two models; or as of `Model.typist`.
   */
  typist(options = {}) {
    const { instance, handles } = this;
    const handle = withOptions(
      instance,
      options,
      (given) => instance.withBytes(
        bytesOfWords(handles),
        (models) => instance.call("foreword_typist_new_mixed", models, handles.length, given, 0)
      )
    );
    return new Suggester(instance, handle);
  }
}
class State {
  model;
  instance;
  handle;
  size;
  /** @internal */
  constructor(model, instance, handle, size) {
    [this.model, this.instance, this.handle, this.size] = [model, instance, handle, size];
    instance.freeWith(this, "foreword_state_free", handle);
  }
  /**
   * The state after one more word; `EOS` ends a line.
   *
   * @throws ForewordError: there is no such word.
   */
  advance(word) {
    const id = wholeNumber(word, "a word's id");
    return this.changed((handle) => this.instance.call("foreword_state_advance", handle, id, 0));
  }
  /**
   * The state after a text that goes on here: its words, and an end of line for each newline.
   *
   * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped.
   */
  read(text) {
    return this.instance.withText(text, (address) => {
      return this.changed((handle) => this.instance.call("foreword_state_read", handle, address, 0));
    });
  }
  /** The `count` likeliest next words, by falling probability. */
  best(count, { hidden = [UNK, EOS] } = {}) {
    const room = Math.min(wholeNumber(count, "the number of words"), this.model.words);
    const ids = bytesOfWords(hidden.map((id) => wholeNumber(id, "a hidden id")));
    const { instance } = this;
    return instance.withBytes(
      ids,
      (idsAt) => instance.withRoom(room * CANDIDATE + 2 * WORD, (found) => {
        const candidates = found + 2 * WORD;
        instance.call("foreword_state_best", this.handle, room, idsAt, hidden.length, candidates, found, 0);
        const view = instance.view();
        return Array.from({ length: view.getUint32(found, true) }, (_, k) => {
          const id = view.getUint32(candidates + k * CANDIDATE, true);
          const probability = view.getFloat64(candidates + k * CANDIDATE + 8, true);
          return { word: this.model.word(id) ?? "", id, probability };
        });
      })
    );
  }
  /** The probability of every word as the next, by its id. */
  probabilities() {
    const { instance, model } = this;
    return instance.withRoom(model.words * 4, (address) => {
      instance.call("foreword_state_probabilities", this.handle, address, 0);
      return new Float32Array(instance.bytesAt(address, model.words * 4).buffer);
    });
  }
  /** For `Model.stateFromBytes`, here or in Foreword for Python. Whoever knows the format can make such bytes. */
  toBytes() {
    return this.instance.withRoom(this.size, (address) => {
      this.instance.call("foreword_state_to_bytes", this.handle, address, 0);
      return this.instance.bytesAt(address, this.size);
    });
  }
  changed(change) {
    const copy = new State(this.model, this.instance, this.instance.call("foreword_state_copy", this.handle, 0), this.size);
    change(copy.handle);
    return copy;
  }
}
class Suggester {
  instance;
  handle;
  /** @internal */
  constructor(instance, handle) {
    [this.instance, this.handle] = [instance, handle];
    instance.freeWith(this, "foreword_typist_free", handle);
  }
  /**
   * The likeliest words at the end of a text, by falling probability; for a typist with `phrases`, words and
   * phrases, what saves the most keys first. Letters at the end are completed, mended if
   * they have a slip, or followed by a next word if they may be a whole word.
   *
   * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
   * @param count the largest number of suggestions, at least 1.
   */
  suggest(text, count = 3) {
    const { instance } = this;
    const room = wholeNumber(count, "the number of suggestions");
    return instance.withText(
      text,
      (address) => instance.withRoom(room * SUGGESTION + 2 * WORD, (found) => {
        const suggestions = found + 2 * WORD;
        instance.call("foreword_typist_suggest", this.handle, address, room, suggestions, found, 0);
        const view = instance.view();
        const end = address + encoder.encode(text).length;
        return Array.from({ length: view.getUint32(found, true) }, (_, k) => {
          const at = suggestions + k * SUGGESTION;
          const replaced = view.getUint32(at + 20, true);
          return {
            word: instance.textAt(view.getUint32(at, true)),
            probability: view.getFloat64(at + 8, true),
            text: instance.textAt(view.getUint32(at + 16, true)),
            replaces: decoder.decode(instance.bytesAt(end - replaced, replaced)).length
          };
        });
      })
    );
  }
}
class Typist extends Suggester {
  network;
  /** @internal */
  constructor(instance, model, options) {
    super(instance, withOptions(instance, options, (given) => instance.call("foreword_typist_new", model, given, 0)));
    this.network = {
      layers: instance.call("foreword_model_layers", model),
      units: instance.call("foreword_model_hidden_size", model),
      gates: [...instance.textAt(instance.call("foreword_model_gates", model))]
    };
  }
  /**
   * The probability of every next character: for scanning keyboards, Dasher and ambiguous keys. The first call takes
   * longer, since it sorts the ways in which the words are typed. Options of the typist do not matter: a word that is
   * never suggested can be spelled.
   *
   * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
   */
  letters(text, { ignoreCase = false } = {}) {
    const { instance } = this;
    return instance.withText(
      text,
      (address) => instance.withRoom(2 * WORD + DOUBLE, (found) => {
        const [count, endOfWord] = [found + WORD, found + 2 * WORD];
        const ignored = Number(ignoreCase);
        instance.call("foreword_typist_letters", this.handle, address, ignored, found, count, endOfWord, 0);
        const view = instance.view();
        const letters = view.getUint32(found, true);
        const next = Array.from({ length: view.getUint32(count, true) }, (_, k) => {
          const at = letters + k * LETTER;
          return [String.fromCodePoint(view.getUint32(at, true)), view.getFloat64(at + 8, true)];
        });
        return { next: new Map(next), endOfWord: view.getFloat64(endOfWord, true) };
      })
    );
  }
  /**
   * What the network did at the last word that suggestions for a text are based on.
   *
   * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
   */
  trace(text, { complete } = {}) {
    const { instance } = this;
    const { layers, units, gates } = this.network;
    const ending = complete === void 0 ? EITHER : complete ? UNFINISHED : WHOLE;
    return instance.withText(
      text,
      (address) => instance.withRoom(2 * WORD, (found) => {
        instance.call("foreword_typist_trace", this.handle, address, ending, found, found + WORD, 0);
        const view = instance.view();
        const first = view.getUint32(found + WORD, true);
        const numbers = (at) => new Float32Array(instance.bytesAt(at, units * FLOAT).buffer);
        const layer = (at) => {
          const [h, c, own] = [0, 1, 2].map((field) => view.getUint32(at + field * WORD, true));
          return {
            gates: Object.fromEntries(gates.map((name, k) => [name, numbers(own + k * units * FLOAT)])),
            states: c === 0 ? { h: numbers(h) } : { h: numbers(h), c: numbers(c) }
          };
        };
        const word = instance.textAt(view.getUint32(found, true));
        return { word, layers: Array.from({ length: layers }, (_, k) => layer(first + k * LAYER)) };
      })
    );
  }
}
const WORD = 4;
const DOUBLE = 8;
const FLOAT = 4;
const FILE = 12;
const CANDIDATE = 16;
const LAYER = 12;
const LETTER = 16;
const SUGGESTION = 24;
class Instance {
  exports;
  registry = new FinalizationRegistry((free) => free());
  broken = false;
  constructor(instance) {
    this.exports = instance.exports;
    this.exports._initialize();
  }
  static async of(module) {
    const { imports, adopt } = Instance.surroundings(module);
    return adopt(await WebAssembly.instantiate(module, imports));
  }
  static at(module) {
    const { imports, adopt } = Instance.surroundings(module);
    return adopt(new WebAssembly.Instance(module, imports));
  }
  /** What an instance imports, and the function that makes it known to these imports. */
  static surroundings(module) {
    let made;
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      (imports[from] ??= {})[name] = () => NOT_SUPPORTED;
    }
    const raise = (message, bytes) => {
      throw new ForewordError(made === void 0 ? "foreword.wasm failed" : decoder.decode(made.bytesAt(message, bytes)));
    };
    const adopt = (instance) => made = new Instance(instance);
    return { imports: { ...imports, foreword: { throw: raise } }, adopt };
  }
  /** Loads a model from its files, which stay in memory with it. */
  modelOf(files) {
    const names = Object.keys(files);
    const array = this.taken(names.length * FILE);
    names.forEach((name, k) => {
      const content = files[name] ?? new Uint8Array();
      const fields = [this.placed(encoder.encode(`${name}\0`)), this.placed(content), content.length];
      fields.forEach((field, at) => this.view().setUint32(array + k * FILE + at * WORD, field, true));
    });
    return this.call("foreword_model_from_files", array, names.length, 0);
  }
  /** Calls a function, whose errors are thrown. */
  call(name, ...values) {
    if (this.broken) throw new ForewordError("the predictor has failed before; load the model again");
    const stack = this.exports.__stack_pointer.value;
    try {
      return (this.exports[name]?.(...values) ?? 0) >>> 0;
    } catch (error) {
      if (error instanceof ForewordError) {
        this.exports.__stack_pointer.value = stack;
        throw error;
      }
      this.broken = true;
      throw new ForewordError("the predictor has failed; load the model again", { cause: error });
    }
  }
  withRoom(bytes, use) {
    const address = this.taken(bytes);
    try {
      return use(address);
    } finally {
      if (!this.broken) this.exports.free(address);
    }
  }
  withBytes(bytes, use) {
    return this.withRoom(bytes.length, (address) => {
      this.memory().set(bytes, address);
      return use(address);
    });
  }
  withText(text, use) {
    if (text.includes("\0")) throw new ForewordError(NO_NUL);
    return this.withBytes(encoder.encode(`${text}\0`), use);
  }
  /** With the address of an array of the texts' addresses. */
  withTexts(texts, use) {
    if (texts.some((text) => text.includes("\0"))) throw new ForewordError(NO_NUL);
    const lengths = texts.map((text) => encoder.encode(text).length + 1);
    return this.withBytes(encoder.encode(texts.map((text) => `${text}\0`).join("")), (first) => {
      let at = first;
      const addresses = lengths.map((length) => (at += length) - length);
      return this.withBytes(bytesOfWords(addresses), use);
    });
  }
  /** A copy. */
  bytesAt(address, length) {
    return this.memory().slice(address, address + length);
  }
  textAt(address) {
    const memory = this.memory();
    return decoder.decode(memory.subarray(address, memory.indexOf(0, address)));
  }
  view() {
    return new DataView(this.exports.memory.buffer);
  }
  /** Frees a handle once nobody has its owner any more. */
  freeWith(owner, free, handle) {
    this.registry.register(owner, () => {
      if (!this.broken) this.call(free, handle);
    });
  }
  memory() {
    return new Uint8Array(this.exports.memory.buffer);
  }
  taken(bytes) {
    const address = this.exports.malloc(Math.max(bytes, 1)) >>> 0;
    if (address === 0) throw new ForewordError("there is not enough memory");
    return address;
  }
  placed(bytes) {
    const address = this.taken(bytes.length);
    this.memory().set(bytes, address);
    return address;
  }
}
const NO_NUL = "a text with the character U+0000 cannot be read; leave it out";
const NOT_SUPPORTED = 58;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
function bytesOfWords(words) {
  const view = new DataView(new ArrayBuffer(words.length * WORD));
  words.forEach((word, k) => view.setUint32(k * WORD, word, true));
  return new Uint8Array(view.buffer);
}
function withOptions(instance, options, use) {
  const { tolerant = false, offensive = false, blocked = [], layout = "qwerty", phrases = false } = options;
  return instance.withTexts(blocked, (texts) => {
    const keys = LAYOUTS.indexOf(layout);
    const fields = [Number(tolerant), Number(offensive), texts, blocked.length, keys, Number(phrases)];
    return instance.withBytes(bytesOfWords(fields), use);
  });
}
function wholeNumber(value, what) {
  if (Number.isInteger(value) && value >= 0 && value <= 4294967295) return value;
  throw new ForewordError(`${what} must be a whole number from 0 to 4294967295, not ${value}`);
}
let beside;
function compiled(module) {
  if (module instanceof WebAssembly.Module) return Promise.resolve(module);
  if (module === void 0) return beside ??= compiledFrom(new URL("foreword.wasm", import.meta.url));
  if (typeof module === "string" || module instanceof URL) return compiledFrom(module);
  return WebAssembly.compile(module);
}
async function compiledFrom(url) {
  return WebAssembly.compile(await bytesOf(url));
}
async function filesOf(source) {
  return typeof source === "string" || source instanceof URL ? fetched(source) : source;
}
async function fetched(folder) {
  const url = absolute(folder);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  const config = await bytesOf(new URL("config.json", url));
  const named = namedIn(config);
  const names = [...REQUIRED.slice(1), ...OPTIONAL.filter((name) => named.includes(name))];
  const contents = await Promise.all(names.map((name) => bytesOf(new URL(name, url))));
  return { "config.json": config, ...Object.fromEntries(names.map((name, k) => [name, contents[k] ?? new Uint8Array()])) };
}
function namedIn(config) {
  try {
    const { checksums } = JSON.parse(decoder.decode(config));
    return Object.keys(checksums ?? {});
  } catch {
    return [];
  }
}
function absolute(url) {
  return new URL(url, typeof location === "undefined" ? void 0 : location.href);
}
async function bytesOf(address) {
  const url = absolute(address);
  if (url.protocol === "file:") return fromDisk(url);
  const response = await fetch(url);
  if (!response.ok) throw new ForewordError(`${url} cannot be read: HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
async function fromDisk(url) {
  const name = "node:fs/promises";
  const { readFile } = await import(
    /* @vite-ignore */
    /* webpackIgnore: true */
    name
  );
  try {
    return await readFile(url);
  } catch (error) {
    throw new ForewordError(`${url} cannot be read`, { cause: error });
  }
}
export {
  EOS,
  ForewordError,
  Mixture,
  Model,
  State,
  Suggester,
  Typist,
  UNK,
  load,
  loadMixture,
  loadSync
};
