// Types texts by packages/javascript, for javascript.py, in Node and in a page: asks at the end of each word, or at every
// key, by a new typist. Knows nothing of files and processes.
const SHOWN = 3;

/** The nanoseconds that it takes to type all texts. */
export function taken(model, texts, atEveryKey) {
    const typist = model.typist();
    typist.suggest("", SHOWN);
    const begin = performance.now();
    for (const text of texts) {
        for (let end = 1; end <= text.length; end += 1) {
            if (atEveryKey || text[end - 1] === " ") typist.suggest(text.slice(0, end), SHOWN);
        }
    }
    return 1e6 * (performance.now() - begin);
}

/** The words that are suggested at every key of each text, with their probabilities and the text after accepting. */
export function suggested(model, texts) {
    const typist = model.typist();
    return texts.map((text) =>
        Array.from({ length: text.length }, (_, k) => {
            const typed = text.slice(0, k + 1);
            return typist.suggest(typed, SHOWN).map(({ word, probability, text: end, replaces }) => {
                return [word, typed.slice(0, typed.length - replaces) + end, probability];
            });
        }),
    );
}
