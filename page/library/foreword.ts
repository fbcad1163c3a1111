/**
 * Next-word prediction from a Foreword model folder: in browsers, in workers and in Node, without a server.
 *
 * The predictor is foreword.wasm, which C++ is compiled to. Each model, or mixture of models, has an instance of it, so that
 * a model's memory is freed with the model, and so is that of a model that was refused.
 */

/** A model folder's files by their names, such as `config.json`. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** The URL of a model folder, or its files. */
export type Source = string | URL | ModelFiles;

export interface LoadOptions {
    /** foreword.wasm: its URL, its bytes or what they compiled to. By default it lies beside this script. */
    readonly module?: string | URL | BufferSource | WebAssembly.Module;
}

/** A possible next word. */
export interface Candidate {
    readonly word: string;
    /** The word's number in the vocabulary. */
    readonly id: number;
    /** From 0 to 1. */
    readonly probability: number;
}

export interface BestOptions {
    /** Ids of words that are left out. By default those of `<unk>` and `<eos>`. */
    readonly hidden?: readonly number[];
}

export interface TypistOptions {
    /** Suggests words that are a slip away even if others begin as typed. */
    readonly tolerant?: boolean;
    /** Suggests offensive words, too. */
    readonly offensive?: boolean;
    /** Further words that are never suggested, in any case. */
    readonly blocked?: readonly string[];
    /** Which keys are neighbours: a slip onto one of them is likelier. */
    readonly layout?: (typeof LAYOUTS)[number];
    /** Suggests the words and phrases of up to three words that together save the most keys. */
    readonly phrases?: boolean;
}

/** A word or phrase to offer. */
export interface Suggestion {
    /** As it is written at the cursor, with the letters that are typed already. */
    readonly word: string;
    /** That this word is intended, from 0 to 1. */
    readonly probability: number;
    /** What replaces the end of the text if the word is accepted, without a space after it. */
    readonly text: string;
    /** The length of the end of the text that it replaces; often 0. */
    readonly replaces: number;
}

export interface LettersOptions {
    /** For a keyboard without capitals: words are typed in lower case, and a typed capital counts as its small letter. */
    readonly ignoreCase?: boolean;
}

/** What may come next, character by character. */
export interface Letters {
    /** The probability of each next character, the most probable first; they sum to 1. `"\n"` ends the line. */
    readonly next: ReadonlyMap<string, number>;
    /**
     * The probability that the letters at the end of the text are a whole word; 0 after a space or a mark. It is part of
     * those of the space, the marks and the end of the line.
     */
    readonly endOfWord: number;
}

export interface TraceOptions {
    /** Whether letters at the end are an unfinished word, which has not been read. By default, whichever is likelier. */
    readonly complete?: boolean;
}

/** What a layer of the network did at a word, unit by unit, by the names in the equations of its cell. */
export interface LayerTrace {
    /** Such as `i`, `f`, `g` and `o` of an LSTM; none of an Elman network. */
    readonly gates: Readonly<Record<string, Float32Array>>;
    /** `h`, and `c` of a cell that has a memory, after the word. */
    readonly states: Readonly<Record<string, Float32Array>>;
}

/** What the network did at the last word that it read. */
export interface WordTrace {
    /** `<eos>` for the end of a line, and before the first word. */
    readonly word: string;
    /** The first one is the one after the embedding. */
    readonly layers: readonly LayerTrace[];
}

/** What was wrong with a model, a state or an argument, and what to do. */
export class ForewordError extends Error {
    override readonly name = "ForewordError";
}

/** The id of a word that the vocabulary lacks. */
export const UNK = 0;
/** The id of the end of a line. */
export const EOS = 1;

/** `foreword_ending` of the library for C. */
const [EITHER, UNFINISHED, WHOLE] = [0, 1, 2];
const LAYOUTS = ["qwerty", "qwertz", "azerty"] as const;
const REQUIRED = ["config.json", "model.safetensors", "tokenizer.json"] as const;
/** Files that a model has if its configuration names them. */
const OPTIONAL = ["rare.txt", "spacing.json", "misspellings.json", "ngrams.safetensors"] as const;

/**
 * Loads a model.
 *
 * @param source the URL of its folder, or its files.
 * @throws ForewordError: a file is missing, damaged, or of a model that only Foreword for Python runs.
 */
export async function load(source: Source, options: LoadOptions = {}): Promise<Model> {
    const [module, files] = await Promise.all([compiled(options.module), filesOf(source)]);
    return new Model(await Instance.of(module), files);
}

