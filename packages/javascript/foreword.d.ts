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
export declare class ForewordError extends Error {
    readonly name = "ForewordError";
}
/** The id of a word that the vocabulary lacks. */
export declare const UNK = 0;
/** The id of the end of a line. */
export declare const EOS = 1;
declare const LAYOUTS: readonly ["qwerty", "qwertz", "azerty"];
/**
 * Loads a model.
 *
 * @param source the URL of its folder, or its files.
 * @throws ForewordError: a file is missing, damaged, or of a model that only Foreword for Python runs.
 */
export declare function load(source: Source, options?: LoadOptions): Promise<Model>;
/**
 * Loads a model at once, where nothing can be waited for. In a page, browsers may refuse to do so with a large module;
 * in workers and in Node, they do not.
 *
 * @param module what foreword.wasm was compiled to: `new WebAssembly.Module(bytes)`.
 * @throws ForewordError: a file is missing, damaged, or of a model that only Foreword for Python runs.
 */
export declare function loadSync(files: ModelFiles, module: WebAssembly.Module): Model;
/**
 * Loads several models for people who mix languages.
 *
 * @param sources at least two, as for `load`.
 * @throws ForewordError: as of `load`.
 */
export declare function loadMixture(sources: readonly Source[], options?: LoadOptions): Promise<Mixture>;
/** A next-word model. */
export declare class Model {
    /** The number of words in the vocabulary; their ids are below it. */
    readonly words: number;
    private readonly instance;
    private readonly handle;
    /** The word with this id; undefined if there is none. */
    word(id: number): string | undefined;
    /** The id of a word that is spelled as in the vocabulary; `UNK` if the vocabulary lacks it. */
    id(word: string): number;
    /** The state at the beginning of a line. */
    start(): State;
    /**
     * The state of `State.toBytes`, or of Foreword for Python.
     *
     * @throws ForewordError: the bytes are damaged, or of another model.
     */
    stateFromBytes(bytes: Uint8Array): State;
    /**
     * A typist for one user or field. The first one of a model takes longer, since its words are sorted then.
     *
     * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped; or a file is damaged.
     */
    typist(options?: TypistOptions): Typist;
    private state;
}
/** Several next-word models, each of its own language. */
export declare class Mixture {
    private readonly instance;
    private readonly handles;
    /**
     * A typist for one user or field, which suggests the words of all models in one list. The models are weighed by how
     * frequent the words of the text are in each one's vocabulary, and one of little weight is not asked. Phrases are
     * suggested where one model is asked.
     *
     * @throws ForewordError: there are fewer than two models; or as of `Model.typist`.
     */
    typist(options?: TypistOptions): Suggester;
}
/** What a model remembers of the words so far: a value of a few kilobytes, which never changes. */
export declare class State {
    private readonly model;
    private readonly instance;
    private readonly handle;
    private readonly size;
    /**
     * The state after one more word; `EOS` ends a line.
     *
     * @throws ForewordError: there is no such word.
     */
    advance(word: number): State;
    /**
     * The state after a text that goes on here: its words, and an end of line for each newline.
     *
     * @throws ForewordError: the model's words are cut by ICU, or its lines were wrapped.
     */
    read(text: string): State;
    /** The `count` likeliest next words, by falling probability. */
    best(count: number, { hidden }?: BestOptions): Candidate[];
    /** The probability of every word as the next, by its id. */
    probabilities(): Float32Array;
    /** For `Model.stateFromBytes`, here or in Foreword for Python. Whoever knows the format can make such bytes. */
    toBytes(): Uint8Array;
    private changed;
}
/** Suggests while one user types, and remembers what it has read: a key that adds a letter reads nothing again. */
export declare class Suggester {
    protected readonly instance: Instance;
    protected readonly handle: number;
    /**
     * The likeliest words at the end of a text, by falling probability; for a typist with `phrases`, words and
     * phrases, what saves the most keys first. Letters at the end are completed, mended if
     * they have a slip, or followed by a next word if they may be a whole word.
     *
     * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
     * @param count the largest number of suggestions, at least 1.
     */
    suggest(text: string, count?: number): Suggestion[];
}
/** A suggester with one model, whose letters and network can be asked for, too. */
export declare class Typist extends Suggester {
    private readonly network;
    /**
     * The probability of every next character: for scanning keyboards, Dasher and ambiguous keys. The first call takes
     * longer, since it sorts the ways in which the words are typed. Options of the typist do not matter: a word that is
     * never suggested can be spelled.
     *
     * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
     */
    letters(text: string, { ignoreCase }?: LettersOptions): Letters;
    /**
     * What the network did at the last word that suggestions for a text are based on.
     *
     * @param text all of it up to the cursor; of 4,096 characters or more, only the end is read.
     */
    trace(text: string, { complete }?: TraceOptions): WordTrace;
}
/** An instance of foreword.wasm, and copies into its memory and out of it. */
declare class Instance {
    private readonly exports;
    private readonly registry;
    private broken;
    private constructor();
    static of(module: WebAssembly.Module): Promise<Instance>;
    static at(module: WebAssembly.Module): Instance;
    /** What an instance imports, and the function that makes it known to these imports. */
    private static surroundings;
    /** Loads a model from its files, which stay in memory with it. */
    modelOf(files: ModelFiles): number;
    /** Calls a function, whose errors are thrown. */
    call(name: string, ...values: number[]): number;
    withRoom<Result>(bytes: number, use: (address: number) => Result): Result;
    withBytes<Result>(bytes: Uint8Array, use: (address: number) => Result): Result;
    withText<Result>(text: string, use: (address: number) => Result): Result;
    /** With the address of an array of the texts' addresses. */
    withTexts<Result>(texts: readonly string[], use: (address: number) => Result): Result;
    /** A copy. */
    bytesAt(address: number, length: number): Uint8Array;
    textAt(address: number): string;
    view(): DataView;
    /** Frees a handle once nobody has its owner any more. */
    freeWith(owner: object, free: string, handle: number): void;
    private memory;
    private taken;
    private placed;
}
export {};
