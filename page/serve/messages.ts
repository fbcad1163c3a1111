// What the server says: suggestions, and what the network did at the last word that it read.
export interface Suggestion {
  word: string;
  /** The whole text up to the cursor after accepting. */
  text: string;
  probability: number;
}

/** Numbers by name: of gates, or of h and c; null where a number is not finite. */
export type Arrays = Record<string, (number | null)[]>;

export interface LayerTrace {
  gates: Arrays;
  states: Arrays;
}

export interface WordTrace {
  word: string;
  layers: LayerTrace[];
}

export interface Answer {
  suggestions: Suggestion[];
  trace?: WordTrace;
}

export interface Refusal {
  code: string;
  message: string;
}

export interface Question {
  text: string;
  k: number;
  model: string | null;
  /** Further models, whose words are suggested too. */
  also?: string[];
  phrases: boolean;
  trace: boolean;
}

/** A question about a translation that is being typed; `word` asks for alternatives to a word. */
export interface TranslationQuestion {
  source: string;
  text: string;
  k: number;
  model: string | null;
  phrases: boolean;
  rest: boolean;
  attention: boolean;
  word?: number;
}

export interface Look {
  start: number;
  end: number;
  weights: number[];
}

export interface Attention {
  source: { start: number; end: number }[];
  words: Look[];
}

export interface TranslationAnswer {
  suggestions: Suggestion[];
  rest?: string;
  attention?: Attention;
  alternatives?: Suggestion[];
}
