// What several figures have: their numbers as a table, a choice between views, a note.
import { type Child, element } from "../shared/elements";

/** The numbers behind a figure, for those who cannot see it; made when it is opened. */
export function asTable(
  caption: string,
  headings: readonly string[],
  rows: () => Child[][],
): HTMLElement {
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
export function choice<V extends string | number | boolean>(
  label: string,
  options: readonly (readonly [V, string])[],
  chosen: V,
  choose: (value: V) => void,
): HTMLElement {
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
  function pick(value: V) {
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(button.dataset["value"] === String(value)));
    choose(value);
  }
  return element(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    element("span", { class: "choice-label", "aria-hidden": "true" }, label),
    buttons,
  );
}

/** In place of a figure that this model or text has none of. */
export const nothing = (text: string): HTMLElement => element("p", { class: "nothing" }, text);
