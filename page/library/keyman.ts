// A lexical model for Keyman (custom-1.0): what a model file of `foreword export --keyman` runs in the worker of
// Keyman's prediction engine. The types of Keyman are those of @keymanapp/models-types.
/// <reference types="@keymanapp/models-types" />
import { type Typist, loadSync } from "./foreword";

/** Of Keyman's engine, which takes the model. */
declare const LMLayerWorker: { loadModel(model: LexicalModel): void };
/** Written before this script by Foreword: files as base64, and the language (BCP 47), if the model names it. */
declare const FOREWORD: {
    readonly module: string;
    readonly files: Readonly<Record<string, string>>;
    readonly language: string | null;
};

/** As many as Keyman's own models suggest. */
const SUGGESTIONS = 12;
/** Words, and marks between them. */
const TOKEN = /[\p{L}\p{M}\p{N}_'’]+|[^\p{L}\p{M}\p{N}_'’\s]+/gu;

class KeymanModel implements LexicalModel {
    readonly languageUsesCasing = true;
    readonly punctuation: LexicalModelPunctuation = {
        quotesForKeepSuggestion: { open: "“", close: "”" },
        insertAfterWord: " ",
    };

    constructor(
        private readonly typist: Typist,
        private readonly language: string | undefined,
    ) {}

    configure({ maxLeftContextCodePoints }: Capabilities): Configuration {
        return { leftContextCodePoints: maxLeftContextCodePoints, rightContextCodePoints: 0 };
    }

    /** Suggestions after a keystroke. Each takes the keystroke's place: both begin from the text before it. */
    predict(transform: Transform, context: Context): Distribution<Suggestion> {
        const before = context.left ?? "";
        const kept = [...before];
        const typed = kept.slice(0, Math.max(0, kept.length - transform.deleteLeft)).join("") + transform.insert;
        return this.typist.suggest(typed, SUGGESTIONS).map(({ word, probability, text, replaces }) => {
            const accepted = typed.slice(0, typed.length - replaces) + text;
            return { sample: { transform: change(before, accepted, word), displayAs: word }, p: probability };
        });
    }

    wordbreaker(phrase: string): Span[] {
        return Array.from(phrase.matchAll(TOKEN), ({ 0: text, index }) => {
            return { start: index, end: index + text.length, length: text.length, text };
        });
    }

    applyCasing(form: CasingForm, text: string): string {
        if (form === "lower") return text.toLocaleLowerCase(this.language);
        if (form === "upper") return text.toLocaleUpperCase(this.language);
        const [first = "", ...rest] = text;
        return first.toLocaleUpperCase(this.language) + rest.join("");
    }
}

/** What makes one text of another: as Keyman's own models have it, it writes the whole last word. */
function change(before: string, after: string, word: string): Transform {
    const [old, changed] = [[...before], [...after]];
    const most = after.endsWith(word) ? changed.length - [...word].length : changed.length;
    let same = 0;
    while (same < most && same < old.length && old[same] === changed[same]) same += 1;
    return { insert: changed.slice(same).join(""), deleteLeft: old.length - same };
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const module = new WebAssembly.Module(decoded(FOREWORD.module));
const files = Object.fromEntries(Object.entries(FOREWORD.files).map(([name, content]) => [name, decoded(content)]));
LMLayerWorker.loadModel(new KeymanModel(loadSync(files, module).typist(), FOREWORD.language ?? undefined));
