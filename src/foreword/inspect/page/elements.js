// Elements, numbers and tables. Text goes in as text nodes only: the words are not ours.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(
    ...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

const element = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);
const shape = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);
const byId = (id) => document.getElementById(id);

/** A word of the text, marked so that neither a translator nor its direction disturbs the page. */
const word = (text, attributes = {}) =>
  element(
    "span",
    {
      class: text.startsWith("<") && text.endsWith(">") ? "word sign" : "word",
      translate: "no",
      dir: "auto",
      ...attributes,
    },
    text,
  );

const quoted = (text) => `“${text}”`;

function percent(p) {
  if (p === null || p === undefined) return "–";
  const whole = 100 * p;
  if (whole < 0.1) return "<\u00a00.1\u00a0%";
  return `${whole.toFixed(whole < 9.95 ? 1 : 0)}\u00a0%`;
}

function number(x, digits = 3) {
  if (x === null || x === undefined) return "–";
  if (x !== 0 && (Math.abs(x) < 0.001 || Math.abs(x) >= 1e5))
    return x.toExponential(1).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return Number(x.toPrecision(digits))
    .toLocaleString("en", { maximumFractionDigits: 6 })
    .replace("-", "−");
}

function fixed(x, digits = 2) {
  if (x === null || x === undefined) return "–";
  const text = x.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
const bits = (p) => (p === null || p === undefined ? null : -Math.log2(Math.max(p, 1e-12)));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** The numbers behind a figure, for those who cannot see it; made when it is opened. */
function asTable(caption, headings, rows) {
  const details = element(
    "details",
    { class: "numbers" },
    element("summary", { "aria-label": `${caption}, as a table` }, "As a table"),
  );
  details.addEventListener("toggle", () => {
    if (details.querySelector("table")) return;
    const body = rows().map((row) =>
      element(
        "tr",
        {},
        row.map((cell, k) =>
          k === 0 ? element("th", { scope: "row" }, cell) : element("td", {}, cell),
        ),
      ),
    );
    details.append(
      element(
        "div",
        { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption },
        element(
          "table",
          {},
          element("caption", {}, caption),
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              headings.map((heading) => element("th", { scope: "col" }, heading)),
            ),
          ),
          element("tbody", {}, body),
        ),
      ),
    );
  });
  return details;
}

/** One of several: a group of buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  const buttons = options.map(([value, text]) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === chosen),
        "data-value": String(value),
        onclick: () => pick(value),
      },
      text,
    ),
  );
  function pick(value) {
    group.mark(value);
    choose(value);
  }
  const group = element(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    element("span", { class: "choice-label", "aria-hidden": "true" }, label),
    buttons,
  );
  group.mark = (value) => {
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
  };
  return group;
}

/** In place of a figure that this model or text has none of. */
const nothing = (text) => element("p", { class: "nothing" }, text);
