// Elements and numbers. Text goes in as text nodes only: the words are not ours.
type Child = Node | string | null;
type Attributes = Record<string, string | number | boolean | ((event: never) => void) | null>;

function fill<E extends Element>(node: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (typeof value === "function")
      node.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (name.startsWith("--"))
      (node as unknown as HTMLElement).style.setProperty(name, String(value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export const element = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => fill(document.createElement(name), attributes, children);

export const shape = <K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** The element of this id, which the page's markup has. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as E;
}

/** A word, marked so that neither a translator nor its direction disturbs the page. */
export const word = (text: string): HTMLElement =>
  element("span", { class: "word", translate: "no", dir: "auto" }, text);

export function percent(share: number): string {
  const whole = 100 * share;
  if (whole < 0.1) return "<\u00a00.1\u00a0%";
  return `${whole.toFixed(whole < 9.95 ? 1 : 0)}\u00a0%`;
}

export function fixed(value: number): string {
  const text = value.toFixed(2);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

/** What was kept for this page, or null; in a frame or a private window there may be no storage. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`foreword-${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`foreword-${name}`, value);
  } catch {
    // It is then chosen anew next time.
  }
}
