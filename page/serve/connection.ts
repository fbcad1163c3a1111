// Asks the server: over a WebSocket, or by one request a keystroke where none can be opened.
// Only the answer to the newest question is given on.
import type { Answering, Listener, Models, State } from "./answering";
import type { Refusal } from "./messages";

/** Where a kind of question is asked, and which of its fields an HTTP request has. */
interface Routes<Question> {
  socket: string;
  post: string;
  byHttp(question: Question): object;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;
/** What the server asks to be asked again. */
const PASSING = new Set(["rate_limited", "overloaded", "deadline"]);

export class Connection<Question extends { model: string | null }, Answer>
  implements Answering<Question, Answer>
{
  private socket: WebSocket | null = null;
  private state: State["kind"] = "connecting";
  private isHttp = false;
  private hasOpened = false;
  private wait = FIRST_WAIT;
  private timer = 0;
  private last = 0;
  private waiting: { id: number; question: Question; take: (answer: Answer) => void } | null = null;
  private request: AbortController | null = null;

  constructor(
    private readonly base: URL,
    private readonly token: string | null,
    private readonly routes: Routes<Question>,
    private readonly listener: Listener,
  ) {
    this.connect();
    addEventListener("online", () => this.connect());
    addEventListener("pagehide", () => this.socket?.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.connect();
    });
  }

  ask(question: Question, take: (answer: Answer) => void): void {
    this.last += 1;
    this.waiting = { id: this.last, question, take };
    this.send();
  }

  async models(): Promise<Models | null> {
    const response = await this.fetch("v1/models");
    if (!response.ok) return null;
    const { data, translators = [] } = (await response.json()) as {
      data: { id: string }[];
      translators?: { id: string }[];
    };
    return { words: data.map((one) => one.id), translators: translators.map((one) => one.id) };
  }

  private async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("authorization", `Bearer ${this.token}`);
    return fetch(new URL(path, this.base), { ...init, headers, credentials: "omit" });
  }

  private send(): void {
    const waiting = this.waiting;
    if (!waiting) return;
    if (this.socket?.readyState === WebSocket.OPEN) {
      const { model, ...rest } = waiting.question;
      this.socket.send(
        JSON.stringify({ id: waiting.id, ...rest, ...(model === null ? {} : { model }) }),
      );
    } else if (this.isHttp) void this.post();
  }

  private connect(): void {
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

  private read(text: string): void {
    const message = JSON.parse(text) as { id: number | null; error?: Refusal } & Answer;
    if (message.id !== null && message.id !== this.waiting?.id) return;
    const waiting = this.waiting;
    if (message.error) this.refused(message.error);
    else if (waiting) {
      this.waiting = null;
      waiting.take(message);
    }
  }

  private refused(refusal: Refusal): void {
    this.listener.onRefusal(refusal);
    if (PASSING.has(refusal.code)) setTimeout(() => this.send(), FIRST_WAIT);
    else this.waiting = null;
  }

  /** There is no WebSocket now. Where there never was one, it may be blocked: HTTP may serve. */
  private async lost(): Promise<void> {
    if (!this.hasOpened && (await this.answersHttp())) {
      this.tell("here", true);
      this.send();
    } else this.tell("away", false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(LONGEST_WAIT, 2 * this.wait);
  }

  private async answersHttp(): Promise<boolean> {
    try {
      return (await this.fetch("v1/models")).ok;
    } catch {
      return false;
    }
  }

  private async post(): Promise<void> {
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
          ...(model === null ? {} : { model }),
        }),
        signal: this.request.signal,
      });
      const answer = (await response.json()) as Answer & { error?: Refusal };
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

  private tell(kind: State["kind"], isHttp: boolean): void {
    if (kind === this.state && isHttp === this.isHttp) return;
    [this.state, this.isHttp] = [kind, isHttp];
    this.listener.onState({
      kind,
      says: kind === "away" ? "The server is away; trying again" : isHttp ? "connected, by HTTP" : "connected",
      untraced: isHttp ? "Gates and memory come over a WebSocket, which something blocks here." : null,
    });
  }
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
