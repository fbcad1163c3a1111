// Scales, axes, colour maps and the two kinds of picture: lines in SVG and maps on a canvas.
const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const darkness = matchMedia("(prefers-color-scheme: dark)");
const printing = matchMedia("print");

function isDark() {
  const theme = document.documentElement.dataset.theme;
  return !printing.matches && (theme === "dark" || (theme !== "light" && darkness.matches));
}

const ramps = new Map();

/** 256 colours, four bytes each, for the theme that is shown. */
function ramp(kind) {
  const key = kind + isDark();
  if (!ramps.has(key)) {
    const stops = colours[kind][isDark() ? "dark" : "light"].map((hex) =>
      [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)),
    );
    const table = new Uint8ClampedArray(1024);
    for (let level = 0; level < 256; level += 1) {
      const place = (level / 255) * (stops.length - 1);
      const k = Math.min(Math.floor(place), stops.length - 2);
      for (let part = 0; part < 3; part += 1)
        table[4 * level + part] =
          stops[k][part] + (place - k) * (stops[k + 1][part] - stops[k][part]);
      table[4 * level + 3] = 255;
    }
    ramps.set(key, table);
  }
  return ramps.get(key);
}

/** How a matrix's bytes become levels of a colour map; zero is a diverging map's middle. */
function levels({ low, high, size }) {
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => {
    const value = low + (level / 255) * (high - low);
    return low < 0
      ? Math.round(127.5 + 127.5 * (value / size))
      : Math.round((255 * (value - low)) / (high - low || 1));
  });
}

const kindOf = (low) => (low < 0 ? "diverging" : "sequential");

