// Built from page/ by npm run build. Edit there.

// shared/elements.ts
var items = (children) => children.flat(Infinity).filter((child) => child !== null && child !== void 0 && child !== false).map((child) => child instanceof Node ? child : String(child));
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === void 0 || value === false) continue;
    if (typeof value === "function")
      node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--"))
      node.style.setProperty(name, String(value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...items(children));
  return node;
}
var element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
var shape = (name, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}
var word = (text, attributes = {}) => element(
  "span",
  { class: isSign(text) ? "word sign" : "word", translate: "no", dir: "auto", ...attributes },
  text
);
var isSign = (text) => text.startsWith("<") && text.endsWith(">");
function percent(share) {
  if (share === null || share === void 0) return "–";
  const whole = 100 * share;
  if (whole < 0.1) return "< 0.1 %";
  return `${whole.toFixed(whole < 9.95 ? 1 : 0)} %`;
}
function fixed(value, digits = 2) {
  if (value === null || value === void 0) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
var mean = (values2) => values2.reduce((sum, value) => sum + value, 0) / (values2.length || 1);
function kept(name) {
  try {
    return localStorage.getItem(`foreword-${name}`);
  } catch {
    return null;
  }
}
function keep(name, value) {
  try {
    localStorage.setItem(`foreword-${name}`, value);
  } catch {
  }
}

// serve/connection.ts
var FIRST_WAIT = 500;
var LONGEST_WAIT = 8e3;
var PASSING = /* @__PURE__ */ new Set(["rate_limited", "overloaded", "deadline"]);
var Connection = class {
  constructor(base, token2, routes2, listener) {
    this.base = base;
    this.token = token2;
    this.routes = routes2;
    this.listener = listener;
    this.connect();
    addEventListener("online", () => this.connect());
    addEventListener("pagehide", () => this.socket?.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.connect();
    });
  }
  base;
  token;
  routes;
  listener;
  socket = null;
  state = "connecting";
  isHttp = false;
  hasOpened = false;
  wait = FIRST_WAIT;
  timer = 0;
  last = 0;
  waiting = null;
  request = null;
  /** Asks; an earlier question that is not answered yet is given up. */
  ask(question, take) {
    this.last += 1;
    this.waiting = { id: this.last, question, take };
    this.send();
  }
  /** Asks for JSON by HTTP. */
  async fetch(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("authorization", `Bearer ${this.token}`);
    return fetch(new URL(path, this.base), { ...init, headers, credentials: "omit" });
  }
  send() {
    const waiting = this.waiting;
    if (!waiting) return;
    if (this.socket?.readyState === WebSocket.OPEN) {
      const { model: model2, ...rest } = waiting.question;
      this.socket.send(
        JSON.stringify({ id: waiting.id, ...rest, ...model2 === null ? {} : { model: model2 } })
      );
    } else if (this.isHttp) void this.post();
  }
  connect() {
    clearTimeout(this.timer);
    const open = this.socket?.readyState;
    if (open === WebSocket.OPEN || open === WebSocket.CONNECTING) return;
    const url = new URL(this.routes.socket, this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const protocols = this.token === null ? [] : ["foreword", `bearer.${base64url(this.token)}`];
    try {
      this.socket = new WebSocket(url, protocols);
    } catch {
      void this.lost();
      return;
    }
    this.socket.addEventListener("open", () => {
      this.hasOpened = true;
      this.wait = FIRST_WAIT;
      this.tell("here", false);
      this.send();
    });
    this.socket.addEventListener("message", (event) => this.read(String(event.data)));
    this.socket.addEventListener("close", () => void this.lost());
  }
  read(text) {
    const message = JSON.parse(text);
    if (message.id !== null && message.id !== this.waiting?.id) return;
    const waiting = this.waiting;
    if (message.error) this.refused(message.error);
    else if (waiting) {
      this.waiting = null;
      waiting.take(message);
    }
  }
  refused(refusal) {
    this.listener.onRefusal(refusal);
    if (PASSING.has(refusal.code)) setTimeout(() => this.send(), FIRST_WAIT);
    else this.waiting = null;
  }
  /** There is no WebSocket now. Where there never was one, it may be blocked: HTTP may serve. */
  async lost() {
    if (!this.hasOpened && await this.answersHttp()) {
      this.tell("here", true);
      this.send();
    } else this.tell("away", false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(LONGEST_WAIT, 2 * this.wait);
  }
  async answersHttp() {
    try {
      return (await this.fetch("v1/models")).ok;
    } catch {
      return false;
    }
  }
  async post() {
    const waiting = this.waiting;
    if (!waiting) return;
    this.request?.abort();
    this.request = new AbortController();
    const { model: model2 } = waiting.question;
    try {
      const response = await this.fetch(this.routes.post, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...this.routes.byHttp(waiting.question),
          ...model2 === null ? {} : { model: model2 }
        }),
        signal: this.request.signal
      });
      const answer = await response.json();
      if (waiting.id !== this.waiting?.id) return;
      if (answer.error) this.refused(answer.error);
      else {
        this.waiting = null;
        waiting.take(answer);
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.tell("away", false);
    }
  }
  tell(state, isHttp) {
    if (state === this.state && isHttp === this.isHttp) return;
    [this.state, this.isHttp] = [state, isHttp];
    this.listener.onState(state, isHttp);
  }
};
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// serve/field.ts
var CLOSES = /^[.,!?;:)\]}%…’”]$/;
var OPENS = /[([{“‘$#@]$/;
var Field = class {
  constructor(changed) {
    this.changed = changed;
    this.area.addEventListener("beforeinput", (event) => this.joinMark(event));
    this.area.addEventListener("input", (event) => this.entered(event));
    this.area.addEventListener("scroll", () => this.follow());
    new ResizeObserver(() => this.follow()).observe(this.area);
  }
  changed;
  area = byId("field");
  mirror = byId("mirror");
  pieces = [];
  isAccepting = false;
  /** A space that came with a word stands before this place; -1: none does. */
  spaceBefore = -1;
  /** Keys pressed for the text that stands here. */
  keys = 0;
  /** What stands before the cursor. */
  get before() {
    return this.area.value.slice(0, this.area.selectionStart);
  }
  /** Whether the cursor, and no selection, stands where the text ends. */
  get isAtEnd() {
    const { selectionStart, selectionEnd, value } = this.area;
    return selectionStart === selectionEnd && selectionEnd === value.length;
  }
  /** The grey text, word by word. */
  get ghost() {
    return this.pieces;
  }
  /** Characters that would have been typed; a space that nobody has used yet is none. */
  get characters() {
    const { value } = this.area;
    const unused = this.spaceBefore === value.length ? 1 : 0;
    return [...value].length - unused;
  }
  showGhost(pieces) {
    this.pieces = this.isAtEnd ? pieces : [];
    const text = this.pieces.join("");
    this.mirror.replaceChildren(
      ...text ? [this.area.value, element("wbr"), element("span", { class: "ghost" }, text)] : []
    );
    this.follow();
  }
  /** Takes so many words of the grey text. */
  takeGhost(words = this.pieces.length) {
    this.put(this.before + this.pieces.slice(0, words).join(""));
  }
  /** Puts a text in place of what stands before the cursor, and a space where one belongs. */
  put(text) {
    const before = this.before;
    const rest = this.area.value.slice(this.area.selectionEnd);
    const space = OPENS.test(text) || /^\s/.test(rest) ? "" : " ";
    let same = 0;
    while (same < before.length && before[same] === text[same]) same += 1;
    this.isAccepting = true;
    this.area.focus();
    this.area.setSelectionRange(same, this.area.selectionEnd);
    const added = text.slice(same) + space;
    if (!document.execCommand("insertText", false, added)) {
      this.area.setRangeText(added, same, this.area.selectionEnd, "end");
      this.area.dispatchEvent(new InputEvent("input", { inputType: "insertText", data: added }));
    }
    this.isAccepting = false;
    this.spaceBefore = space ? this.area.selectionStart : -1;
    this.changed();
  }
  /** Puts another text in place of a part, by one key, and the cursor at the end. */
  replace(start, end, text) {
    this.isAccepting = true;
    this.area.focus();
    this.area.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, start, end, "end");
      this.keys += 1;
    }
    this.isAccepting = false;
    this.area.setSelectionRange(this.area.value.length, this.area.value.length);
    this.changed();
  }
  /** Empties the field. */
  clear() {
    this.area.value = "";
    this.keys = 0;
    this.spaceBefore = -1;
    this.changed();
  }
  /** Types characters, as a key that means something else here would have. */
  type(text) {
    document.execCommand("insertText", false, text);
  }
  joinMark(event) {
    const { area } = this;
    const at = area.selectionStart;
    if (this.isAccepting || this.spaceBefore !== at || area.selectionEnd !== at) return;
    if (event.inputType !== "insertText" || event.data === null) return;
    if (event.data === " ") {
      event.preventDefault();
      this.spaceBefore = -1;
      this.keys += 1;
      this.changed();
    } else if (CLOSES.test(event.data)) {
      event.preventDefault();
      area.setSelectionRange(at - 1, at);
      this.type(event.data);
    }
  }
  entered(event) {
    if (this.isAccepting) {
      this.keys += 1;
      return;
    }
    this.spaceBefore = -1;
    const isInsertion = event.inputType.startsWith("insert");
    this.keys += isInsertion && event.data !== null ? Math.max(1, [...event.data].length) : 1;
    if (event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop")
      this.keys = Math.max(this.keys, [...this.area.value].length);
    if (this.area.value === "") this.keys = 0;
    this.changed();
  }
  follow() {
    this.mirror.scrollTop = this.area.scrollTop;
  }
};

// serve/suggestions.ts
var Suggestions = class {
  constructor(area, take) {
    this.area = area;
    this.take = take;
  }
  area;
  take;
  list = byId("suggestions");
  found = [];
  marked = -1;
  get count() {
    return this.found.length;
  }
  /** Which one is marked; -1 if none is. */
  get chosen() {
    return this.marked;
  }
  at(rank) {
    return this.found[rank];
  }
  show(found) {
    this.found = found;
    this.list.hidden = found.length === 0;
    this.list.replaceChildren(...found.map((one, rank) => this.row(one, rank)));
    this.mark(-1);
  }
  /** Marks one, as the arrow keys do; -1 leaves the list. */
  mark(rank) {
    this.marked = Math.max(-1, Math.min(this.found.length - 1, rank));
    [...this.list.children].forEach((row, place) => {
      row.setAttribute("aria-selected", String(place === this.marked));
    });
    if (this.marked < 0) this.area.removeAttribute("aria-activedescendant");
    else this.area.setAttribute("aria-activedescendant", `suggestion-${this.marked}`);
  }
  row(one, rank) {
    return element(
      "div",
      {
        class: "suggestion",
        role: "option",
        id: `suggestion-${rank}`,
        "aria-selected": "false",
        // The field keeps the focus.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.take(rank)
      },
      element("kbd", { "aria-hidden": "true" }, String(rank + 1)),
      element("span", { class: "suggestion-word" }, word(one.word)),
      element("span", { class: "suggestion-chance" }, percent(one.probability)),
      element("span", { class: "suggestion-bar", "--share": one.probability })
    );
  }
};

// serve/desk.ts
var SHOWN = 3;
var PAUSE = 900;
var Desk = class {
  /** `ask` asks for suggestions at the end of a text. */
  constructor(ask) {
    this.ask = ask;
    this.digits.checked = kept("digits") === "true";
    this.digits.addEventListener("change", () => {
      keep("digits", String(this.digits.checked));
      this.field.area.focus();
    });
    this.field.area.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("selectionchange", () => this.moved());
    this.field.area.addEventListener("blur", () => this.suggestions.mark(-1));
  }
  ask;
  field = new Field(() => this.changed());
  suggestions = new Suggestions(this.field.area, (rank) => this.take(rank));
  isDismissed = false;
  digits = byId("digits");
  pause = 0;
  asked = null;
  /** The text has changed, or what it is to be asked for. */
  changed() {
    this.isDismissed = false;
    this.field.showGhost([]);
    this.suggestions.mark(-1);
    byId("problem").hidden = true;
    this.count();
    this.again();
  }
  /** Asks for what stands before the cursor. */
  again() {
    this.asked = this.field.before;
    this.ask(this.asked);
  }
  show(text, found) {
    this.suggestions.show(found);
    byId("nothing").hidden = found.length > 0;
    byId("problem").hidden = true;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.readOut(), PAUSE);
    document.documentElement.dataset["shown"] = text;
  }
  refuse(refusal) {
    byId("problem").textContent = refusal.message;
    byId("problem").hidden = false;
  }
  showState(state, isHttp) {
    byId("link").dataset["state"] = state;
    document.body.classList.toggle("away", state === "away");
    byId("link-says").textContent = state === "away" ? "The server is away; trying again" : isHttp ? "connected, by HTTP" : "connected";
    if (state === "here" && this.suggestions.count === 0) this.again();
  }
  take(rank) {
    const one = this.suggestions.at(rank);
    if (one && this.asked === this.field.before) this.field.put(one.text);
  }
  dismiss() {
    this.isDismissed = true;
    this.field.showGhost([]);
    this.suggestions.mark(-1);
  }
  pressed(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (this.acts(event)) event.preventDefault();
  }
  /** Whether a key does something here that it does in no other field. */
  acts(event) {
    const { field: field2, suggestions, digits } = this;
    const { key, altKey, shiftKey } = event;
    const rank = /^Digit[1-9]$/.test(event.code) ? Number(event.code.slice(5)) - 1 : -1;
    if (rank >= 0 && rank < SHOWN && !shiftKey) {
      const isForList = digits.checked ? !altKey : altKey || suggestions.chosen >= 0;
      if (isForList && rank < suggestions.count) {
        this.take(rank);
        return true;
      }
      if (digits.checked && altKey) {
        field2.type(String(rank + 1));
        return true;
      }
      return false;
    }
    if (key === "Tab" && !altKey && !shiftKey && field2.ghost.length) field2.takeGhost();
    else if (key === "ArrowRight" && altKey && field2.ghost.length) field2.takeGhost(1);
    else if (key === "Escape" && suggestions.chosen >= 0) suggestions.mark(-1);
    else if (key === "Escape" && field2.ghost.length) this.dismiss();
    else if (altKey || shiftKey) return false;
    else if (key === "ArrowDown" && suggestions.count && (suggestions.chosen >= 0 || field2.isAtEnd))
      suggestions.mark(suggestions.chosen + 1);
    else if (key === "ArrowUp" && suggestions.chosen >= 0) suggestions.mark(suggestions.chosen - 1);
    else if (key === "Enter" && suggestions.chosen >= 0) this.take(suggestions.chosen);
    else return false;
    return true;
  }
  /** The cursor was moved without a change of the text: other words may stand before it. */
  moved() {
    if (document.activeElement !== this.field.area || this.field.before === this.asked) return;
    this.field.showGhost([]);
    this.again();
  }
  count() {
    const typed = this.field.characters;
    byId("pressed").textContent = this.field.keys.toLocaleString("en");
    byId("without").textContent = typed.toLocaleString("en");
    const saved = typed ? 1 - this.field.keys / typed : 0;
    byId("saved").textContent = typed === 0 ? "–" : saved < 0 ? `−${percent(-saved)}` : saved === 0 ? "0 %" : percent(saved);
  }
  readOut() {
    if (document.activeElement !== this.field.area) return;
    const told = Array.from({ length: this.suggestions.count }, (_, rank) => {
      const one = this.suggestions.at(rank);
      return one ? `${rank + 1}: ${one.word}, ${percent(one.probability)}` : "";
    });
    byId("said").textContent = told.length ? told.join("; ") : "No suggestions";
  }
};

// shared/circuit.ts
function story({ keep: keep2, input, output }, subject) {
  if (!keep2) return "A simple recurrent network has no switches: every word overwrites the state.";
  const open = input?.value ?? 0;
  const taken = open > 0.5 ? "takes in" : open > 0.15 ? "takes in a little" : "takes in next to nothing";
  const shown = output ? `; its output gate lets ${percent(output.value)} through` : "";
  return `${subject} ${taken}, and keeps ${percent(keep2.value)} of what it had${shown}.`;
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
  const { held, heldName: heldName2, keep: keep2, input, output, candidate } = unit;
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
  if (keep2)
    svg.append(
      wire("M212 70V98"),
      wire("M212 140V176"),
      lever(212, 98, 42, 1 - keep2.value, "keep", true),
      named(222, 160, keep2, "start"),
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

// shared/colours.ts
var SEQUENTIAL = {
  light: "#f3f8fa #b9e3f3 #80cbed #55b0e1 #3693d0 #2a77b8 #285b98 #274273 #212c4b",
  dark: "#171b26 #20314e #234a75 #1e6699 #1b84b8 #2ea3cf #56c1e1 #88ddef #bff7fd"
};
var DIVERGING = {
  light: "#0a5a9a #3379bb #5c99d5 #8cb8e7 #c0d8f2 #f7f7f7 #eecdbb #dfa583 #c98051 #ad5d25 #8c3f00",
  dark: "#80c3ff #5d9ee0 #427bb3 #325981 #273a4d #1c1f24 #4a3223 #79492a #a86438 #d38350 #fba773"
};
var system = matchMedia("(prefers-color-scheme: dark)");
var printing = matchMedia("print");
var isDark = () => {
  if (printing.matches) return false;
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : system.matches;
};
function onSystemTheme(act) {
  for (const query of [system, printing]) query.addEventListener("change", act);
}
function colourMap(isSigned2) {
  const stops = (isSigned2 ? DIVERGING : SEQUENTIAL)[isDark() ? "dark" : "light"].split(" ").map((hex) => {
    const whole = parseInt(hex.slice(1), 16);
    return [whole >> 16, whole >> 8 & 255, whole & 255];
  });
  return (share) => {
    const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
    const low = stops[Math.floor(at)];
    const high = stops[Math.ceil(at)];
    const part = at - Math.floor(at);
    const mixed = (channel) => low[channel] + part * (high[channel] - low[channel]);
    return [mixed(0), mixed(1), mixed(2)];
  };
}
function colours(size) {
  const colour = colourMap(size !== null);
  return (value) => colour(size === null ? value : (value / (size || 1) + 1) / 2);
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
  const gate = (...names) => {
    const name = names.find((one) => one in layer.gates);
    return name === void 0 ? null : { name, value: layer.gates[name]?.[unit] ?? 0 };
  };
  const keep2 = gate("f", "z");
  const rest = keep2 && { name: `1−${keep2.name}`, value: 1 - keep2.value };
  return {
    held: layer.states[heldName(layer)]?.[unit] ?? 0,
    heldName: heldName(layer),
    keep: keep2,
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
    const names = [...Object.keys(layer.gates), ...["c", "h"].filter((n) => n in layer.states)];
    return element("div", { class: "parts" }, ...names.map((name) => this.part(layer, name, unit)));
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

// serve/surroundings.ts
async function served(response) {
  const { data, translators = [] } = await response.json();
  return { words: data.map((one) => one.id), translators: translators.map((one) => one.id) };
}
function offerModels(names, choose) {
  const select = byId("model");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  byId("model-choice").hidden = names.length < 2;
  byId("model-name").textContent = names.length === 1 ? names[0] ?? "" : "";
  byId("model-name").hidden = names.length !== 1;
  select.addEventListener("change", () => choose(select.value));
}
function tokenOf(place) {
  const token2 = new URLSearchParams(place.hash.slice(1)).get("token");
  if (token2 !== null) history.replaceState(null, "", place.pathname + place.search);
  return token2;
}
function watchTheme(draw) {
  const root = document.documentElement;
  root.dataset["theme"] = kept("theme") ?? "";
  byId("theme").addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    keep("theme", root.dataset["theme"]);
    draw();
  });
  onSystemTheme(draw);
}

// serve/page.ts
var SURE = 0.3;
var GHOST_WORDS = 3;
var inside = new Inside();
var token = tokenOf(location);
var model = null;
var hasModels = false;
var desk = new Desk((text) => {
  connection.ask({ text, k: SHOWN, model, trace: true }, (answer) => show(text, answer));
});
var { field } = desk;
var routes = { socket: "v1/type", post: "v1/predict", byHttp: ({ text, k }) => ({ text, k }) };
var connection = new Connection(new URL(".", location.href), token, routes, {
  onState: showState,
  onRefusal: (refusal) => desk.refuse(refusal)
});
function show(text, answer) {
  if (answer.trace) inside.show(text, answer.trace);
  desk.show(text, answer.suggestions);
  const first = answer.suggestions[0];
  if (first?.text.startsWith(text) && first.text.length > text.length && !desk.isDismissed) {
    field.showGhost([first.text.slice(text.length)]);
  }
  goOn(first?.text ?? "");
}
function goOn(accepted) {
  const text = inside.missing();
  if (text === null) {
    if (field.ghost.length) lookAhead(accepted);
    return;
  }
  connection.ask({ text, k: 1, model, trace: true }, (answer) => {
    if (!answer.trace) return;
    inside.fill(text, answer.trace);
    goOn(accepted);
  });
}
function lookAhead(text) {
  if (field.ghost.length >= GHOST_WORDS) return;
  const question = { text: `${text} `, k: 1, model, trace: false };
  connection.ask(question, (answer) => {
    const next = answer.suggestions[0];
    if (desk.isDismissed || !field.ghost.length || !next || next.probability < SURE) return;
    if (!next.text.startsWith(text) || next.text.length <= text.length) return;
    field.showGhost([...field.ghost, next.text.slice(text.length)]);
    lookAhead(next.text);
  });
}
function showState(state, isHttp) {
  if (isHttp) inside.explain("Gates and memory come over a WebSocket, which something blocks here.");
  if (state === "here" && !hasModels) void listModels();
  desk.showState(state, isHttp);
}
async function listModels() {
  const response = await connection.fetch("v1/models");
  if (!response.ok || hasModels) return;
  hasModels = true;
  const { words, translators } = await served(response);
  const other = byId("other-page");
  other.hidden = translators.length === 0;
  if (token !== null) other.hash = `token=${encodeURIComponent(token)}`;
  if (words.length === 0 && translators.length > 0) location.replace(other.href);
  offerModels(words, (name) => {
    model = name;
    inside.forget();
    field.area.focus();
    desk.changed();
  });
}
watchTheme(() => inside.draw());
field.area.focus();
