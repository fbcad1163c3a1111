// What was read, by which model, and how surprising it was; and the bar that walks through the words.
import { type Maybe, bits, byId, element, mean, number, plural, word } from "../shared/elements";
import { T, wordAt, choose, chosen, data, listen, shownWord } from "./document";

function perplexityHere() {
  if (data.perplexity !== undefined) return data.perplexity;
  const known = data.came.map(bits).filter((surprise) => surprise !== null);
  return known.length ? 2 ** mean(known) : null;
}

export function drawHeader() {
  const model = data.model;
  byId("made").textContent = `Foreword ${data.foreword} · ${data.made}`;
  byId("about").append(
    model.about.slice(0, 1).toUpperCase() + model.about.slice(1),
    model.trained_on ? `, trained on ${model.trained_on}.` : ".",
  );
  const here = perplexityHere();
  const facts: ([string, string, string] | null)[] = [
    [
      "perplexity of this text",
      here === null ? "–" : number(here),
      here === null
        ? "no word came after the first"
        : `as unsure as among ${number(here, 2)} equally likely words`,
    ],
    model.perplexity === null
      ? null
      : [
          "perplexity in training’s validation",
          number(model.perplexity),
          here === null
            ? ""
            : here > model.perplexity
              ? "this text surprises it more"
              : "this text surprises it less",
        ],
    [
      "words read",
      T.toLocaleString("en"),
      `${new Set(data.words).size.toLocaleString("en")} different ones`,
    ],
    [
      "units",
      model.layers > 1 ? `${model.layers} × ${model.hidden_size}` : String(model.hidden_size),
      plural(model.layers, "layer"),
    ],
    [
      "parameters",
      model.parameters >= 1e6
        ? `${number(model.parameters / 1e6)} M`
        : model.parameters.toLocaleString("en"),
      `${model.vocab_size.toLocaleString("en")} words known`,
    ],
  ];
  byId("facts").append(
    ...facts
      .filter((fact) => fact !== null)
      .map(([name, value, note]) =>
        element(
          "div",
          {},
          element("dt", {}, name),
          element("dd", { class: "value" }, value),
          element("dd", { class: "note" }, note),
        ),
      ),
  );
  byId("notes").append(...data.notes.map((note) => element("li", {}, note)));
}

export function drawWalker() {
  const label = element("button", {
    type: "button",
    class: "walker-word",
    title: "To this word in the network",
    onclick: () => {
      byId("unrolled").scrollIntoView();
    },
  });
  const step = (by: number, text: string, name: string) =>
    element(
      "button",
      {
        type: "button",
        "aria-label": name,
        onclick: () =>
          choose({ word: Math.min(T - 1, Math.max(0, chosen.word + by)), hover: null }),
      },
      text,
    );
  byId("walker").append(step(-1, "‹", "The word before"), label, step(1, "›", "The next word"));
  const show = () =>
    label.replaceChildren(
      element("span", { class: "count" }, String(shownWord())),
      " ",
      word(wordAt(shownWord())),
    );
  listen(["word", "hover"], show);
  show();
}

/** How surprising a word was, 0 to 1, as the strength of a colour; 12 bits and more are all of it. */
export const warmth = (p: Maybe): number => Math.min(1, (bits(p) ?? 0) / 12);
