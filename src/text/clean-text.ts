import { decodeHTML } from "entities";
import { fix_text } from "ftfy-js";

/** White space as Unicode has it. JavaScript's `\s` counts the byte order mark too, which is none. */
const whiteSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/**
 * Text as CLIP's tokenizer sees it: mis-decoded text, typographic quotes, ligatures, full-width letters and control
 * characters are repaired as ftfy 6.3.1 does it, HTML entities decoded twice, white space becomes single spaces, letters
 * small ones (Radford et al. 2021; simple_tokenizer.py of openai/CLIP).
 */
export function cleanText(text: string): string {
  return unescapeHtml(unescapeHtml(fix_text(text)))
    .replace(whiteSpace, " ")
    .replace(/^ | $/g, "")
    .toLowerCase();
}

/**
 * References to characters become these, as Python's `html.unescape` does it: those without a semicolon too, and numbers
 * that name no character vanish.
 */
function unescapeHtml(text: string): string {
  if (!text.includes("&")) return text;
  const parts = text.split(numbered);
  return parts.map((part) => (namesNothing(part) ? "" : decodeHTML(part))).join("");
}

const numbered = /(&#(?:[xX][0-9a-fA-F]+|[0-9]+);?)/;

/** Control characters, and what Unicode keeps free. */
function namesNothing(reference: string): boolean {
  if (!reference.startsWith("&#")) return false;
  const code = Number(reference.slice(2).replace(/^[xX]/, "0x").replace(";", "")); // NaN for "&#;", which is text
  const isControl = (code >= 1 && code <= 8) || code === 11 || (code >= 14 && code <= 31) || code === 127;
  const isFree = (code >= 0xfdd0 && code <= 0xfdef) || (code <= 0x10ffff && code % 0x10000 >= 0xfffe);
  return isControl || isFree;
}
