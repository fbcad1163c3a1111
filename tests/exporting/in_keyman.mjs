// Runs a lexical model as the worker of Keyman's engine does: reads the path of its script and keystrokes from standard
// input, and writes what it says of each.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import vm from "node:vm";

const { script, keystrokes, phrases, casings } = JSON.parse(await text(process.stdin));
let model;
const names = { atob, TextEncoder, TextDecoder, WebAssembly, FinalizationRegistry, Uint8Array, LMLayerWorker: undefined };
names.LMLayerWorker = { loadModel: (loaded) => (model = loaded) };
vm.runInNewContext(readFileSync(script, "utf8"), names);
process.stdout.write(
    JSON.stringify({
        configuration: model.configure({ maxLeftContextCodePoints: 64 }),
        punctuation: model.punctuation,
        predicted: keystrokes.map(([transform, context]) => model.predict(transform, context)),
        broken: phrases.map((phrase) => model.wordbreaker(phrase)),
        cased: casings.map(([form, word]) => model.applyCasing(form, word)),
    }),
);
