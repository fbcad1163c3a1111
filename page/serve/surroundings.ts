// What the pages share around the field: the token, the theme, the models, switches.
import { isDark, onSystemTheme } from "../shared/colours";
import { byId, element, keep, kept } from "../shared/elements";

/** Shows the models, to be chosen if there are several. */
export function offerModels(names: string[], choose: (name: string) => void): void {
  const select = byId<HTMLSelectElement>("model");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  byId("model-choice").hidden = names.length < 2;
  byId("model-name").textContent = names.length === 1 ? (names[0] ?? "") : "";
  byId("model-name").hidden = names.length !== 1;
  select.addEventListener("change", () => choose(select.value));
}

/** The token of an address that ends in #token=..., which is then taken out of it. */
export function tokenOf(place: Location): string | null {
  const token = new URLSearchParams(place.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", place.pathname + place.search);
  return token;
}

/** A switch of the page, which the browser remembers. */
export function switchOf(name: string, changed: () => void): HTMLInputElement {
  const box = byId<HTMLInputElement>(name);
  box.checked = kept(name) === "true";
  box.addEventListener("change", () => {
    keep(name, String(box.checked));
    changed();
  });
  return box;
}

/** Chooses light or dark, and draws again when it changes. */
export function watchTheme(draw: () => void): void {
  const root = document.documentElement;
  root.dataset["theme"] = kept("theme") ?? "";
  byId("theme").addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    keep("theme", root.dataset["theme"]);
    draw();
  });
  onSystemTheme(draw);
}
