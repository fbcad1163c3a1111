// The table of a layer's units: how long each holds, and the words that open and close it.
import { element, fixed, number, word } from "../shared/elements";
import { type Row, choose, chosen, data, listen, shownLayer } from "./document";

/** All units by how long they hold, with the words that open and close them. */
type Column = readonly [name: string, text: string, value: (row: Row) => number];

export function rankingTable(container: HTMLElement): void {
  const isKept = data.layers[0]?.keep !== null;
  const columns: Column[] = [
    ["unit", "unit", (row) => row.unit],
    ["time_constant", "time constant, words", (row) => row.time_constant ?? -1],
    ...(isKept
      ? [["longest_hold", "longest hold, words", (row: Row) => row.longest_hold ?? -1] as const]
      : []),
    [
      "keep",
      isKept ? "mean kept" : "correlation with itself",
      (row) => row.keep ?? -1,
    ],
    ["range", "range", (row) => row.range],
  ];
  let by: { name: string; value: Column[2]; way: number } | null = null;
  let all = false;
  const build = () => {
    const layer = shownLayer();
    if (!layer?.ranking.length) {
      container.replaceChildren();
      return;
    }
    const isGated = layer.keep !== null;
    const rows = [...layer.ranking];
    const sorted = by;
    if (sorted) rows.sort((a, b) => sorted.way * (sorted.value(a) - sorted.value(b)));
    const some = all ? rows : rows.slice(0, 10);
    const heading = ([name, text, value]: Column) =>
      element(
        "th",
        {
          scope: "col",
          "aria-sort": by?.name === name ? (by.way > 0 ? "ascending" : "descending") : "none",
        },
        element(
          "button",
          {
            type: "button",
            onclick: () => {
              by = { name, value, way: by?.name === name ? -by.way : name === "unit" ? 1 : -1 };
              build();
            },
          },
          text,
        ),
      );
    const words = (list: Row["opens"]) =>
      list.map(([text, p], n) => [
        n ? " " : "",
        word(text),
        element("span", { class: "chance" }, fixed(p)),
      ]);
    container.replaceChildren(
      element(
        "div",
        {
          class: "scrolls",
          tabindex: "0",
          role: "region",
          "aria-label": "Units by how long they hold",
        },
        element(
          "table",
          { class: "units" },
          element(
            "caption",
            {},
            isGated
              ? "Units by how long they hold, with the words at which they take in most and let go most"
              : "Units by how long they hold, told by how alike each is to itself one word later",
          ),
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              columns.map(heading),
              isGated && element("th", { scope: "col" }, "opens at"),
              isGated && element("th", { scope: "col" }, "closes at"),
            ),
          ),
          element(
            "tbody",
            {},
            some.map((row) =>
              element(
                "tr",
                {
                  "data-unit": row.unit,
                  class: row.position === chosen.position ? "is-chosen" : "",
                  onclick: () => choose({ position: row.position }),
                },
                element(
                  "th",
                  { scope: "row" },
                  element(
                    "button",
                    { type: "button", "aria-pressed": String(row.position === chosen.position) },
                    String(row.unit),
                  ),
                ),
                element("td", {}, number(row.time_constant)),
                isGated && element("td", {}, String(row.longest_hold ?? "–")),
                element("td", {}, row.keep === null ? "–" : fixed(row.keep)),
                element("td", {}, fixed(row.range)),
                isGated && element("td", { class: "words" }, words(row.opens)),
                isGated && element("td", { class: "words" }, words(row.closes)),
              ),
            ),
          ),
        ),
      ),
      rows.length > 10
        ? element(
            "button",
            {
              type: "button",
              class: "more",
              onclick: () => {
                all = !all;
                build();
              },
            },
            all ? "Show the first ten" : `Show all ${rows.length} units`,
          )
        : "",
    );
  };
  listen(["layer", "position"], build);
  build();
}
