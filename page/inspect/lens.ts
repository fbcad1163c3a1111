// The lens: one word's prediction, its gates, and the units that charged and discharged.
import { bits, byId, element, fixed, percent, word } from "../shared/elements";
import { nothing } from "./tables";
import { paintStrip } from "./charts";
import { type Layer, wordAt, T, choose, chosen, data, gateClass, isSigned, orderOf, shownLayer, shownWord } from "./document";

/** The gates of the shown word: their means, all units as a strip, and who charged and discharged. */
export function drawLens(lens: HTMLElement): void {
  const t = shownWord();
  const layer = shownLayer();
  const next = t + 1 < T ? wordAt(t + 1) : null;
  const said = element(
    "div",
    { class: "lens-said" },
    element(
      "p",
      { class: "lens-title" },
      element("span", { class: "count" }, `word ${t}`),
      " ",
      word(wordAt(t)),
    ),
    element(
      "p",
      { class: "lens-note" },
      next === null
        ? "The text ends here; nothing came."
        : [
            word(next),
            ` came: ${percent(data.came[t])}, rank ${(data.rank[t] ?? "–").toLocaleString("en")}, ${fixed(bits(data.came[t]), 1)} bits of surprise where the model expected ${fixed(data.entropy[t], 1)}.`,
          ],
    ),
    element(
      "ol",
      { class: "top" },
      (data.top[t] ?? []).map(([text, p]) =>
        element(
          "li",
          { class: text === next ? "right" : "" },
          word(text),
          element("span", { class: "guess-bar", "--share": p }),
          element("span", { class: "chance" }, percent(p)),
        ),
      ),
    ),
  );
  lens.replaceChildren(said);
  if (!layer || !layer.parts.length) {
    lens.append(
      nothing(
        "This model has no gates and no memory to look into: it sees its window of words, all at once.",
      ),
    );
    return;
  }
  const order = orderOf(layer);
  const parts = element(
    "div",
    { class: "lens-gates" },
    layer.parts.map((part) => {
      const canvas = element("canvas", { class: "unit-strip", "aria-hidden": "true" });
      paintStrip(canvas, part.values, t, order);
      canvas.addEventListener("pointermove", (event) => {
        const k = Math.min(
          order.length - 1,
          Math.floor((event.offsetX / canvas.clientWidth) * order.length),
        );
        read(
          `${part.label} · unit ${layer.units[order[k]!]} · ${fixed(part.values.at(t, order[k]!))}`,
          event,
        );
      });
      canvas.addEventListener("pointerleave", () => read(null));
      canvas.addEventListener("click", (event) =>
        choose({
          position:
            order[
              Math.min(
                order.length - 1,
                Math.floor((event.offsetX / canvas.clientWidth) * order.length),
              )
            ] ?? 0,
        }),
      );
      const strength = isSigned(part) ? null : part.values.mean(t);
      return element(
        "div",
        { class: "lens-gate", "data-gate": part.name },
        element(
          "span",
          { class: "gate-label" },
          element("i", { class: `dot ${gateClass(part.role)}` }),
          part.label,
          " ",
          element("span", { class: "letter" }, part.name),
        ),
        element(
          "span",
          { class: "gate-mean", title: "mean of all units" },
          fixed(part.values.mean(t)),
        ),
        strength === null
          ? element("span", {})
          : element("span", { class: `gate-bar ${gateClass(part.role)}`, "--share": strength }),
        canvas,
        element("span", { class: "gate-says" }, part.says),
      );
    }),
  );
  lens.append(parts, acted(layer, t) ?? "");
}

function acted(layer: Layer, t: number): HTMLElement | null {
  const held = layer.held;
  if (!held) return null;
  const change = layer.units
    .map((_, k) => {
      const before = t > 0 ? held.values.at(t - 1, k) : 0;
      const after = held.values.at(t, k);
      return { k, before, after, by: Math.abs(after) - Math.abs(before) };
    })
    .sort((a, b) => b.by - a.by);
  const list = (title: string, some: typeof change) =>
    element(
      "div",
      {},
      element("h3", {}, title),
      some.length ? "" : element("p", { class: "note" }, "no unit"),
      element(
        "ul",
        { class: "acted" },
        some.map(({ k, before, after }) =>
          element(
            "li",
            {},
            element(
              "button",
              {
                type: "button",
                "aria-pressed": String(chosen.position === k),
                onclick: () => choose({ position: k }),
              },
              element("span", { class: "unit" }, `unit ${layer.units[k]}`),
              element("span", { class: "from-to" }, `${fixed(before)} → ${fixed(after)}`),
            ),
          ),
        ),
      ),
    );
  return element(
    "div",
    { class: "lens-units" },
    list("Charged most", change.filter((one) => one.by > 0).slice(0, 4)),
    list(
      "Discharged most",
      change
        .filter((one) => one.by < 0)
        .slice(-4)
        .reverse(),
    ),
  );
}

/** One line at the pointer with a figure's value. */
export function read(text: string | null, event: MouseEvent | null = null): void {
  const line = byId("reading");
  line.hidden = text === null;
  if (text === null) return;
  line.textContent = text;
  if (!event) return;
  const left = Math.min(
    event.clientX + 14,
    document.documentElement.clientWidth - line.offsetWidth - 8,
  );
  line.style.left = `${Math.max(8, left)}px`;
  line.style.top = `${event.clientY > 60 ? event.clientY - 38 : event.clientY + 18}px`;
}