/**
 * Loads a model at once, where nothing can be waited for. In a page, browsers may refuse to do so with a large module;
 * in workers and in Node, they do not.
 *
 * @param module what foreword.wasm was compiled to: `new WebAssembly.Module(bytes)`.
 * @throws ForewordError: a file is missing, damaged, or of a model that only Foreword for Python runs.
 */
export function loadSync(files: ModelFiles, module: WebAssembly.Module): Model {
    return new Model(Instance.at(module), files);
}

/**
 * Loads several models for people who mix languages.
 *
 * @param sources at least two, as for `load`.
 * @throws ForewordError: as of `load`.
 */
export async function loadMixture(sources: readonly Source[], options: LoadOptions = {}): Promise<Mixture> {
    const [module, ...models] = await Promise.all([compiled(options.module), ...sources.map(filesOf)]);
    return new Mixture(await Instance.of(module), models);
}

/** A next-word model. */
export class Model {
    /** The number of words in the vocabulary; their ids are below it. */
    readonly words: number;
    private readonly instance: Instance;
    private readonly handle: number;

    /** @internal */
    constructor(instance: Instance, files: ModelFiles) {
        this.instance = instance;
        this.handle = instance.modelOf(files);
        this.words = instance.call("foreword_model_words", this.handle);
    }

    /** The word with this id; undefined if there is none. */
    word(id: number): string | undefined {
        const address = this.instance.call("foreword_model_word", this.handle, wholeNumber(id, "a word's id"));
        return address === 0 ? undefined : this.instance.textAt(address);
    }

    /** The id of a word that is spelled as in the vocabulary; `UNK` if the vocabulary lacks it. */
    id(word: string): number {
        return this.instance.withText(word, (address) => this.instance.call("foreword_model_id", this.handle, address));
    }

    /** The state at the beginning of a line. */
    start(): State {
        return this.state(this.instance.call("foreword_state_new", this.handle, 0));
    }

    /**
     * The state of `State.toBytes`, or of Foreword for Python.
     *
     * @throws ForewordError: the bytes are damaged, or of another model.
     */
    stateFromBytes(bytes: Uint8Array): State {
        return this.instance.withBytes(bytes, (address) => {
            return this.state(this.instance.call("foreword_state_from_bytes", this.handle, address, bytes.length, 0));
        });
    }

    /**
     * A typist for one user or field. The first one of a model takes longer, since its words are sorted then.
     *
     * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped; or a file is damaged.
     */
    typist(options: TypistOptions = {}): Typist {
        return new Typist(this.instance, this.handle, options);
    }

    private state(handle: number): State {
        return new State(this, this.instance, handle, this.instance.call("foreword_state_size", this.handle));
    }
}

/** Several next-word models, each of its own language. */
export class Mixture {
    private readonly instance: Instance;
    private readonly handles: readonly number[];

    /** @internal */
    constructor(instance: Instance, models: readonly ModelFiles[]) {
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
    typist(options: TypistOptions = {}): Suggester {
        const { instance, handles } = this;
        const handle = withOptions(instance, options, (given) =>
            instance.withBytes(bytesOfWords(handles), (models) =>
                instance.call("foreword_typist_new_mixed", models, handles.length, given, 0),
            ),
        );
        return new Suggester(instance, handle);
    }
}

/** What a model remembers of the words so far: a value of a few kilobytes, which never changes. */
export class State {
    private readonly model: Model;
    private readonly instance: Instance;
    private readonly handle: number;
    private readonly size: number;

    /** @internal */
    constructor(model: Model, instance: Instance, handle: number, size: number) {
        [this.model, this.instance, this.handle, this.size] = [model, instance, handle, size];
        instance.freeWith(this, "foreword_state_free", handle);
    }

    /**
     * The state after one more word; `EOS` ends a line.
     *
     * @throws ForewordError: there is no such word.
     */
    advance(word: number): State {
        const id = wholeNumber(word, "a word's id");
        return this.changed((handle) => this.instance.call("foreword_state_advance", handle, id, 0));
    }

    /**
     * The state after a text that goes on here: its words, and an end of line for each newline.
     *
     * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped.
     */
    read(text: string): State {
        return this.instance.withText(text, (address) => {
            return this.changed((handle) => this.instance.call("foreword_state_read", handle, address, 0));
        });
    }

