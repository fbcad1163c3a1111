// The predictor in a worker: loads the library and the model that lie beside the page, and answers one question after
// another.
import type { Typist } from "../library/foreword";
import type { Suggestion } from "./messages";

/** A question: all of the text up to the cursor, the largest number of suggestions, and whether phrases are among them. */
export interface Asked {
  text: string;
  k: number;
  phrases: boolean;
}

/** Whether the model is loaded, and the answer to a question. */
export type Told =
  | { kind: "ready" }
  | { kind: "failed"; message: string }
  | { kind: "suggested"; suggestions: Suggestion[] }
  | { kind: "refused"; message: string };

const tell = (told: Told): void => (self as unknown as { postMessage(told: Told): void }).postMessage(told);
const beside = (name: string): string => new URL(name, location.href).href;

function suggested(typist: Typist, { text, k }: Asked): Suggestion[] {
  return typist.suggest(text, k).map(({ word, probability, text: end, replaces }) => {
    return { word, probability, text: text.slice(0, text.length - replaces) + end };
  });
}

try {
  const { load } = (await import(beside("foreword.js"))) as typeof import("../library/foreword");
  const model = await load(beside("model/"));
  const ofWords = model.typist();
  const ofPhrases = model.typist({ phrases: true });
  self.addEventListener("message", ({ data }) => {
    try {
      const asked = data as Asked;
      tell({ kind: "suggested", suggestions: suggested(asked.phrases ? ofPhrases : ofWords, asked) });
    } catch (error) {
      tell({ kind: "refused", message: (error as Error).message });
    }
  });
  tell({ kind: "ready" });
} catch (error) {
  tell({ kind: "failed", message: (error as Error).message });
}
