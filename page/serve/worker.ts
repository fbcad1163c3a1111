// The predictor in a worker: loads the model that lies beside the page, and answers one question after another.
import { type Typist, load } from "../library/foreword";
import type { Suggestion } from "./messages";

/** A question: all of the text up to the cursor, and the largest number of suggestions. */
export interface Asked {
  text: string;
  k: number;
}

/** Whether the model is loaded, and the answer to a question. */
export type Told =
  | { kind: "ready" }
  | { kind: "failed"; message: string }
  | { kind: "suggested"; suggestions: Suggestion[] }
  | { kind: "refused"; message: string };

const tell = (told: Told): void => (self as unknown as { postMessage(told: Told): void }).postMessage(told);
const beside = (name: string): URL => new URL(name, location.href);

function suggested(typist: Typist, { text, k }: Asked): Suggestion[] {
  return typist.suggest(text, k).map(({ word, probability, text: end, replaces }) => {
    return { word, probability, text: text.slice(0, text.length - replaces) + end };
  });
}

try {
  const model = await load(beside("model/"), { module: beside("foreword.wasm") });
  const typist = model.typist();
  self.addEventListener("message", ({ data }) => {
    try {
      tell({ kind: "suggested", suggestions: suggested(typist, data as Asked) });
    } catch (error) {
      tell({ kind: "refused", message: (error as Error).message });
    }
  });
  tell({ kind: "ready" });
} catch (error) {
  tell({ kind: "failed", message: (error as Error).message });
}
