/** Words in pictures, in letters of pixels: readable small, and the same on every machine. */
import sevenPlus from "js-pixel-fonts/data/seven-plus.json" with { type: "json" };
import type { Color, Image } from "./image.ts";

interface Glyph {
  /** Rows above the first that has pixels. */
  readonly offset: number;
  readonly pixels: readonly (readonly number[])[];
}

const glyphs: Readonly<Record<string, Glyph>> = sevenPlus.glyphs;

/** Rows of a line: capitals have 7, and 2 more hang below. */
export const textRows = 9;

/** A text as rows of pixels, 0 or 1, at scale 1; letters that the font lacks lose their accents, or are question marks. */
export function textPixels(text: string): number[][] {
  const rows: number[][] = Array.from({ length: textRows }, () => []);
  const letters = [...text.normalize("NFD").replace(/\p{M}/gu, "")];
  for (const [i, letter] of letters.entries()) {
    const { offset, pixels } = glyphs[letter] ?? glyphs["?"];
    const width = pixels.reduce((most, row) => Math.max(most, row.length), 0);
    for (const [y, row] of rows.entries()) {
      if (i > 0) row.push(0);
      for (let x = 0; x < width; x++) row.push(pixels[y - offset]?.[x] ?? 0);
    }
  }
  return rows;
}

/** Writes a text into a picture, in place; what lies outside is cut. left, top: of its first pixel; scale: pixels of the picture a pixel. */
export function drawText(
  { width, height, data }: Image,
  text: string,
  {
    left,
    top,
    scale,
    color,
  }: { readonly left: number; readonly top: number; readonly scale: number; readonly color: Color },
): void {
  for (const [row, line] of textPixels(text).entries()) {
    for (const [column, on] of line.entries()) {
      if (on === 0) continue;
      for (let y = top + row * scale; y < top + (row + 1) * scale; y++) {
        for (let x = left + column * scale; x < left + (column + 1) * scale; x++) {
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          data.set(color, 3 * (y * width + x));
        }
      }
    }
  }
}
