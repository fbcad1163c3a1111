// Built from page/ by npm run build. Edit there.
"use strict";
(() => {
  var __defProp = Object.defineProperty;
  var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
  var __publicField = (obj, key, value) => __defNormalProp(obj, typeof key !== "symbol" ? key + "" : key, value);

  // library/foreword.ts
  var ForewordError = class extends Error {
    constructor() {
      super(...arguments);
      __publicField(this, "name", "ForewordError");
    }
  };
  var UNK = 0;
  var EOS = 1;
  var [EITHER, UNFINISHED, WHOLE] = [0, 1, 2];
  var LAYOUTS = ["qwerty", "qwertz", "azerty"];
  function loadSync(files2, module2) {
    return new Model(Instance.at(module2), files2);
  }
  var Model = class {
    /** @internal */
    constructor(instance, files2) {
      /** The number of words in the vocabulary; their ids are below it. */
      __publicField(this, "words");
      __publicField(this, "instance");
      __publicField(this, "handle");
      this.instance = instance;
      this.handle = instance.modelOf(files2);
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
  };
  var State = class _State {
    /** @internal */
    constructor(model, instance, handle, size) {
      __publicField(this, "model");
      __publicField(this, "instance");
      __publicField(this, "handle");
      __publicField(this, "size");
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
            var _a2;
            const id = view.getUint32(candidates + k * CANDIDATE, true);
            const probability = view.getFloat64(candidates + k * CANDIDATE + 8, true);
            return { word: (_a2 = this.model.word(id)) != null ? _a2 : "", id, probability };
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
    changed(change2) {
      const copy = new _State(this.model, this.instance, this.instance.call("foreword_state_copy", this.handle, 0), this.size);
      change2(copy.handle);
      return copy;
    }
  };
  var Suggester = class {
    /** @internal */
    constructor(instance, handle) {
      __publicField(this, "instance");
      __publicField(this, "handle");
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
  };
  var Typist = class extends Suggester {
    /** @internal */
    constructor(instance, model, options) {
      super(instance, withOptions(instance, options, (given) => instance.call("foreword_typist_new", model, given, 0)));
      __publicField(this, "network");
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
  };
  var WORD = 4;
  var DOUBLE = 8;
  var FLOAT = 4;
  var FILE = 12;
  var CANDIDATE = 16;
  var LAYER = 12;
  var LETTER = 16;
  var SUGGESTION = 24;
  var Instance = class _Instance {
    constructor(instance) {
      __publicField(this, "exports");
      __publicField(this, "registry", new FinalizationRegistry((free) => free()));
      __publicField(this, "broken", false);
      this.exports = instance.exports;
      this.exports._initialize();
    }
    static async of(module2) {
      const { imports, adopt } = _Instance.surroundings(module2);
      return adopt(await WebAssembly.instantiate(module2, imports));
    }
    static at(module2) {
      const { imports, adopt } = _Instance.surroundings(module2);
      return adopt(new WebAssembly.Instance(module2, imports));
    }
    /** What an instance imports, and the function that makes it known to these imports. */
    static surroundings(module2) {
      var _a2;
      let made;
      const imports = {};
      for (const { module: from, name } of WebAssembly.Module.imports(module2)) {
        ((_a2 = imports[from]) != null ? _a2 : imports[from] = {})[name] = () => NOT_SUPPORTED;
      }
      const raise = (message, bytes) => {
        throw new ForewordError(made === void 0 ? "foreword.wasm failed" : decoder.decode(made.bytesAt(message, bytes)));
      };
      const adopt = (instance) => made = new _Instance(instance);
      return { imports: { ...imports, foreword: { throw: raise } }, adopt };
    }
    /** Loads a model from its files, which stay in memory with it. */
    modelOf(files2) {
      const names = Object.keys(files2);
      const array = this.taken(names.length * FILE);
      names.forEach((name, k) => {
        var _a2;
        const content = (_a2 = files2[name]) != null ? _a2 : new Uint8Array();
        const fields = [this.placed(encoder.encode(`${name}\0`)), this.placed(content), content.length];
        fields.forEach((field, at) => this.view().setUint32(array + k * FILE + at * WORD, field, true));
      });
      return this.call("foreword_model_from_files", array, names.length, 0);
    }
    /** Calls a function, whose errors are thrown. */
    call(name, ...values) {
      var _a2, _b, _c;
      if (this.broken) throw new ForewordError("the predictor has failed before; load the model again");
      const stack = this.exports.__stack_pointer.value;
      try {
        return ((_c = (_b = (_a2 = this.exports)[name]) == null ? void 0 : _b.call(_a2, ...values)) != null ? _c : 0) >>> 0;
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
  };
  var NO_NUL = "a text with the character U+0000 cannot be read; leave it out";
  var NOT_SUPPORTED = 58;
  var encoder = new TextEncoder();
  var decoder = new TextDecoder();
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

  // library/keyman.ts
  var SUGGESTIONS = 12;
  var TOKEN = /[\p{L}\p{M}\p{N}_'’]+|[^\p{L}\p{M}\p{N}_'’\s]+/gu;
  var KeymanModel = class {
    constructor(typist, language) {
      __publicField(this, "typist", typist);
      __publicField(this, "language", language);
      __publicField(this, "languageUsesCasing", true);
      __publicField(this, "punctuation", {
        quotesForKeepSuggestion: { open: "“", close: "”" },
        insertAfterWord: " "
      });
    }
    configure({ maxLeftContextCodePoints }) {
      return { leftContextCodePoints: maxLeftContextCodePoints, rightContextCodePoints: 0 };
    }
    /** Suggestions after a keystroke. Each takes the keystroke's place: both begin from the text before it. */
    predict(transform, context) {
      var _a2;
      const before = (_a2 = context.left) != null ? _a2 : "";
      const kept = [...before];
      const typed = kept.slice(0, Math.max(0, kept.length - transform.deleteLeft)).join("") + transform.insert;
      return this.typist.suggest(typed, SUGGESTIONS).map(({ word, probability, text, replaces }) => {
        const accepted = typed.slice(0, typed.length - replaces) + text;
        return { sample: { transform: change(before, accepted, word), displayAs: word }, p: probability };
      });
    }
    wordbreaker(phrase) {
      return Array.from(phrase.matchAll(TOKEN), ({ 0: text, index }) => {
        return { start: index, end: index + text.length, length: text.length, text };
      });
    }
    applyCasing(form, text) {
      if (form === "lower") return text.toLocaleLowerCase(this.language);
      if (form === "upper") return text.toLocaleUpperCase(this.language);
      const [first = "", ...rest] = text;
      return first.toLocaleUpperCase(this.language) + rest.join("");
    }
  };
  function change(before, after, word) {
    const [old, changed] = [[...before], [...after]];
    const most = after.endsWith(word) ? changed.length - [...word].length : changed.length;
    let same = 0;
    while (same < most && same < old.length && old[same] === changed[same]) same += 1;
    return { insert: changed.slice(same).join(""), deleteLeft: old.length - same };
  }
  function decoded(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }
  var module = new WebAssembly.Module(decoded(FOREWORD.module));
  var files = Object.fromEntries(Object.entries(FOREWORD.files).map(([name, content]) => [name, decoded(content)]));
  var _a;
  LMLayerWorker.loadModel(new KeymanModel(loadSync(files, module).typist(), (_a = FOREWORD.language) != null ? _a : void 0));
})();
