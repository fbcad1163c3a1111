// Runs models in Node by packages/javascript. Reads an array of models from standard input: each has a folder, perhaps
// the bytes of a state to begin with, steps, of which each is a word's id or a text, and texts after which a typist
// suggests words or letters, or is traced; or several folders for a typist of a mixture. Writes what each step and each text
// led to.
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { load, loadMixture } from "../../packages/javascript/foreword.js";

const models = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(await Promise.all(models.map(answers))));

async function answers(asked) {
    return asked.folders === undefined ? ofOne(asked) : ofMixture(asked);
}

async function ofMixture({ folders, typed, options, count }) {
    try {
        const mixture = await loadMixture(folders.map((folder) => pathToFileURL(`${folder}/`)));
        const typist = mixture.typist(options);
        return { suggestions: typed.map((content) => suggested(typist, content, count)) };
    } catch (error) {
        return { error: `${error.name}: ${error.message}` };
    }
}

async function ofOne({ folder, begin, steps = [], typed = [], options, count, spelled = [], ignoreCase, traced = [], complete }) {
    try {
        const model = await load(pathToFileURL(`${folder}/`));
        let state = begin === undefined ? model.start() : model.stateFromBytes(Buffer.from(begin, "hex"));
        const states = steps.map((step) => {
            try {
                state = typeof step === "number" ? state.advance(step) : state.read(step);
            } catch (error) {
                return { error: `${error.name}: ${error.message}`, bytes: hex(state) };
            }
            return { bytes: hex(state), best: state.best(7), probabilities: [...state.probabilities()] };
        });
        const typist = typed.length + spelled.length + traced.length > 0 ? model.typist(options) : undefined;
        const letters = spelled.map((content) => {
            const { next, endOfWord } = typist.letters(content, { ignoreCase });
            return { next: [...next], endOfWord };
        });
        const traces = traced.map((content) => traceOf(typist, content, complete));
        return { states, suggestions: typed.map((content) => suggested(typist, content, count)), letters, traces };
    } catch (error) {
        return { error: `${error.name}: ${error.message}` };
    }
}

function suggested(typist, content, count) {
    return typist.suggest(content, count).map(({ word, probability, text: written, replaces }) => {
        return { word, probability, accepted: content.slice(0, content.length - replaces) + written };
    });
}

function traceOf(typist, content, complete) {
    const { word, layers } = typist.trace(content, { complete });
    const lists = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, [...values]]));
    return { word, layers: layers.map(({ gates, states }) => ({ gates: lists(gates), states: lists(states) })) };
}

function hex(state) {
    return Buffer.from(state.toBytes()).toString("hex");
}
