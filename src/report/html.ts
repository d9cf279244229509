/** Text to HTML. */

/** Markup, as opposed to text that still has to be escaped. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | readonly Html[];

/** A template of markup: strings and numbers put into it are escaped, other markup is not. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: pieces.reduce((text, piece, i) => text + piece + (i < parts.length ? markupOf(parts[i]) : ""), "") };
}

/** Markup as it is; for style sheets. */
export function raw(markup: string): Html {
  return { markup };
}

function markupOf(part: Part): string {
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return Array.isArray(part) ? part.map(({ markup }) => markup).join("") : (part as Html).markup;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter]);
}