/** Paints words across and units down, in an order; where units are many a row is the mean of some. */
function paintMap(canvas, matrix, order, mostRows = 256) {
  const each = Math.ceil(order.length / mostRows);
  const rows = Math.ceil(order.length / each);
  canvas.width = matrix.rows;
  canvas.height = rows;
  const image = new ImageData(matrix.rows || 1, rows || 1);
  const table = ramp(kindOf(matrix.low));
  const level = levels(matrix);
  for (let row = 0; row < rows; row += 1) {
    const units = order.slice(row * each, (row + 1) * each);
    for (let t = 0; t < matrix.rows; t += 1) {
      let sum = 0;
      for (const unit of units) sum += matrix.bytes[t * matrix.columns + unit];
      const from = 4 * level[Math.round(sum / units.length)];
      image.data.set(table.subarray(from, from + 4), 4 * (row * matrix.rows + t));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** One word's values of all units, as a strip. */
function paintStrip(canvas, matrix, t, order) {
  canvas.width = order.length;
  canvas.height = 1;
  const image = new ImageData(order.length, 1);
  const table = ramp(kindOf(matrix.low));
  const level = levels(matrix);
  order.forEach((unit, k) => {
    const from = 4 * level[matrix.bytes[t * matrix.columns + unit]];
    image.data.set(table.subarray(from, from + 4), 4 * k);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A colour map with its numbers. */
function legend(low, high) {
  const canvas = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const size = Math.max(Math.abs(low), Math.abs(high));
  const paint = () => {
    const image = new ImageData(256, 1);
    image.data.set(ramp(kindOf(low)));
    canvas.getContext("2d").putImageData(image, 0, 0);
  };
  paint();
  repaint.push(paint);
  const ends = low < 0 ? [-size, 0, size] : [low, (low + high) / 2, high];
  return element(
    "span",
    { class: "legend" },
    canvas,
    element(
      "span",
      { class: "legend-numbers" },
      ends.map((end) => element("span", {}, number(end, 2))),
    ),
  );
}

/** What has to be painted again when the theme changes. */
const repaint = [];

const linear = (from, to, start, end) => (value) =>
  start + ((value - from) / (to - from || 1)) * (end - start);

function logarithmic(from, to, start, end) {
  const scale = linear(Math.log10(from), Math.log10(to), start, end);
  return (value) => (value > 0 ? scale(Math.log10(value)) : NaN);
}

/** Round numbers of a range, some `count` of them. */
function ticks(from, to, count = 5) {
  const raw = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
  const found = [];
  for (let value = Math.ceil(from / step) * step; value <= to + step / 1e6; value += step)
    found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return found;
}

/** Powers of ten of a range, thinned to some `count` of them; of a short range also their 2 and 5. */
function decades(from, to, count = 6) {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / count));
  const powers = Array.from(
    { length: Math.max(0, Math.floor((last - first) / step) + 1) },
    (_, k) => 10 ** (first + k * step),
  );
  if (last - first > 1) return powers;
  return [first - 1, ...powers.map((value) => Math.round(Math.log10(value)))]
    .flatMap((k) => [1, 2, 5].map((factor) => factor * 10 ** k))
    .filter((value) => value >= from && value <= to);
}

const power = (value) => {
  const exponent = Math.round(Math.log10(value));
  if (exponent >= -2 && exponent <= 3) return String(Number(value.toPrecision(1)));
  return `10${[...String(exponent)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? "⁻").join("")}`;
};

function path(points) {
  let pen = "M";
  let text = "";
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = "M";
      continue;
    }
    text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return text;
}

/** Texts beside the ends of lines, moved apart where they would cover each other. */
function apart(labels, least, top, bottom) {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  for (let k = 1; k < sorted.length; k += 1)
    sorted[k].y = Math.max(sorted[k].y, sorted[k - 1].y + least);
  let limit = bottom;
  for (let k = sorted.length - 1; k >= 0; k -= 1) {
    sorted[k].y = Math.max(top, Math.min(sorted[k].y, limit));
    limit = sorted[k].y - least;
  }
  return sorted;
}

/** Draws a figure at its container's width, and again when that changes. `draw(width)` gives an SVG. */
function responsive(container, draw) {
  let width = 0;
  const again = () => {
    const now = Math.round(container.clientWidth);
    if (now < 40) return;
    width = now;
    container.replaceChildren(draw(width));
  };
  new ResizeObserver(() => {
    if (Math.round(container.clientWidth) !== width) again();
  }).observe(container);
  again();
  return again;
}

const canvasOf = (width, height, label) =>
  shape("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
  });

function axisX(box, scale, values, text = number, title = "") {
  return shape(
    "g",
    { class: "axis" },
    values.map((value) =>
      shape(
        "g",
        {},
        shape("line", { x1: scale(value), x2: scale(value), y1: box.bottom, y2: box.bottom + 4 }),
        shape(
          "text",
          { x: scale(value), y: box.bottom + 17, "text-anchor": "middle" },
          text(value),
        ),
      ),
    ),
    title &&
      shape(
        "text",
        { class: "axis-title", x: box.right, y: box.bottom + 34, "text-anchor": "end" },
        title,
      ),
  );
}

function axisY(box, scale, values, text = number, title = "", above = 9) {
  return shape(
    "g",
    { class: "axis" },
    values.map((value) =>
      shape(
        "g",
        {},
        shape("line", {
          class: "rule",
          x1: box.left,
          x2: box.right,
          y1: scale(value),
          y2: scale(value),
        }),
        shape("text", { x: box.left - 7, y: scale(value) + 4, "text-anchor": "end" }, text(value)),
      ),
    ),
    title &&
      shape(
        "text",
        { class: "axis-title", x: box.left - 7, y: box.top - above, "text-anchor": "start" },
        title,
      ),
  );
}

const scrolledTogether = new Set();

/** Figures of the same words stay at the same words when one of them is scrolled. */
function scrollTogether(scroller) {
  scrolledTogether.add(scroller);
  scroller.addEventListener("scroll", () => {
    for (const other of scrolledTogether) {
      if (!other.isConnected) scrolledTogether.delete(other);
      else if (other !== scroller && Math.abs(other.scrollLeft - scroller.scrollLeft) > 1)
        other.scrollLeft = scroller.scrollLeft;
    }
  });
}

/** Words under a figure whose columns are words: all where they fit, otherwise the position only. */
function wordAxis(words, width) {
  const room = width / words.length;
  const axis = element("div", {
    class: room >= 12.5 ? "word-axis" : "word-axis sparse",
    "aria-hidden": "true",
  });
  if (room >= 12.5) {
    const longest = Math.min(12, Math.max(...words.map((text) => text.length)));
    axis.style.setProperty("--reach", `${1.1 + 0.33 * longest}rem`);
    axis.append(...words.map((text) => element("span", {}, word(text))));
  } else {
    const step = ticks(0, words.length - 1, Math.max(2, Math.floor(width / 90)));
    axis.append(
      ...step
        .filter(Number.isInteger)
        .map((t) => element("span", { "--at": `${(100 * (t + 0.5)) / words.length}%` }, String(t))),
    );
  }
  return axis;
}
