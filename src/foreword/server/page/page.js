// Built from page/ by npm run build. Edit there.
import {
  Connection,
  Desk,
  SHOWN,
  byId,
  colours,
  element,
  fixed,
  mean,
  offerModels,
  percent,
  shape,
  switchOf,
  tokenOf,
  watchTheme,
  word
} from "./shared.js";

// shared/circuit.ts
function story({ keep, input, output }, subject) {
  if (!keep) return "A simple recurrent network has no switches: every word overwrites the state.";
  const open = input?.value ?? 0;
  const taken = open > 0.5 ? "takes in" : open > 0.15 ? "takes in a little" : "takes in next to nothing";
  const shown = output ? `; its output gate lets ${percent(output.value)} through` : "";
  return `${subject} ${taken}, and keeps ${percent(keep.value)} of what it had${shown}.`;
}
function lever(x, y, length, open, role, upright = false) {
  const turn = (upright ? 90 : 0) - (1 - open) * 48;
  const end = upright ? [x, y + length] : [x + length, y];
  return shape(
    "g",
    { class: `lever gate-${role}` },
    shape("line", {
      class: "lever-arm",
      x1: x,
      y1: y,
      x2: x + length,
      y2: y,
      transform: `rotate(${turn} ${x} ${y})`
    }),
    shape("circle", { cx: x, cy: y, r: 3.5 }),
    shape("circle", { cx: end[0], cy: end[1], r: 3.5 })
  );
}
var wire = (d) => shape("path", { class: "wire", d });
function named(x, y, one, anchor = "middle") {
  return shape(
    "text",
    { x, y, "text-anchor": anchor },
    shape("tspan", { class: "name" }, one.name),
    shape("tspan", { class: "value", dx: 5 }, fixed(one.value))
  );
}
function circuit(unit, size, says) {
  const { held, heldName: heldName2, keep, input, output, candidate } = unit;
  const fullness = Math.min(1, Math.abs(held) / (size || 1));
  const svg = shape("svg", { viewBox: "0 0 320 200", role: "img", "aria-label": says });
  svg.append(
    wire("M34 70H84"),
    wire("M126 70H222"),
    wire("M160 70V100"),
    wire("M160 134V176"),
    wire("M34 104V176H212"),
    shape("circle", { class: "source", cx: 34, cy: 87, r: 17 }),
    shape(
      "text",
      { class: "name", x: 34, y: 92, "text-anchor": "middle" },
      candidate?.name ?? "x"
    )
  );
  if (candidate)
    svg.append(shape("text", { class: "value", x: 8, y: 58 }, fixed(candidate.value)));
  if (input) svg.append(lever(84, 70, 42, input.value, "charge"), named(105, 22, input));
  else svg.append(wire("M84 70H126"));
  svg.append(
    shape("rect", {
      class: `field charge-${held < 0 ? "minus" : "plus"}`,
      x: 134,
      y: 106,
      width: 52,
      height: 22,
      opacity: 0.15 + 0.85 * fullness
    }),
    shape("rect", { class: "plate", x: 130, y: 100, width: 60, height: 6, rx: 1.5 }),
    shape("rect", { class: "plate", x: 130, y: 128, width: 60, height: 6, rx: 1.5 }),
    named(122, 122, { name: heldName2, value: held }, "end")
  );
  if (keep)
    svg.append(
      wire("M212 70V98"),
      wire("M212 140V176"),
      lever(212, 98, 42, 1 - keep.value, "keep", true),
      named(222, 160, keep, "start"),
      shape("text", { class: "hint", x: 222, y: 175 }, "keeps")
    );
  if (output)
    svg.append(
      lever(240, 70, 40, output.value, "show"),
      wire("M222 70H240"),
      wire("M280 70H300"),
      named(260, 22, output)
    );
  else svg.append(wire("M222 70H300"));
  svg.append(
    wire("M294 65l7 5-7 5"),
    shape("text", { class: "name", x: 306, y: 75 }, "h"),
    wire("M104 176v8m-11 0h22m-17 5h12m-8 5h4")
  );
  return svg;
}

