// Elements, numbers and tables of every page. A word becomes a text node, never markup: the page did not write it.
type Item = Node | string | number | null | undefined | false;
export type Child = Item | readonly Child[];
type Attribute = string | number | boolean | ((event: never) => void) | null | undefined;
type Attributes = Record<string, Attribute>;

const items = (children: readonly Child[]): (Node | string)[] =>
  children
    .flat(Infinity as 3)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));

function fill<E extends Element>(node: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function")
      node.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (name.startsWith("--"))
      (node as unknown as HTMLElement).style.setProperty(name, String(value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...items(children));
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
export const word = (text: string, attributes: Attributes = {}): HTMLElement =>
  element(
    "span",
    { class: isSign(text) ? "word sign" : "word", translate: "no", dir: "auto", ...attributes },
    text,
  );

/** Whether a word stands for something else, as `<eos>` does. */
export const isSign = (text: string): boolean => text.startsWith("<") && text.endsWith(">");

export const quoted = (text: string): string => `“${text}”`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** A number that may be missing, which is then shown as a dash. */
export type Maybe = number | null | undefined;

export function percent(share: Maybe): string {
  if (share === null || share === undefined) return "–";
  const whole = 100 * share;
  if (whole < 0.1) return "<\u00a00.1\u00a0%";
  return `${whole.toFixed(whole < 9.95 ? 1 : 0)}\u00a0%`;
}

export function fixed(value: Maybe, digits = 2): string {
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

export function number(value: Maybe, digits = 3): string {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5))
    return value.toExponential(1).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return Number(value.toPrecision(digits))
    .toLocaleString("en", { maximumFractionDigits: 6 })
    .replace("-", "−");
}

/** The surprise of a probability, in bits. */
export const bits = (p: Maybe): number | null =>
  p === null || p === undefined ? null : -Math.log2(Math.max(p, 1e-12));

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