    /** The `count` likeliest next words, by falling probability. */
    best(count: number, { hidden = [UNK, EOS] }: BestOptions = {}): Candidate[] {
        const room = Math.min(wholeNumber(count, "the number of words"), this.model.words);
        const ids = bytesOfWords(hidden.map((id) => wholeNumber(id, "a hidden id")));
        const { instance } = this;
        return instance.withBytes(ids, (idsAt) =>
            instance.withRoom(room * CANDIDATE + 2 * WORD, (found) => {
                const candidates = found + 2 * WORD; // which holds doubles
                instance.call("foreword_state_best", this.handle, room, idsAt, hidden.length, candidates, found, 0);
                const view = instance.view();
                return Array.from({ length: view.getUint32(found, true) }, (_, k) => {
                    const id = view.getUint32(candidates + k * CANDIDATE, true);
                    const probability = view.getFloat64(candidates + k * CANDIDATE + 8, true);
                    return { word: this.model.word(id) ?? "", id, probability };
                });
            }),
        );
    }

    /** The probability of every word as the next, by its id. */
    probabilities(): Float32Array {
        const { instance, model } = this;
        return instance.withRoom(model.words * 4, (address) => {
            instance.call("foreword_state_probabilities", this.handle, address, 0);
            return new Float32Array(instance.bytesAt(address, model.words * 4).buffer);
        });
    }

    /** For `Model.stateFromBytes`, here or in Foreword for Python. Whoever knows the format can make such bytes. */
    toBytes(): Uint8Array {
        return this.instance.withRoom(this.size, (address) => {
            this.instance.call("foreword_state_to_bytes", this.handle, address, 0);
            return this.instance.bytesAt(address, this.size);
        });
    }

    private changed(change: (handle: number) => void): State {
        const copy = new State(this.model, this.instance, this.instance.call("foreword_state_copy", this.handle, 0), this.size);
        change(copy.handle);
        return copy;
    }
}

/** Suggests while one user types, and remembers what it has read: a key that adds a letter reads nothing again. */
export class Suggester {
    protected readonly instance: Instance;
    protected readonly handle: number;

    /** @internal */
    constructor(instance: Instance, handle: number) {
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
    suggest(text: string, count = 3): Suggestion[] {
        const { instance } = this;
        const room = wholeNumber(count, "the number of suggestions");
        return instance.withText(text, (address) =>
            instance.withRoom(room * SUGGESTION + 2 * WORD, (found) => {
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
                        replaces: decoder.decode(instance.bytesAt(end - replaced, replaced)).length,
                    };
                });
            }),
        );
    }
}

/** A suggester with one model, whose letters and network can be asked for, too. */
export class Typist extends Suggester {
    private readonly network: Network;

    /** @internal */
    constructor(instance: Instance, model: number, options: TypistOptions) {
        super(instance, withOptions(instance, options, (given) => instance.call("foreword_typist_new", model, given, 0)));
        this.network = {
            layers: instance.call("foreword_model_layers", model),
            units: instance.call("foreword_model_hidden_size", model),
            gates: [...instance.textAt(instance.call("foreword_model_gates", model))],
        };
    }

    /**
     * The probability of every next character: for scanning keyboards, Dasher and ambiguous keys. The first call takes
     * longer, since it sorts the ways in which the words are typed. Options of the typist do not matter: a word that is
     * never suggested can be spelled.
     *
     * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
     */
    letters(text: string, { ignoreCase = false }: LettersOptions = {}): Letters {
        const { instance } = this;
        return instance.withText(text, (address) =>
            instance.withRoom(2 * WORD + DOUBLE, (found) => {
                const [count, endOfWord] = [found + WORD, found + 2 * WORD];
                const ignored = Number(ignoreCase);
                instance.call("foreword_typist_letters", this.handle, address, ignored, found, count, endOfWord, 0);
                const view = instance.view();
                const letters = view.getUint32(found, true);
                const next = Array.from({ length: view.getUint32(count, true) }, (_, k): [string, number] => {
                    const at = letters + k * LETTER;
                    return [String.fromCodePoint(view.getUint32(at, true)), view.getFloat64(at + 8, true)];
                });
                return { next: new Map(next), endOfWord: view.getFloat64(endOfWord, true) };
            }),
        );
    }

