/** The little of YAML that `data.yaml` is written in: top-level fields that hold a text, a list or named entries. */

import { linesOf } from "../../text/lines.ts";

/** A text, a list of texts, or texts by name; quotes and comments are taken off. Lists and entries in others are left out. */
export type YamlField = string | readonly string[] | ReadonlyMap<string, string>;

/** text → its top-level fields. What is no field is passed over. */
export function yamlFields(text: string): ReadonlyMap<string, YamlField> {
  const found = new Map<string, YamlField>();
  const lines = linesOf(text);
  for (let at = 0; at < lines.length; ) {
    const start = /^(["']?)([A-Za-z_][\w -]*)\1\s*:(?=\s|$)(.*)$/.exec(lines[at++]);
    if (start === null) continue;
    const block = [start[3]];
    // A list may stand below its name without being moved in; and brackets may be closed at the edge.
    while (at < lines.length && (/^(?:\s|$|#|-(?:\s|$)|[\]},])/.test(lines[at]) || isOpen(block))) {
      block.push(lines[at++]);
    }
    found.set(start[2].trim(), fieldIn(block));
  }
  return found;
}

/** Whether a bracket at the beginning is not closed yet. */
function isOpen(block: readonly string[]): boolean {
  const text = withoutMarks(block.join("\n"));
  if (!/^[[{]/.test(text)) return false;
  const reader = new Reader(text);
  reader.collection();
  return !reader.isClosed;
}

/** Without the anchors and tags before a value: `&list`, `!!seq`. */
function withoutMarks(text: string): string {
  return text.replace(/^\s*(?:[&!]\S*(?:\s+|$))*/, "");
}

function fieldIn(block: readonly string[]): YamlField {
  const text = withoutMarks(block.join("\n"));
  if (/^[[{]/.test(text)) return new Reader(text).collection();
  const first = new Reader(withoutMarks(block[0])).scalar("\n");
  if (first !== "") return first;
  const items: string[] = [];
  const entries = new Map<string, string>();
  for (const line of block.slice(1)) {
    const item = /^\s*-\s+(.*)$/.exec(line);
    const entry = /^\s*(?:"([^"]*)"|'([^']*)'|([^\s:#"'][^:#]*?))\s*:(?:\s+(.*))?$/.exec(line);
    if (item !== null) items.push(new Reader(item[1]).scalar("\n"));
    else if (entry !== null) entries.set(entry[1] ?? entry[2] ?? entry[3], new Reader(entry[4] ?? "").scalar("\n"));
  }
  return entries.size > 0 ? entries : items;
}

/** Reads values from the beginning of a text on. */
class Reader {
  readonly #text: string;
  #at = 0;
  isClosed = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** A list in brackets, or entries in braces. */
  collection(): readonly string[] | ReadonlyMap<string, string> {
    const isMap = this.#text[this.#at++] === "{";
    const items: string[] = [];
    const entries = new Map<string, string>();
    const end = isMap ? "}" : "]";
    for (;;) {
      this.#skip();
      const next = this.#text[this.#at];
      if (next === undefined) break;
      if (next === end) {
        this.isClosed = true;
        break;
      }
      if (next === ",") {
        this.#at++;
        continue;
      }
      const before = this.#at;
      const first = this.scalar(isMap ? ":,}" : ",]");
      if (isMap) {
        this.#skip();
        if (this.#text[this.#at] === ":") this.#at++;
        this.#skip();
        entries.set(first, this.scalar(",}"));
      } else items.push(first);
      if (this.#at === before) this.#at++;
    }
    return isMap ? entries : items;
  }

  /** A text in quotes, or all until one of `ends` or a comment. */
  scalar(ends: string): string {
    this.#skip();
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#quoted(quote);
    let text = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const letter = this.#text[this.#at];
      if (ends.includes(letter) && (letter !== ":" || /^\s|^$/.test(this.#text.slice(this.#at + 1)))) break;
      if (letter === "#" && /^$|\s$/.test(text)) {
        this.#skip();
        this.#at--;
        continue;
      }
      text += letter;
    }
    return text.replace(/\s+/g, " ").trim();
  }

  #quoted(quote: string): string {
    let text = "";
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const letter = this.#text[this.#at];
      if (letter === quote && quote === "'" && this.#text[this.#at + 1] === "'") this.#at++;
      else if (letter === quote) break;
      else if (letter === "\\" && quote === '"') {
        const escaped = /^\\(?:u[\da-f]{4}|x[\da-f]{2}|[\s\S])/i.exec(this.#text.slice(this.#at))?.[0] ?? "\\";
        this.#at += escaped.length - 1;
        text += unescaped(escaped);
        continue;
      }
      text += letter;
    }
    this.#at++;
    return text;
  }

  /** Past white space and comments. */
  #skip(): void {
    const rest = /^(?:\s+|#[^\n]*)*/.exec(this.#text.slice(this.#at));
    this.#at += rest?.[0].length ?? 0;
  }
}

function unescaped(text: string): string {
  const code = /^\\[ux]([\da-f]+)$/i.exec(text);
  if (code !== null) return String.fromCharCode(Number.parseInt(code[1], 16));
  return { "\\n": "\n", "\\t": "\t" }[text] ?? text.slice(1);
}
