/** Masks as a tokenizer learns them: views of any size, all of whose pixels have a colour. */
import type { Random } from "../../array/random.ts";
import { InputError } from "../../errors.ts";
import type { LabelMap } from "../../image/image.ts";
import { padLabels } from "../../image/pad.ts";
import { type View, viewLabels } from "../../image/resize.ts";

export interface ViewSettings {
  /** Sides of a view. */
  readonly size: number;
  /** A mask is made so many times as large before it is cut, drawn uniformly. */
  readonly scaleMin: number;
  readonly scaleMax: number;
  readonly flipProbability: number;
}

/** A rectangle of a randomly scaled picture of width x height, mirrored or not; no larger than `size`. */
export function drawnView(
  { width, height }: { readonly width: number; readonly height: number },
  { size, scaleMin, scaleMax, flipProbability }: ViewSettings,
  random: Random,
): View {
  const scale = random.between(scaleMin, scaleMax);
  const [scaledWidth, scaledHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const [w, h] = [Math.min(size, scaledWidth), Math.min(size, scaledHeight)];
  return {
    ...{ scaledWidth, scaledHeight, width: w, height: h },
    left: random.integer(scaledWidth - w + 1),
    top: random.integer(scaledHeight - h + 1),
    flipped: random.chance(flipProbability),
  };
}

/** The labels of a view; what a small mask leaves empty is unlabelled, at the right and bottom. */
export function viewedLabels(mask: LabelMap | undefined, view: View, size: number, source: string): LabelMap {
  if (mask === undefined)
    throw new InputError(`${source}: expected a mask, got none. Train on a data set that has them.`);
  return padLabels(viewLabels(mask, view), size, size);
}