    /**
     * What the network did at the last word that suggestions for a text are based on.
     *
     * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
     */
    trace(text: string, { complete }: TraceOptions = {}): WordTrace {
        const { instance } = this;
        const { layers, units, gates } = this.network;
        const ending = complete === undefined ? EITHER : complete ? UNFINISHED : WHOLE;
        return instance.withText(text, (address) =>
            instance.withRoom(2 * WORD, (found) => {
                instance.call("foreword_typist_trace", this.handle, address, ending, found, found + WORD, 0);
                const view = instance.view();
                const first = view.getUint32(found + WORD, true);
                const numbers = (at: number) => new Float32Array(instance.bytesAt(at, units * FLOAT).buffer);
                const layer = (at: number): LayerTrace => {
                    const [h, c, own] = [0, 1, 2].map((field) => view.getUint32(at + field * WORD, true)) as [number, number, number];
                    return {
                        gates: Object.fromEntries(gates.map((name, k) => [name, numbers(own + k * units * FLOAT)])),
                        states: c === 0 ? { h: numbers(h) } : { h: numbers(h), c: numbers(c) },
                    };
                };
                const word = instance.textAt(view.getUint32(found, true));
                return { word, layers: Array.from({ length: layers }, (_, k) => layer(first + k * LAYER)) };
            }),
        );
    }
}

/** A network's layers, the units of each, and the letters of its gates. */
interface Network {
    readonly layers: number;
    readonly units: number;
    readonly gates: readonly string[];
}

/** Bytes of a pointer or a size, of a double, of a float, and of C's structures whose names begin with `foreword_`. */
const WORD = 4;
const DOUBLE = 8;
const FLOAT = 4;
const FILE = 12;
const CANDIDATE = 16;
const LAYER = 12;
const LETTER = 16;
const SUGGESTION = 24;

interface Exports {
    readonly memory: WebAssembly.Memory;
    readonly __stack_pointer: WebAssembly.Global;
    readonly _initialize: () => void;
    readonly malloc: (bytes: number) => number;
    readonly free: (address: number) => void;
}

/** An instance of foreword.wasm, and copies into its memory and out of it. */
class Instance {
    private readonly exports: Exports & Record<string, (...values: number[]) => number>;
    private readonly registry = new FinalizationRegistry<() => void>((free) => free());
    private broken = false;

    private constructor(instance: WebAssembly.Instance) {
        this.exports = instance.exports as unknown as typeof this.exports;
        this.exports._initialize();
    }

    static async of(module: WebAssembly.Module): Promise<Instance> {
        const { imports, adopt } = Instance.surroundings(module);
        return adopt(await WebAssembly.instantiate(module, imports));
    }

    static at(module: WebAssembly.Module): Instance {
        const { imports, adopt } = Instance.surroundings(module);
        return adopt(new WebAssembly.Instance(module, imports));
    }

    /** What an instance imports, and the function that makes it known to these imports. */
    private static surroundings(module: WebAssembly.Module) {
        let made: Instance | undefined;
        const imports: Record<string, Record<string, () => number>> = {};
        // What C++'s library asks the system for, such as a place for a last message, is refused.
        for (const { module: from, name } of WebAssembly.Module.imports(module)) {
            (imports[from] ??= {})[name] = () => NOT_SUPPORTED;
        }
        const raise = (message: number, bytes: number): never => {
            throw new ForewordError(made === undefined ? "foreword.wasm failed" : decoder.decode(made.bytesAt(message, bytes)));
        };
        const adopt = (instance: WebAssembly.Instance): Instance => (made = new Instance(instance));
        return { imports: { ...imports, foreword: { throw: raise } }, adopt };
    }

