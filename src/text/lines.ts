/** Lines of texts that people and programs wrote on any system. */

/** text → its lines, without the mark at its beginning that Windows writes, however they end. */
export function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/);
}

/** The lines that hold something, without the white space around. */
export function filledLines(text: string): string[] {
  return linesOf(text)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
