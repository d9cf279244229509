/** What a semantic model thought of every pixel, at the photograph's own size. */

import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { eachScoreRow, type Rectangle, type ScoreMap } from "./enlarge.ts";
import type { Segmentation, SegmentOptions } from "./segmentation.ts";

export interface Detail {
  /** maps: sums over `views` views that cover `where`; each pixel is covered once. */
  add(maps: readonly ScoreMap[], where: Rectangle, views: number): void;
  readonly found: Pick<Segmentation, "confidence" | "probabilities">;
}

/** Most numbers of a photograph's probabilities (2 GB). */
const mostNumbers = 2 ** 29;

/** Throws InputError where the probabilities of all classes would not fit into memory. */
export function detailOf(
  wanted: SegmentOptions["detail"],
  { width, height }: Image,
  classes: number,
): Detail | undefined {
  if (wanted === undefined) return undefined;
  const pixels = width * height;
  const isWhole = wanted === "probabilities";
  if (isWhole && classes * pixels > mostNumbers) {
    throw new InputError(
      `segment: expected at most ${mostNumbers} probabilities of a photograph, got ${classes} of each of ${width}x${height} pixels. Ask for the confidence alone, or make the photograph smaller.`,
    );
  }
  const confidence = new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
  const probabilities = isWhole ? new Float32Array(classes * pixels) : undefined;
  return {
    add(maps, where, views) {
      eachScoreRow([height, width], where, maps, { classes, views }, (k, y, row) => {
        const start = y * width + where.left;
        probabilities?.set(row, k * pixels + start);
        for (let x = 0; x < row.length; x++) if (row[x] > confidence[start + x]) confidence[start + x] = row[x];
      });
    },
    found: { confidence, ...(probabilities && { probabilities }) },
  };
}