    /** Loads a model from its files, which stay in memory with it. */
    modelOf(files: ModelFiles): number {
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
    call(name: string, ...values: number[]): number {
        if (this.broken) throw new ForewordError("the predictor has failed before; load the model again");
        const stack: unknown = this.exports.__stack_pointer.value;
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

    withRoom<Result>(bytes: number, use: (address: number) => Result): Result {
        const address = this.taken(bytes);
        try {
            return use(address);
        } finally {
            if (!this.broken) this.exports.free(address);
        }
    }

    withBytes<Result>(bytes: Uint8Array, use: (address: number) => Result): Result {
        return this.withRoom(bytes.length, (address) => {
            this.memory().set(bytes, address);
            return use(address);
        });
    }

    withText<Result>(text: string, use: (address: number) => Result): Result {
        if (text.includes("\0")) throw new ForewordError(NO_NUL);
        return this.withBytes(encoder.encode(`${text}\0`), use);
    }

    /** With the address of an array of the texts' addresses. */
    withTexts<Result>(texts: readonly string[], use: (address: number) => Result): Result {
        if (texts.some((text) => text.includes("\0"))) throw new ForewordError(NO_NUL);
        const lengths = texts.map((text) => encoder.encode(text).length + 1);
        return this.withBytes(encoder.encode(texts.map((text) => `${text}\0`).join("")), (first) => {
            let at = first;
            const addresses = lengths.map((length) => (at += length) - length);
            return this.withBytes(bytesOfWords(addresses), use);
        });
    }

    /** A copy. */
    bytesAt(address: number, length: number): Uint8Array {
        return this.memory().slice(address, address + length);
    }

    textAt(address: number): string {
        const memory = this.memory();
        return decoder.decode(memory.subarray(address, memory.indexOf(0, address)));
    }

    view(): DataView {
        return new DataView(this.exports.memory.buffer);
    }

    /** Frees a handle once nobody has its owner any more. */
    freeWith(owner: object, free: string, handle: number): void {
        this.registry.register(owner, () => {
            if (!this.broken) this.call(free, handle);
        });
    }

    private memory(): Uint8Array {
        return new Uint8Array(this.exports.memory.buffer);
    }

    private taken(bytes: number): number {
        const address = this.exports.malloc(Math.max(bytes, 1)) >>> 0;
        if (address === 0) throw new ForewordError("there is not enough memory");
        return address;
    }

    private placed(bytes: Uint8Array): number {
        const address = this.taken(bytes.length);
        this.memory().set(bytes, address);
        return address;
    }
}

const NO_NUL = "a text with the character U+0000 cannot be read; leave it out";
/** WASI's errno ENOTSUP. */
const NOT_SUPPORTED = 58;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOfWords(words: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(words.length * WORD));
    words.forEach((word, k) => view.setUint32(k * WORD, word, true));
    return new Uint8Array(view.buffer);
}

/** With the address of a `foreword_typist_options`. */
function withOptions(instance: Instance, options: TypistOptions, use: (address: number) => number): number {
    const { tolerant = false, offensive = false, blocked = [], layout = "qwerty", phrases = false } = options;
    return instance.withTexts(blocked, (texts) => {
        const keys = LAYOUTS.indexOf(layout);
        const fields = [Number(tolerant), Number(offensive), texts, blocked.length, keys, Number(phrases)];
        return instance.withBytes(bytesOfWords(fields), use);
    });
}

function wholeNumber(value: number, what: string): number {
    if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
    throw new ForewordError(`${what} must be a whole number from 0 to 4294967295, not ${value}`);
}

let beside: Promise<WebAssembly.Module> | undefined;

function compiled(module: LoadOptions["module"]): Promise<WebAssembly.Module> {
    if (module instanceof WebAssembly.Module) return Promise.resolve(module);
    if (module === undefined) return (beside ??= compiledFrom(new URL("foreword.wasm", import.meta.url)));
    if (typeof module === "string" || module instanceof URL) return compiledFrom(module);
    return WebAssembly.compile(module);
}

async function compiledFrom(url: string | URL): Promise<WebAssembly.Module> {
    return WebAssembly.compile(await bytesOf(url));
}

async function filesOf(source: Source): Promise<ModelFiles> {
    return typeof source === "string" || source instanceof URL ? fetched(source) : source;
}

async function fetched(folder: string | URL): Promise<ModelFiles> {
    const url = absolute(folder);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    const config = await bytesOf(new URL("config.json", url));
    const named = namedIn(config);
    const names = [...REQUIRED.slice(1), ...OPTIONAL.filter((name) => named.includes(name))];
    const contents = await Promise.all(names.map((name) => bytesOf(new URL(name, url))));
    return { "config.json": config, ...Object.fromEntries(names.map((name, k) => [name, contents[k] ?? new Uint8Array()])) };
}

/** The files whose checksums a configuration has. What is wrong with it otherwise is said when it is loaded. */
function namedIn(config: Uint8Array): string[] {
    try {
        const { checksums } = JSON.parse(decoder.decode(config)) as { checksums?: object };
        return Object.keys(checksums ?? {});
    } catch {
        return [];
    }
}

function absolute(url: string | URL): URL {
    return new URL(url, typeof location === "undefined" ? undefined : location.href);
}

async function bytesOf(address: string | URL): Promise<Uint8Array<ArrayBuffer>> {
    const url = absolute(address);
    if (url.protocol === "file:") return fromDisk(url);
    const response = await fetch(url);
    if (!response.ok) throw new ForewordError(`${url} cannot be read: HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
}

/** In Node, whose `fetch` reads no files. */
async function fromDisk(url: URL): Promise<Uint8Array<ArrayBuffer>> {
    const name: string = "node:fs/promises"; // a bundler for browsers must not look for it
    const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
        readFile: (path: URL) => Promise<Uint8Array<ArrayBuffer>>;
    };
    try {
        return await readFile(url);
    } catch (error) {
        throw new ForewordError(`${url} cannot be read`, { cause: error });
    }
}
