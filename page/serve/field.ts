// The text field: grey text that may be taken, suggestions put in, and keys counted. Asks nobody.
import { byId, element } from "../shared/elements";

/** A mark that takes away the space which came with the word before it. */
const CLOSES = /^[.,!?;:)\]}%…’”]$/;
const OPENS = /[([{“‘$#@]$/;

export class Field {
  readonly area = byId<HTMLTextAreaElement>("field");
  private readonly mirror = byId("mirror");
  private pieces: string[] = [];
  private isAccepting = false;
  /** A space that came with a word stands before this place; -1: none does. */
  private spaceBefore = -1;
  /** Keys pressed for the text that stands here. */
  keys = 0;

  constructor(private readonly changed: () => void) {
    this.area.addEventListener("beforeinput", (event) => this.joinMark(event as InputEvent));
    this.area.addEventListener("input", (event) => this.entered(event as InputEvent));
    this.area.addEventListener("scroll", () => this.follow());
    new ResizeObserver(() => this.follow()).observe(this.area);
  }

  /** What stands before the cursor. */
  get before(): string {
    return this.area.value.slice(0, this.area.selectionStart);
  }

  /** Whether the cursor, and no selection, stands where the text ends. */
  get isAtEnd(): boolean {
    const { selectionStart, selectionEnd, value } = this.area;
    return selectionStart === selectionEnd && selectionEnd === value.length;
  }

  /** The grey text, word by word. */
  get ghost(): readonly string[] {
    return this.pieces;
  }

  /** Characters that would have been typed; a space that nobody has used yet is none. */
  get characters(): number {
    const { value } = this.area;
    const unused = this.spaceBefore === value.length ? 1 : 0;
    return [...value].length - unused;
  }

  showGhost(pieces: string[]): void {
    this.pieces = this.isAtEnd ? pieces : [];
    const text = this.pieces.join("");
    this.mirror.replaceChildren(
      // Where the grey rest of a word does not fit, what is typed of it stays on its line.
      ...(text
        ? [this.area.value, element("wbr"), element("span", { class: "ghost" }, text)]
        : []),
    );
    this.follow();
  }

  /** Takes so many words of the grey text. */
  takeGhost(words = this.pieces.length): void {
    this.put(this.before + this.pieces.slice(0, words).join(""));
  }

  /** Puts a text in place of what stands before the cursor, and a space where one belongs. */
  put(text: string): void {
    const before = this.before;
    const rest = this.area.value.slice(this.area.selectionEnd);
    const space = OPENS.test(text) || /^\s/.test(rest) ? "" : " ";
    let same = 0;
    while (same < before.length && before[same] === text[same]) same += 1;
    this.isAccepting = true;
    this.area.focus();
    this.area.setSelectionRange(same, this.area.selectionEnd);
    const added = text.slice(same) + space;
    // The only way that leaves the browser's undo as it was; where it is gone, undo is lost.
    if (!document.execCommand("insertText", false, added)) {
      this.area.setRangeText(added, same, this.area.selectionEnd, "end");
      this.area.dispatchEvent(new InputEvent("input", { inputType: "insertText", data: added }));
    }
    this.isAccepting = false;
    this.spaceBefore = space ? this.area.selectionStart : -1;
    this.changed();
  }

  /** Puts another text in place of a part, by one key, and the cursor at the end. */
  replace(start: number, end: number, text: string): void {
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
  clear(): void {
    this.area.value = "";
    this.keys = 0;
    this.spaceBefore = -1;
    this.changed();
  }

  /** Types characters, as a key that means something else here would have. */
  type(text: string): void {
    document.execCommand("insertText", false, text);
  }

  private joinMark(event: InputEvent): void {
    const { area } = this;
    const at = area.selectionStart;
    if (this.isAccepting || this.spaceBefore !== at || area.selectionEnd !== at) return;
    if (event.inputType !== "insertText" || event.data === null) return;
    if (event.data === " ") {
      // The space that is typed out of habit is there already.
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

  private entered(event: InputEvent): void {
    if (this.isAccepting) {
      this.keys += 1;
      return; // `put` tells when it is done
    }
    this.spaceBefore = -1;
    const isInsertion = event.inputType.startsWith("insert");
    this.keys += isInsertion && event.data !== null ? Math.max(1, [...event.data].length) : 1;
    if (event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop")
      this.keys = Math.max(this.keys, [...this.area.value].length); // pasted text saves nothing
    if (this.area.value === "") this.keys = 0;
    this.changed();
  }

  private follow(): void {
    this.mirror.scrollTop = this.area.scrollTop;
  }
}
