// Starts the page: unpacks the numbers, draws each section, keeps theme and links.
import { isDark, onSystemTheme } from "../shared/colours";
import { byId, keep, kept } from "../shared/elements";
import { drawAttributions } from "./attributions";
import { drawCapacitor } from "./capacitor";
import { reduced, repaint } from "./charts";
import { drawContrasts } from "./contrasts";
import { T, chosen, data, unpackDocument } from "./document";
import { drawGates, firstUnit } from "./gates";
import { drawGradients } from "./gradients";
import { drawHeader, drawWalker } from "./header";
import { drawJacobians } from "./jacobians";
import { drawUnrolled } from "./unrolled";

function watchTheme(): void {
  const root = document.documentElement;
  const again = () => {
    for (const paint of repaint) paint();
  };
  root.dataset["theme"] = kept("theme") ?? "";
  byId("theme").addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    keep("theme", root.dataset["theme"]);
    again();
  });
  onSystemTheme(again);
}

function watchLinks() {
  // In a frame made from text, a plain #link would leave for the notebook's own address.
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.<HTMLAnchorElement>('a[href^="#"]');
    const goal = link && document.getElementById(link.hash.slice(1));
    if (!goal) return;
    event.preventDefault();
    goal.scrollIntoView({ behavior: reduced.matches ? "auto" : "smooth" });
    if (!goal.hasAttribute("tabindex")) goal.setAttribute("tabindex", "-1");
    goal.focus({ preventScroll: true });
  });
  const links = new Map(
    [...document.querySelectorAll<HTMLAnchorElement>(".bar nav a")].map((link) => [
      link.hash.slice(1),
      link,
    ]),
  );
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const id of links.keys()) seen.observe(byId(id));
}

export async function start(): Promise<void> {
  const root = document.documentElement;
  watchTheme();
  watchLinks();
  drawHeader();
  if (typeof DecompressionStream === "undefined")
    throw new Error(
      "this browser cannot unpack the numbers; any of the last years can (Chrome 80, Firefox 113, Safari 16.4)",
    );
  await unpackDocument();
  root.classList.toggle(
    "has-gates",
    data.layers.some((layer) => layer.gates.length),
  );
  root.classList.toggle(
    "has-memory",
    data.layers.some((layer) => layer.memory !== null),
  );
  chosen.order = Object.keys(data.layers[0]?.orders ?? {})[0] ?? "index";
  // Begin where the words before a prediction mattered most.
  data.attributions.forEach((one, k) => {
    if (Math.abs(one.difference) > Math.abs(data.attributions[chosen.attribution]!.difference))
      chosen.attribution = k;
  });
  chosen.word = data.attributions[chosen.attribution]?.at ?? Math.min(1, T - 1);
  chosen.position = data.layers.length ? firstUnit(data.layers[0]) : 0;
  drawWalker();
  for (const draw of [
    drawUnrolled,
    drawGates,
    drawCapacitor,
    drawGradients,
    drawJacobians,
    drawAttributions,
    drawContrasts,
  ])
    draw();
  // Figures are drawn once their width is known, in the first frame; by the second all is there.
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  root.dataset["ready"] = String(Math.round(performance.now()));
}

start().catch((error) => {
  byId("problem").hidden = false;
  byId("problem").textContent = `The page could not be drawn: ${error.message}`;
  throw error;
});