// serve/layer.ts
var KNOWN = {
  i: ["input gate", "charge"],
  f: ["forget gate", "keep"],
  g: ["candidate", "other"],
  o: ["output gate", "show"],
  r: ["reset gate", "reset"],
  z: ["update gate", "keep"],
  n: ["candidate", "other"],
  c: ["memory", "other"],
  h: ["hidden state", "other"]
};
var labelOf = (name) => KNOWN[name]?.[0] ?? `gate ${name}`;
var roleOf = (name) => KNOWN[name]?.[1] ?? "other";
var isSigned = (name) => "gnhc".includes(name);
var heldName = (layer) => "c" in layer.states ? "c" : "h";
var hasGates = (layer) => Object.keys(layer.gates).length > 0;
function values(layer, name) {
  return (layer.gates[name] ?? layer.states[name] ?? []).map((value) => value ?? 0);
}
function unitOf(layer, unit) {
  const gate = (...names2) => {
    const name = names2.find((one) => one in layer.gates);
    return name === void 0 ? null : { name, value: layer.gates[name]?.[unit] ?? 0 };
  };
  const keep = gate("f", "z");
  const rest = keep && { name: `1−${keep.name}`, value: 1 - keep.value };
  return {
    held: layer.states[heldName(layer)]?.[unit] ?? 0,
    heldName: heldName(layer),
    keep,
    input: gate("i") ?? rest,
    output: gate("o"),
    candidate: gate("g", "n")
  };
}

