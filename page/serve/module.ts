// Asks the WebAssembly module, which runs in a worker with a model that lies beside the page. No server is asked.
// Only the answer to the newest question is given on.
import type { Answering, Listener, Models } from "./answering";
import type { Answer, Question } from "./messages";
import type { Asked, Told } from "./worker";

interface Waiting {
  question: Question;
  take: (answer: Answer) => void;
}

export class Module implements Answering<Question, Answer> {
  private readonly worker: Worker;
  private isReady = false;
  private isOffline = false;
  private hasFailed = false;
  /** The newest question, until it is answered. */
  private newest: Waiting | null = null;
  /** The question that the worker is answering. */
  private asked: Waiting | null = null;

  constructor(
    private readonly name: string,
    base: URL,
    private readonly listener: Listener,
  ) {
    this.worker = new Worker(new URL("worker.js", base), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.read(data as Told));
    this.worker.addEventListener("error", () => this.fail("the predictor cannot be started; load the page again"));
    void this.keepOffline(base);
  }

  ask(question: Question, take: (answer: Answer) => void): void {
    this.newest = { question, take };
    this.send();
  }

  models(): Promise<Models> {
    return Promise.resolve({ words: [this.name], translators: [] });
  }

  /** Sends the newest question once the one before it is answered, so that none is answered for nobody. */
  private send(): void {
    if (!this.isReady || this.asked || !this.newest) return;
    this.asked = this.newest;
    const { text, k, phrases } = this.newest.question;
    this.worker.postMessage({ text, k, phrases } satisfies Asked);
  }

  private read(told: Told): void {
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

  private fail(message: string): void {
    this.hasFailed = true;
    this.tell();
    this.listener.onRefusal({ code: "failed", message });
  }

  private tell(): void {
    const untraced = null; // the page leaves that part out
    if (this.hasFailed) this.listener.onState({ kind: "away", says: "The model cannot be loaded", untraced });
    else if (this.isReady) {
      const says = this.isOffline ? "on this device, also offline" : "on this device";
      this.listener.onState({ kind: "here", says, untraced });
    }
  }

  /** Lets the browser keep the page, where it may: at an address of https, or of this machine. */
  private async keepOffline(base: URL): Promise<void> {
    if (!("serviceWorker" in navigator)) return;
    try {
      await navigator.serviceWorker.register(new URL("service-worker.js", base));
      await navigator.serviceWorker.ready;
    } catch {
      return; // The page works as long as its web server is there.
    }
    this.isOffline = true;
    this.tell();
  }
}
