// Who answers the questions of a page: a server, or the module in a worker. This is all that a page knows of them.
import type { Refusal } from "./messages";

export interface State {
  readonly kind: "connecting" | "here" | "away";
  /** The state in words, for the person who types. */
  readonly says: string;
  /** Why the page shows no gates and no memory now; null if there is nothing to say. */
  readonly untraced: string | null;
}

export interface Listener {
  onState(state: State): void;
  onRefusal(refusal: Refusal): void;
}

/** The models that can be asked, by name. */
export interface Models {
  words: string[];
  translators: string[];
}

export interface Answering<Question, Answer> {
  /** Asks; an earlier question that is not answered yet is given up. */
  ask(question: Question, take: (answer: Answer) => void): void;
  /** The models; null if they cannot be listed now. */
  models(): Promise<Models | null>;
}
