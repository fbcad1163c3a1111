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
var mean = (values) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
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
  constructor(base, token, routes, listener) {
    this.base = base;
    this.token = token;
    this.routes = routes;
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
  ask(question, take) {
    this.last += 1;
    this.waiting = { id: this.last, question, take };
    this.send();
  }
  async models() {
    const response = await this.fetch("v1/models");
    if (!response.ok) return null;
    const { data, translators = [] } = await response.json();
    return { words: data.map((one) => one.id), translators: translators.map((one) => one.id) };
  }
  async fetch(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("authorization", `Bearer ${this.token}`);
    return fetch(new URL(path, this.base), { ...init, headers, credentials: "omit" });
  }
  send() {
    const waiting = this.waiting;
    if (!waiting) return;
    if (this.socket?.readyState === WebSocket.OPEN) {
      const { model, ...rest } = waiting.question;
      this.socket.send(
        JSON.stringify({ id: waiting.id, ...rest, ...model === null ? {} : { model } })
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
    const { model } = waiting.question;
    try {
      const response = await this.fetch(this.routes.post, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...this.routes.byHttp(waiting.question),
          ...model === null ? {} : { model }
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
  tell(kind, isHttp) {
    if (kind === this.state && isHttp === this.isHttp) return;
    [this.state, this.isHttp] = [kind, isHttp];
    this.listener.onState({
      kind,
      says: kind === "away" ? "The server is away; trying again" : isHttp ? "connected, by HTTP" : "connected",
      untraced: isHttp ? "Gates and memory come over a WebSocket, which something blocks here." : null
    });
  }
};
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
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
function colourMap(isSigned) {
  const stops = (isSigned ? DIVERGING : SEQUENTIAL)[isDark() ? "dark" : "light"].split(" ").map((hex) => {
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

// serve/surroundings.ts
function offerModels(names, choose) {
  const select = byId("model");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  byId("model-choice").hidden = names.length < 2;
  byId("model-name").textContent = names.length === 1 ? names[0] ?? "" : "";
  byId("model-name").hidden = names.length !== 1;
  select.addEventListener("change", () => choose(select.value));
}
function tokenOf(place) {
  const token = new URLSearchParams(place.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", place.pathname + place.search);
  return token;
}
function switchOf(name, changed) {
  const box = byId(name);
  box.checked = kept(name) === "true";
  box.addEventListener("change", () => {
    keep(name, String(box.checked));
    changed();
  });
  return box;
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
    this.field.area.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("selectionchange", () => this.moved());
    this.field.area.addEventListener("blur", () => this.suggestions.mark(-1));
  }
  ask;
  field = new Field(() => this.changed());
  suggestions = new Suggestions(this.field.area, (rank) => this.take(rank));
  isDismissed = false;
  digits = switchOf("digits", () => this.field.area.focus());
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
  showState({ kind, says }) {
    byId("link").dataset["state"] = kind;
    document.body.classList.toggle("away", kind === "away");
    byId("link-says").textContent = says;
    if (kind === "here" && this.suggestions.count === 0) this.again();
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
    const { field, suggestions, digits } = this;
    const { key, altKey, shiftKey } = event;
    const rank = /^Digit[1-9]$/.test(event.code) ? Number(event.code.slice(5)) - 1 : -1;
    if (rank >= 0 && rank < SHOWN && !shiftKey) {
      const isForList = digits.checked ? !altKey : altKey || suggestions.chosen >= 0;
      if (isForList && rank < suggestions.count) {
        this.take(rank);
        return true;
      }
      if (digits.checked && altKey) {
        field.type(String(rank + 1));
        return true;
      }
      return false;
    }
    if (key === "Tab" && !altKey && !shiftKey && field.ghost.length) field.takeGhost();
    else if (key === "ArrowRight" && altKey && field.ghost.length) field.takeGhost(1);
    else if (key === "Escape" && suggestions.chosen >= 0) suggestions.mark(-1);
    else if (key === "Escape" && field.ghost.length) this.dismiss();
    else if (altKey || shiftKey) return false;
    else if (key === "ArrowDown" && suggestions.count && (suggestions.chosen >= 0 || field.isAtEnd))
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

export {
  element,
  shape,
  byId,
  word,
  percent,
  fixed,
  mean,
  Connection,
  colours,
  offerModels,
  tokenOf,
  switchOf,
  watchTheme,
  SHOWN,
  Desk
};
