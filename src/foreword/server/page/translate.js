// Built from page/ by npm run build. Edit there.
import {
  Connection,
  Desk,
  SHOWN,
  byId,
  element,
  offerModels,
  percent,
  shape,
  tokenOf,
  watchTheme,
  word
} from "./shared.js";

// serve/alignment.ts
var FAINT = 0.06;
var Alignment = class {
  constructor(ask2, replace2) {
    this.ask = ask2;
    this.replace = replace2;
    new ResizeObserver(() => this.draw()).observe(this.figure);
  }
  ask;
  replace;
  figure = byId("alignment-figure");
  others = byId("others");
  sources = [];
  targets = [];
  weights = [];
  text = "";
  chosen = null;
  pointed = -1;
  clear() {
    this.text = "";
    [this.sources, this.targets, this.weights] = [[], [], []];
    this.figure.replaceChildren();
    this.figure.hidden = this.others.hidden = true;
    byId("alignment-says").hidden = false;
  }
  /** Shows the words; offsets count characters, not the browser's units. */
  show(source2, text, attention) {
    this.text = text;
    this.chosen = null;
    this.pointed = -1;
    this.others.hidden = true;
    this.figure.hidden = false;
    byId("alignment-says").hidden = true;
    const [from, to] = [[...source2], [...text]];
    const piece = (all, start, end) => all.slice(start, end).join("");
    this.sources = attention.source.map(({ start, end }) => word(piece(from, start, end)));
    this.targets = attention.words.map(({ start, end }, n) => {
      const isNext = start === end;
      const label = isNext ? "next word" : piece(to, start, end);
      const attributes = {
        class: isNext ? "word to-come" : "word",
        onpointerenter: () => this.point(n),
        onpointerleave: () => this.point(-1),
        onfocus: () => this.point(n),
        onblur: () => this.point(-1)
      };
      if (isNext) return element("span", attributes, label);
      return element(
        "button",
        {
          ...attributes,
          type: "button",
          translate: "no",
          dir: "auto",
          "aria-label": `${label}: other words`,
          onclick: () => this.choose(n, start, end)
        },
        label
      );
    });
    this.weights = attention.words.map((one) => one.weights);
    this.figure.replaceChildren(
      shape("svg", { "aria-hidden": "true" }),
      element("p", { class: "row", "aria-label": "Source" }, this.sources),
      element("p", { class: "row", "aria-label": "Translation" }, this.targets)
    );
    this.draw();
  }
  /** Shows other words for the chosen one. */
  offer(others) {
    const { chosen } = this;
    if (!chosen) return;
    const characters = [...this.text];
    const width = (end) => characters.slice(0, end).join("").length;
    const old = characters.slice(chosen.start, chosen.end).join("");
    this.others.hidden = false;
    const buttons = others.map((one) => {
      const start = width(chosen.start) + this.touching(old);
      const end = start + this.inner(old).length;
      return element(
        "button",
        { type: "button", class: "other", onclick: () => this.replace(start, end, one.word) },
        word(one.word),
        element("span", { class: "suggestion-chance" }, percent(one.probability))
      );
    });
    this.others.replaceChildren(
      element("span", {}, others.length ? "Instead of " : "No other word for ", word(this.inner(old))),
      ...buttons
    );
    if (document.activeElement && this.figure.contains(document.activeElement)) buttons[0]?.focus();
  }
  draw() {
    const svg = this.figure.querySelector("svg");
    if (!svg) return;
    const base = this.figure.getBoundingClientRect();
    const isColumns = getComputedStyle(this.figure).flexDirection === "row";
    const lines = this.targets.flatMap(
      (target, n) => this.sources.map((source2, m) => {
        const weight = this.weights[n]?.[m] ?? 0;
        if (weight < FAINT) return null;
        const [a, b] = [source2.getBoundingClientRect(), target.getBoundingClientRect()];
        const [x1, y1, x2, y2] = isColumns ? [a.right + 3, (a.top + a.bottom) / 2, b.left - 3, (b.top + b.bottom) / 2] : [(a.left + a.right) / 2, a.bottom + 2, (b.left + b.right) / 2, b.top - 2];
        const isFaded = this.pointed >= 0 && this.pointed !== n;
        return shape("line", {
          x1: x1 - base.left,
          y1: y1 - base.top,
          x2: x2 - base.left,
          y2: y2 - base.top,
          class: n === this.targets.length - 1 ? "look next" : "look",
          "stroke-width": 0.8 + 2.6 * weight,
          opacity: (isFaded ? 0.12 : 1) * Math.min(1, 0.15 + weight)
        });
      })
    );
    svg.replaceChildren(...lines.filter((line2) => line2 !== null));
    const seen = this.weights[this.pointed];
    this.sources.forEach((source2, m) => {
      source2.classList.toggle("seen", (seen?.[m] ?? 0) >= 0.2);
    });
  }
  point(n) {
    this.pointed = n;
    this.draw();
  }
  choose(n, start, end) {
    this.chosen = { start, end };
    this.targets.forEach((target, m) => target.classList.toggle("chosen", m === n));
    const old = [...this.text].slice(start, end).join("");
    this.ask(this.text, start + [...old.slice(0, this.touching(old))].length);
  }
  /** How many units touch a word from before. */
  touching(old) {
    return Math.max(0, old.search(/[\p{L}\p{N}_]/u));
  }
  inner(old) {
    return /[\p{L}\p{N}\p{M}_]+(?:['’-][\p{L}\p{N}\p{M}_]+)*/u.exec(old)?.[0] ?? old;
  }
};

// serve/translate.ts
var LIKELY = 1e-3;
var PAUSE = 120;
var source = byId("source");
var token = tokenOf(location);
var model = null;
var hasModels = false;
var pause = 0;
var expected = { source: "", text: "" };
var desk = new Desk(ask);
var { field } = desk;
var alignment = new Alignment(askForOthers, replace);
var routes = {
  socket: "v1/translation",
  post: "v1/translation",
  byHttp: ({ model: _, ...fields }) => fields
};
var connection = new Connection(
  new URL(".", location.href),
  token,
  routes,
  {
    onState: (state) => {
      if (state.kind === "here" && !hasModels) void listModels();
      desk.showState(state);
    },
    onRefusal: (refusal) => desk.refuse(refusal)
  }
);
var line = () => source.value.replace(/\s+/gu, " ").trim();
function ask(text) {
  clearTimeout(pause);
  const asked = line();
  if (!asked) {
    desk.suggestions.show([]);
    alignment.clear();
    return;
  }
  if (asked === expected.source && expected.text.startsWith(text))
    showGhost(expected.text.slice(text.length));
  const question = { source: asked, text, k: SHOWN, model, phrases: true };
  connection.ask({ ...question, rest: false, attention: false }, (answer) => {
    desk.show(text, answer.suggestions);
    pause = setTimeout(() => {
      connection.ask({ ...question, rest: true, attention: true }, (more) => {
        const rest = more.rest ?? "";
        expected = { source: asked, text: text + rest };
        showGhost(rest);
        if (more.attention) alignment.show(asked, text, more.attention);
      });
    }, PAUSE);
  });
}
function showGhost(rest) {
  if (!desk.isDismissed) field.showGhost(rest.match(/\s*\S+/gu) ?? []);
}
function askForOthers(text, word2) {
  clearTimeout(pause);
  const wanted = { phrases: false, rest: false, attention: false };
  const question = { source: line(), text, k: 5, model, ...wanted, word: word2 };
  connection.ask(question, (answer) => {
    const others = answer.alternatives ?? [];
    alignment.offer(others.filter((one, rank) => rank < 2 || one.probability >= LIKELY));
  });
}
function replace(start, end, other) {
  field.replace(start, end, other);
}
async function listModels() {
  const models = await connection.models();
  if (models === null || hasModels) return;
  hasModels = true;
  const { words, translators } = models;
  const other = byId("other-page");
  other.hidden = words.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  offerModels(translators, (name) => {
    model = name;
    expected = { source: "", text: "" };
    field.area.focus();
    desk.changed();
  });
}
watchTheme(() => alignment.draw());
source.addEventListener("input", () => desk.changed());
byId("again").addEventListener("click", () => {
  source.value = "";
  field.clear();
  source.focus();
});
source.focus();
