/** Pseudo masks against masks, where there are some: those that were written, and what other thresholds would have given. */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import { IGNORE, type LabelMap } from "../../image/image.ts";
import { type ConfusionMatrix, confusionMatrix, countPixels, scoresOf } from "../../metrics/confusion.ts";
import type { Measure } from "../../metrics/measure.ts";
import { pseudoMask } from "./cam.ts";

/** Scores of the background that are tried: the release's, and further ones. */
export const sweptThresholds = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6] as const;

interface Found {
  /** [T, H, W] in [0, 1], and their classes. */
  readonly shaped: NdArray;
  readonly indices: readonly number[];
  /** What was written. */
  readonly mask: LabelMap;
  readonly truth: LabelMap | undefined;
}

/** Counts of pixels by truth and label, for sums over all photographs; nothing without truth. */
export function countSweep(
  { shaped, indices, mask, truth }: Found,
  classes: number,
  { background }: { readonly background: number },
): Named<NdArray> {
  if (truth === undefined) return {};
  const counted = (guess: LabelMap) => {
    const matrix = confusionMatrix(classes);
    // What is not known is not wrong.
    const data = truth.data.map((label, i) => (guess.data[i] === IGNORE ? IGNORE : label));
    countPixels(matrix, { ...truth, data }, guess, "pseudo mask");
    return matrix.counts;
  };
  const swept = sweptThresholds.map((threshold) =>
    counted(
      indices.length === 0
        ? { ...mask, data: new Uint8Array(mask.data.length).fill(background) }
        : pseudoMask(shaped, indices, { threshold, background }),
    ),
  );
  const labelled = truth.data.reduce((sum, label) => sum + (label === IGNORE ? 0 : 1), 0);
  return {
    written: ndarray("float64", [classes, classes], counted(mask)),
    swept: ndarray("float64", [swept.length, classes, classes], Float64Array.from(swept.flatMap((each) => [...each]))),
    labelled: ndarray("float64", [], Float64Array.of(labelled)),
  };
}

/** Mean IoU of what was written, how much of the labelled pixels that is, and of thresholds without a CRF. */
export function sweepScores(
  { written, swept, labelled }: Named<NdArray>,
  classes: number,
  { camCrf }: { readonly camCrf: string },
): Measure[] {
  if (written === undefined) return [];
  const score = (counts: Float64Array): Pick<Measure, "value" | "unit"> => {
    const matrix: ConfusionMatrix = { ...confusionMatrix(classes), counts };
    return { value: scoresOf(matrix).meanIou, unit: "share" };
  };
  const size = classes * classes;
  const at = (i: number) => (swept.data as Float64Array).slice(i * size, (i + 1) * size);
  const known = (written.data as Float64Array).reduce((sum, count) => sum + count, 0);
  const share = known / Math.max(1, Number(labelled.data[0]));
  const behind = camCrf === "none" ? "" : " without CRF";
  return [
    { name: "mean IoU", ...score(written.data as Float64Array) },
    ...(share < 1 ? [{ name: "pixels with a label", value: share, unit: "share" } as const] : []),
    ...sweptThresholds.map((threshold, i) => ({ name: `mean IoU at ${threshold}${behind}`, ...score(at(i)) })),
  ];
}
