// The two colour maps of `foreword.inspect.colours`, by which a value becomes a colour, and the theme.
type Map = Record<"light" | "dark", string>;
const SEQUENTIAL: Map = {
  light: "#f3f8fa #b9e3f3 #80cbed #55b0e1 #3693d0 #2a77b8 #285b98 #274273 #212c4b",
  dark: "#171b26 #20314e #234a75 #1e6699 #1b84b8 #2ea3cf #56c1e1 #88ddef #bff7fd",
};
const DIVERGING: Map = {
  light: "#0a5a9a #3379bb #5c99d5 #8cb8e7 #c0d8f2 #f7f7f7 #eecdbb #dfa583 #c98051 #ad5d25 #8c3f00",
  dark: "#80c3ff #5d9ee0 #427bb3 #325981 #273a4d #1c1f24 #4a3223 #79492a #a86438 #d38350 #fba773",
};

export type Colour = readonly [number, number, number];

const system = matchMedia("(prefers-color-scheme: dark)");
const printing = matchMedia("print");

/** Whether the page is dark: as the reader chose, or as the system is; never on paper. */
export const isDark = (): boolean => {
  if (printing.matches) return false;
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : system.matches;
};

/** Calls `act` when the theme changes without the reader's button. */
export function onSystemTheme(act: () => void): void {
  for (const query of [system, printing]) query.addEventListener("change", act);
}

/** The colour of a share from 0 to 1: of gates, or, with zero in the middle, of signed numbers. */
export function colourMap(isSigned: boolean): (share: number) => Colour {
  const stops = (isSigned ? DIVERGING : SEQUENTIAL)[isDark() ? "dark" : "light"]
    .split(" ")
    .map((hex): Colour => {
      const whole = parseInt(hex.slice(1), 16);
      return [whole >> 16, (whole >> 8) & 255, whole & 255];
    });
  return (share) => {
    const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
    const low = stops[Math.floor(at)] as Colour;
    const high = stops[Math.ceil(at)] as Colour;
    const part = at - Math.floor(at);
    const mixed = (channel: 0 | 1 | 2) => low[channel] + part * (high[channel] - low[channel]);
    return [mixed(0), mixed(1), mixed(2)];
  };
}

/** Colours of values: of gates from 0 to 1, of states from -size to size. */
export function colours(size: number | null): (value: number) => Colour {
  const colour = colourMap(size !== null);
  return (value) => colour(size === null ? value : (value / (size || 1) + 1) / 2);
}
