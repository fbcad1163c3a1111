// What each earlier word earned of a prediction, and what its erasure costs.
import { byId, element, fixed, percent, word } from "../shared/elements";
import { asTable, nothing } from "./tables";
import { legend, ramp, repaint } from "./charts";
import { type Attribution, wordAt, choose, chosen, data, listen, shownWord } from "./document";

export function drawAttributions() {
  const figure = byId("attributions-figure");
  if (!data.attributions.length) {
    figure.append(
      nothing("No prediction was taken apart: the text is too short, or none was asked for."),
    );
    return;
  }
  const pick = element("div", {
    class: "chips",
    role: "group",
    "aria-label": "The prediction to take apart",
  });
  const passage = element("div", { class: "passage" });
  const finding = element("p", { class: "finding" });
  const numbers = element("div");
  const chips = data.attributions.map((one, k) =>
    element(
      "button",
      { type: "button", "aria-pressed": "false", onclick: () => choose({ attribution: k }) },
      element("span", { class: "chip-before" }, "… ", word(wordAt(one.at))),
      " ",
      element("b", {}, word(one.target)),
      element("span", { class: "chance" }, percent(one.probability)),
    ),
  );
  pick.append(...chips);
  // Without the library for integrated gradients erasure alone is there, and gives the colours.
  const isIntegrated = data.attributions.some((one) => one.integrated);
  const earnedOf = (one: Attribution) => one.integrated ?? one.erased;
  const most = Math.max(...data.attributions.flatMap((one) => earnedOf(one).map(Math.abs)), 1e-9);
  figure.append(
    pick,
    passage,
    element(
      "div",
      { class: "passage-key" },
      legend(-most, most),
      element(
        "span",
        {},
        isIntegrated
          ? "nats earned; the bar beneath: nats lost when the word is erased"
          : "nats lost when the word is erased",
      ),
    ),
    finding,
    numbers,
  );
  const show = () => {
    const one = data.attributions[chosen.attribution]!;
    chips.forEach((chip, k) => chip.setAttribute("aria-pressed", String(k === chosen.attribution)));
    const loss = Math.max(...one.erased.map(Math.abs), 1e-9);
    const table = ramp(true);
    const token = (text: string, k: number) => {
      const [earned, erased] = [earnedOf(one)[k]!, one.erased[k]!];
      const level = Math.round(127.5 + 127.5 * (earned / most));
      const [r, g, b] = [...table.slice(4 * level, 4 * level + 3)] as [number, number, number];
      const light = 0.299 * r + 0.587 * g + 0.114 * b > 140;
      return element(
        "button",
        {
          type: "button",
          class: light ? "token on-light" : "token on-dark",
          "data-word": one.first + k,
          "--earned": `rgb(${r} ${g} ${b})`,
          "--lost": Math.abs(erased) / loss,
          "aria-label": `${text}: earned ${fixed(earned)} nats, erased ${fixed(erased)}`,
          title: `earned ${fixed(earned)} nats; erased: ${fixed(erased)}`,
          onclick: () => choose({ word: one.first + k, hover: null }),
        },
        word(text),
        element("span", { class: erased < 0 ? "lost against" : "lost" }),
        element("span", { class: "earned" }, fixed(earned)),
      );
    };
    passage.replaceChildren(
      ...data.words.slice(one.first, one.at + 1).map(token),
      element(
        "span",
        { class: "target" },
        element("span", { class: "arrow", "aria-hidden": "true" }, "→"),
        word(one.target),
        element("span", { class: "chance" }, percent(one.probability)),
      ),
    );
    finding.replaceChildren(
      "With empty words before it, ",
      word(one.target),
      ` had ${percent(one.baseline_probability)}; after this text ${percent(one.probability)}. That is a difference of ${fixed(one.difference)} nats${one.integrated ? `; what the words earned adds up to ${fixed(one.sum)}` : ""}. `,
      one.agreement === null || one.agreement === undefined
        ? ""
        : `Erasure ranks the words ${one.agreement > 0.8 ? "almost alike" : one.agreement > 0.4 ? "similarly" : "differently"} (rank correlation ${fixed(one.agreement)}).`,
    );
    numbers.replaceChildren(
      asTable("What each word earned", ["number", "word", "earned, nats", "erased, nats"], () =>
        one.erased.map((lost, k) => [
          String(one.first + k),
          word(wordAt(one.first + k)),
          fixed(one.integrated?.[k], 3),
          fixed(lost, 3),
        ]),
      ),
    );
    mark();
  };
  const mark = () =>
    passage
      .querySelectorAll<HTMLElement>(".token")
      .forEach((token) =>
        token.classList.toggle("is-chosen", Number(token.dataset["word"]) === shownWord()),
      );
  listen(["attribution"], show);
  listen(["word"], () => {
    const nearest = data.attributions.reduce(
      (best, one, k) =>
        Math.abs(one.at - chosen.word) < Math.abs(data.attributions[best]!.at - chosen.word)
          ? k
          : best,
      chosen.attribution,
    );
    // A word inside the passage is looked at there; only one beyond it asks for another prediction.
    const one = data.attributions[chosen.attribution]!;
    const exact = data.attributions.findIndex((other) => other.at === chosen.word);
    if (exact >= 0) choose({ attribution: exact });
    else if (chosen.word < one.first || chosen.word > one.at) choose({ attribution: nearest });
  });
  listen(["word", "hover"], mark);
  repaint.push(show);
  show();
}
