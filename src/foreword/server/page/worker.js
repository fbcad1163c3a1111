// Built from page/ by npm run build. Edit there.

// serve/worker.ts
var tell = (told) => self.postMessage(told);
var beside = (name) => new URL(name, location.href).href;
function suggested(typist, { text, k }) {
  return typist.suggest(text, k).map(({ word, probability, text: end, replaces }) => {
    return { word, probability, text: text.slice(0, text.length - replaces) + end };
  });
}
try {
  const { load } = await import(beside("foreword.js"));
  const model = await load(beside("model/"));
  const ofWords = model.typist();
  const ofPhrases = model.typist({ phrases: true });
  self.addEventListener("message", ({ data }) => {
    try {
      const asked = data;
      tell({ kind: "suggested", suggestions: suggested(asked.phrases ? ofPhrases : ofWords, asked) });
    } catch (error) {
      tell({ kind: "refused", message: error.message });
    }
  });
  tell({ kind: "ready" });
} catch (error) {
  tell({ kind: "failed", message: error.message });
}
