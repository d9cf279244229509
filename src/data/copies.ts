/**
 * Pictures that two splits share: scores on what was learned from say nothing. Copies are found by pixels of a grid, and what
 * was saved anew or resized by a small grey picture of it; not what was cut, turned or mirrored.
 */

import { problem } from "../errors.ts";
import type { Image } from "../image/image.ts";

/** Cells along each side of the small picture. */
const cells = 16;
/** Pixels that are averaged along each side of a cell, and up to twice as many: that bounds what a large photograph costs. */
const perCell = 24;
/** Smaller pictures are alike by chance. */
const fewestPixels = 256;
/** Contrast (standard deviation of the cells, of 255) below which a picture is too flat to be compared, unless it is equal. */
const leastContrast = 4;
/** Share of the contrast by which cells of near copies differ at most, on average. */
const nearness = 0.08;
/** Most pictures with a like sketch that one is compared with. */
const mostCandidates = 64;

/** What is kept of a picture. */
interface Print {
  readonly source: string;
  /** Size and sampled pixels, hashed. */
  readonly exact: string;
  readonly grey: Uint8Array;
  readonly contrast: number;
  /** Which cells are brighter than the mean, 16 bits each. */
  readonly bands: readonly number[];
}

/** A line with the file that it begins with. */
interface Found {
  readonly file: string;
  readonly message: string;
}

/** Compares pictures of other splits with those of `train`, which are added first. 300 bytes of each are kept. */
export class CopyFinder {
  readonly #exact = new Map<string, string>();
  readonly #byBand = new Map<string, Print[]>();
  readonly #copies = new Map<string, { readonly file: string; readonly of: string; count: number }>();

  addTrained(source: string, image: Image): void {
    const print = printOf(source, image);
    if (print === undefined) return;
    if (!this.#exact.has(print.exact)) this.#exact.set(print.exact, source);
    for (const key of keysOf(print)) {
      const list = this.#byBand.get(key);
      if (list === undefined) this.#byBand.set(key, [print]);
      else if (list.length < mostCandidates) list.push(print);
    }
  }

  /** split: the one that `source` is of. */
  compare(split: string, source: string, image: Image): void {
    const print = printOf(source, image);
    if (print === undefined) return;
    const same = this.#exact.get(print.exact);
    if (same !== undefined) {
      this.#found(split, "copy", source, same);
      return;
    }
    const near = keysOf(print)
      .flatMap((key) => this.#byBand.get(key) ?? [])
      .find((other) => isNear(print, other));
    if (near !== undefined) this.#found(split, "near", source, near.source);
  }

  /** Copies to the pixel. */
  copies(): Found[] {
    return this.#lines("copy");
  }

  /** Pictures that are nearly the same. */
  nearCopies(): Found[] {
    return this.#lines("near");
  }

  #found(split: string, kind: "copy" | "near", file: string, of: string): void {
    const key = `${kind} ${split}`;
    const known = this.#copies.get(key);
    if (known === undefined) this.#copies.set(key, { file, of, count: 1 });
    else known.count++;
  }

  #lines(wanted: "copy" | "near"): Found[] {
    return [...this.#copies].flatMap(([key, { file, of, count }]) => {
      const [kind, split] = key.split(" ");
      if (kind !== wanted) return [];
      const what = kind === "copy" ? "a copy of" : "nearly the same picture as";
      const others = count === 1 ? "" : `, and ${count - 1} more like it`;
      const message = sharedPicture(split, file, `${what} ${of}${others}`);
      return [{ file, message }];
    });
  }
}

/** A line about a picture of `split`; `got`: which one of train it is, and whether there are more. */
export function sharedPicture(split: string, file: string, got: string): string {
  const remedy = "Scores on what was learned from say nothing: keep each picture in one split.";
  return problem(file, `expected pictures in ${split} that train has not`, got, remedy);
}

function printOf(source: string, { width, height, data }: Image): Print | undefined {
  if (width * height < fewestPixels) return undefined;
  const grey = new Uint8Array(cells * cells);
  let hash = 0x811c9dc5;
  // Means of all pixels of a cell, or of every second, third … row and column of a large picture.
  const [stepX, stepY] = [width, height].map((side) => Math.max(1, Math.floor(side / (cells * perCell))));
  for (let cell = 0; cell < grey.length; cell++) {
    const [row, column] = [Math.floor(cell / cells), cell % cells];
    const [top, bottom] = [row, row + 1].map((at) => Math.round((at * height) / cells));
    const [left, right] = [column, column + 1].map((at) => Math.round((at * width) / cells));
    let [sum, count] = [0, 0];
    for (let y = Math.min(top, height - 1); y < Math.max(bottom, top + 1); y += stepY) {
      for (let x = Math.min(left, width - 1); x < Math.max(right, left + 1); x += stepX) {
        const at = 3 * (y * width + x);
        const color = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
        hash = Math.imul(hash ^ color, 0x01000193) ^ (hash >>> 15);
        sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
        count++;
      }
    }
    grey[cell] = count === 0 ? 0 : Math.round(sum / count);
  }
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  const contrast = Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length);
  if (contrast === 0) return undefined;
  return {
    source,
    exact: `${width}x${height}:${hash >>> 0}:${grey.join()}`,
    grey,
    contrast,
    bands: sketchOf(grey, mean),
  };
}

/** 8 x 8 means of four cells, a bit each, in four numbers. */
function sketchOf(grey: Uint8Array, mean: number): number[] {
  const bands = [0, 0, 0, 0];
  for (let bit = 0; bit < 64; bit++) {
    const at = 2 * Math.floor(bit / 8) * cells + 2 * (bit % 8);
    const brighter = grey[at] + grey[at + 1] + grey[at + cells] + grey[at + cells + 1] > 4 * mean;
    if (brighter) bands[bit >> 4] |= 1 << (bit & 15);
  }
  return bands;
}

/** Pictures whose sketches differ in three bits at most share a key. */
function keysOf({ bands, contrast }: Print): string[] {
  return contrast < leastContrast ? [] : bands.map((band, at) => `${at}:${band}`);
}

function isNear(a: Print, b: Print): boolean {
  const difference = a.grey.reduce((sum, value, cell) => sum + Math.abs(value - b.grey[cell]), 0) / a.grey.length;
  return difference <= nearness * Math.min(a.contrast, b.contrast);
}