// serve/inside.ts
var WORDS = 32;
var FILLED = 8;
var UNREAD = /[\p{L}\p{M}\p{N}_'’]+$/u;
var A_WORD = /[\p{L}\p{M}\p{N}_'’]+|[^\p{L}\p{M}\p{N}_'’\s]+/gu;
var Inside = class {
  moments = [];
  layer = 0;
  unit = null;
  title = byId("inside-title");
  says = byId("inside-says");
  figure = byId("inside-figure");
  width = 320;
  constructor() {
    new ResizeObserver(() => {
      if (!this.figure.clientWidth || this.width === this.figure.clientWidth) return;
      this.width = this.figure.clientWidth;
      this.draw();
    }).observe(this.figure);
  }
  /** Takes what the network did with a text. */
  show(text, trace) {
    const read = readOf(text);
    this.moments = this.moments.filter((one) => one.read.length < read.length && read.startsWith(one.read)).slice(1 - WORDS);
    this.moments.push({ read, trace });
    this.draw();
  }
  /** A text whose last word is one that is missing before the last of all; null if none is. */
  missing() {
    const [before, last] = this.moments.slice(-2);
    if (!before || !last) return null;
    const added = [...last.read.slice(before.read.length).matchAll(A_WORD)];
    const [first] = added;
    if (!first || added.length < 2 || added.length > FILLED) return null;
    return `${last.read.slice(0, before.read.length + first.index + first[0].length)} `;
  }
  /** Takes what the network did with what was missing. */
  fill(text, trace) {
    const last = this.moments.pop();
    this.moments.push({ read: readOf(text), trace });
    if (last) this.moments.push(last);
    this.moments = this.moments.slice(-WORDS);
    this.draw();
  }
  /** Forgets what was read: another model reads from here on. */
  forget() {
    this.moments = [];
    this.unit = null;
    this.layer = 0;
  }
  /** Says why there is nothing to see. */
  explain(text) {
    this.forget();
    this.title.textContent = "Inside the network";
    this.says.textContent = text;
    this.figure.replaceChildren();
  }
  draw() {
    const trace = this.moments.at(-1)?.trace;
    if (!trace) return;
    this.layer = Math.min(this.layer, trace.layers.length - 1);
    const layer = trace.layers[this.layer];
    const held = values(layer, heldName(layer));
    if (this.unit === null || this.unit >= held.length) this.unit = fullest(held);
    this.title.replaceChildren("Inside, after ", word(trace.word));
    this.says.textContent = hasGates(layer) ? "A gate at 1 lets all through, at 0 nothing. A column is a unit: point to one to follow it." : "This network has no gates: what there is to see is its state. A column is a unit.";
    const focused = document.activeElement?.id;
    this.figure.replaceChildren(
      this.controls(trace, held.length),
      this.parts(layer, this.unit),
      this.oneUnit(layer, this.unit)
    );
    if (focused === "unit") byId("unit").focus();
  }
  controls(trace, units) {
    const unit = element("input", {
      id: "unit",
      type: "number",
      min: 0,
      max: units - 1,
      value: this.unit,
      onchange: (event) => {
        const wanted = Number(event.target.value);
        this.choose(Math.max(0, Math.min(units - 1, Math.round(wanted) || 0)));
      }
    });
    const layers = trace.layers.map(
      (_, k) => element(
        "button",
        {
          type: "button",
          "aria-pressed": String(k === this.layer),
          "aria-label": `Layer ${k + 1}`,
          onclick: () => {
            [this.layer, this.unit] = [k, null];
            this.draw();
          }
        },
        String(k + 1)
      )
    );
    return element(
      "div",
      { class: "controls" },
      element("label", { class: "unit-choice" }, "Unit ", unit, ` of ${units}`),
      layers.length > 1 ? element("div", { class: "choice", role: "group", "aria-label": "Layer" }, "Layer", ...layers) : null
    );
  }
  choose(unit) {
    this.unit = unit;
    this.draw();
  }
  parts(layer, unit) {
    const names2 = [...Object.keys(layer.gates), ...["c", "h"].filter((n) => n in layer.states)];
    return element("div", { class: "parts" }, ...names2.map((name) => this.part(layer, name, unit)));
  }
  part(layer, name, unit) {
    const numbers = values(layer, name);
    const label = labelOf(name);
    const canvas = element("canvas", {
      class: "strip",
      role: "img",
      "aria-label": `${label} of ${numbers.length} units, from ${fixed(Math.min(...numbers))} to ${fixed(Math.max(...numbers))}`,
      width: numbers.length,
      height: 1,
      onclick: (event) => this.choose(
        Math.min(
          numbers.length - 1,
          Math.floor(event.offsetX / canvas.clientWidth * numbers.length)
        )
      )
    });
    paint(canvas, numbers, isSigned(name) ? sizeOf(name, numbers) : null);
    return element(
      "div",
      { class: `part gate-${roleOf(name)}`, "data-part": name },
      element(
        "span",
        { class: "part-name" },
        element("i", { class: "dot" }),
        `${label} `,
        element("span", { class: "letter" }, name)
      ),
      element("span", { class: "part-mean", title: "mean of all units" }, fixed(mean(numbers))),
      element(
        "div",
        { class: "strip-field" },
        canvas,
        element("span", {
          class: "strip-mark",
          "--at": unit / numbers.length,
          "--width": 1 / numbers.length
        })
      )
    );
  }
  oneUnit(layer, unit) {
    const now = unitOf(layer, unit);
    const past = this.moments.flatMap(({ read, trace }, k) => {
      const then = trace.layers[this.layer];
      if (!then) return [];
      const held = { word: trace.word, held: unitOf(then, unit).held };
      const added = read.slice(this.moments[k - 1]?.read.length ?? read.length).match(A_WORD);
      return added && added.length > 1 ? [null, held] : [held];
    });
    const size = Math.max(1e-6, ...past.map((one) => Math.abs(one?.held ?? 0)));
    const told = story(now, `Unit ${unit}`);
    return element(
      "div",
      { class: "unit" },
      circuit(now, size, `Unit ${unit} as a capacitor: ${now.heldName} is ${fixed(now.held)}`),
      element("p", { class: "unit-says" }, told),
      memory(past, size, now.heldName, this.width)
    );
  }
};
var readOf = (text) => text.replace(UNREAD, "").replace(/[^\S\n]+$/, "");
var fullest = (held) => held.reduce((best, value, k) => Math.abs(value) > Math.abs(held[best] ?? 0) ? k : best, 0);
var sizeOf = (name, numbers) => name === "c" ? Math.max(1, ...numbers.map(Math.abs)) : 1;
function paint(canvas, numbers, size) {
  const context = canvas.getContext("2d");
  if (!context || !numbers.length) return;
  const image = context.createImageData(numbers.length, 1);
  const colour = colours(size);
  numbers.forEach((value, k) => image.data.set([...colour(value), 255], 4 * k));
  context.putImageData(image, 0, 0);
}
function memory(past, size, name, width) {
  const [left, top, bottom] = [42, 24, 132];
  const each = Math.min(60, (width - left) / past.length);
  const x = (t) => left + t * each;
  const y = (value) => (top + bottom) / 2 - value / size * ((bottom - top) / 2);
  const first = past[0]?.word ?? "";
  const svg = shape("svg", {
    class: "memory",
    viewBox: `0 0 ${width} 190`,
    role: "img",
    "aria-label": `${labelOf(name)} of the unit over ${past.length} words since ${first}, now ${fixed(past.at(-1)?.held ?? 0)}`
  });
  svg.append(
    shape("text", { class: "axis", x: left, y: 12 }, `${labelOf(name)} ${name}, word by word`),
    shape("text", { class: "axis", x: left - 6, y: top + 4, "text-anchor": "end" }, fixed(size)),
    shape("text", { class: "axis", x: left - 6, y: y(0) + 4, "text-anchor": "end" }, "0"),
    shape("text", { class: "axis", x: left - 6, y: bottom + 4, "text-anchor": "end" }, fixed(-size))
  );
  past.forEach((one, t) => {
    const { word: text, held } = one ?? { word: "…", held: 0 };
    const [low, high] = [Math.min(y(0), y(held)), Math.max(y(0), y(held))];
    svg.append(
      shape("rect", {
        class: `charge-${held < 0 ? "minus" : "plus"}`,
        x: x(t),
        y: low,
        width: each,
        height: high - low
      })
    );
    if (each < 12 && t < past.length - 1 && t % 2) return;
    const middle = x(t) + each / 2;
    const shown = [...text].length > 9 ? `${[...text].slice(0, 8).join("")}…` : text;
    svg.append(
      shape(
        "text",
        {
          class: "axis",
          x: middle,
          y: bottom + 16,
          "text-anchor": "end",
          transform: `rotate(-52 ${middle} ${bottom + 14})`
        },
        shown
      )
    );
  });
  const line = past.map((one, t) => {
    if (!one) return "";
    const from = t > 0 && past[t - 1] ? "L" : "M";
    return `${from}${x(t)} ${y(one.held)}H${x(t + 1)}`;
  });
  svg.append(
    shape("path", { class: "charge-line", d: line.join("") }),
    shape("line", { class: "zero", x1: left, x2: x(past.length), y1: y(0), y2: y(0) })
  );
  return svg;
}

// serve/module.ts
var Module = class {
  constructor(name, base, listener2) {
    this.name = name;
    this.listener = listener2;
    this.worker = new Worker(new URL("worker.js", base), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.read(data));
    this.worker.addEventListener("error", () => this.fail("the predictor cannot be started; load the page again"));
    void this.keepOffline(base);
  }
  name;
  listener;
  worker;
  isReady = false;
  isOffline = false;
  hasFailed = false;
  /** The newest question, until it is answered. */
  newest = null;
  /** The question that the worker is answering. */
  asked = null;
  ask(question, take) {
    this.newest = { question, take };
    this.send();
  }
  models() {
    return Promise.resolve({ words: [this.name], translators: [] });
  }
  /** Sends the newest question once the one before it is answered, so that none is answered for nobody. */
  send() {
    if (!this.isReady || this.asked || !this.newest) return;
    this.asked = this.newest;
    const { text, k, phrases: phrases2 } = this.newest.question;
    this.worker.postMessage({ text, k, phrases: phrases2 });
  }
  read(told) {
    if (told.kind === "ready") {
      this.isReady = true;
      this.tell();
    } else if (told.kind === "failed") this.fail(told.message);
    else {
      const { asked, newest } = this;
      this.asked = null;
      if (asked && asked === newest) {
        this.newest = null;
        if (told.kind === "suggested") asked.take({ suggestions: told.suggestions });
        else this.listener.onRefusal({ code: "refused", message: told.message });
      }
    }
    this.send();
  }
  fail(message) {
    this.hasFailed = true;
    this.tell();
    this.listener.onRefusal({ code: "failed", message });
  }
  tell() {
    const untraced = null;
    if (this.hasFailed) this.listener.onState({ kind: "away", says: "The model cannot be loaded", untraced });
    else if (this.isReady) {
      const says = this.isOffline ? "on this device, also offline" : "on this device";
      this.listener.onState({ kind: "here", says, untraced });
    }
  }
  /** Lets the browser keep the page, where it may: at an address of https, or of this machine. */
  async keepOffline(base) {
    if (!("serviceWorker" in navigator)) return;
    try {
      await navigator.serviceWorker.register(new URL("service-worker.js", base));
      await navigator.serviceWorker.ready;
    } catch {
      return;
    }
    this.isOffline = true;
    this.tell();
  }
};

// serve/page.ts
var SURE = 0.3;
var GHOST_WORDS = 3;
var A_WORD2 = /\s*\S+/g;
var inside = new Inside();
var token = tokenOf(location);
var model = null;
var names = null;
var desk = new Desk((text) => {
  const trace = others() === void 0;
  answering.ask(asking(text, { k: SHOWN, phrases: phrases.checked, trace }), (answer) => show(text, answer));
});
var { field } = desk;
var phrases = switchOf("phrases", () => {
  field.area.focus();
  desk.changed();
});
var allModels = switchOf("all-models", () => {
  lookInside();
  field.area.focus();
  desk.changed();
});
var listener = { onState: showState, onRefusal: (refusal) => desk.refuse(refusal) };
var answering = whoAnswers();
function whoAnswers() {
  const base = new URL(".", location.href);
  const name = document.documentElement.dataset["model"];
  if (name !== void 0) return new Module(name, base, listener);
  const byHttp = ({ text, k, phrases: phrases2, also }) => ({ text, k, phrases: phrases2, also });
  return new Connection(base, token, { socket: "v1/type", post: "v1/predict", byHttp }, listener);
}
function others() {
  if (names === null || names.length < 2 || !allModels.checked) return void 0;
  return names.filter((name) => name !== (model ?? names?.[0]));
}
function asking(text, options) {
  const also = others();
  return { text, model, ...options, ...also === void 0 ? {} : { also } };
}
function lookInside() {
  inside.forget();
  if (others() !== void 0) inside.explain("The words are those of several networks. Ask one of them to see inside.");
}
function show(text, answer) {
  if (answer.trace) inside.show(text, answer.trace);
  desk.show(text, answer.suggestions);
  const first = answer.suggestions[0];
  if (first?.text.startsWith(text) && first.text.length > text.length && !desk.isDismissed) {
    field.showGhost(first.text.slice(text.length).match(A_WORD2) ?? []);
  }
  goOn(first?.text ?? "");
}
function goOn(accepted) {
  const text = inside.missing();
  if (text === null) {
    if (field.ghost.length) lookAhead(accepted);
    return;
  }
  answering.ask({ text, k: 1, model, phrases: false, trace: true }, (answer) => {
    if (!answer.trace) return;
    inside.fill(text, answer.trace);
    goOn(accepted);
  });
}
function lookAhead(text) {
  if (field.ghost.length >= GHOST_WORDS) return;
  answering.ask(asking(`${text} `, { k: 1, phrases: false, trace: false }), (answer) => {
    const next = answer.suggestions[0];
    if (desk.isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}
function showState(state) {
  if (state.untraced !== null) inside.explain(state.untraced);
  if (state.kind === "here" && names === null) void listModels();
  desk.showState(state);
}
async function listModels() {
  const models = await answering.models();
  if (models === null || names !== null) return;
  const { words, translators } = models;
  names = words;
  byId("all-models-choice").hidden = words.length < 2;
  const other = byId("other-page");
  other.hidden = translators.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  if (words.length === 0 && translators.length > 0) location.replace(other.href);
  offerModels(words, (name) => {
    model = name;
    lookInside();
    field.area.focus();
    desk.changed();
  });
  if (others() === void 0) return;
  lookInside();
  desk.changed();
}
watchTheme(() => inside.draw());
field.area.focus();
