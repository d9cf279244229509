/** Augmentation of a photograph and its labels together, as in mmsegmentation's training pipelines. */
import type { Random } from "../array/random.ts";
import { IGNORE, type Image, type LabelMap } from "../image/image.ts";
import { padImage, padLabels } from "../image/pad.ts";
import { type View, viewImage, viewLabels } from "../image/resize.ts";
import { distortColors } from "./photometric.ts";
import type { Sample } from "./sample.ts";

/** The fields of a recipe that augmentation reads (`methods/recipe.ts` says what they mean). */
export interface AugmentRecipe {
  readonly cropHeight: number;
  readonly cropWidth: number;
  readonly scaleMin: number;
  readonly scaleMax: number;
  readonly cropMaxShare: number;
  readonly flipProbability: number;
  readonly photometric: number;
}

/** Both cropHeight x cropWidth. */
export interface Augmented {
  readonly image: Image;
  /** All `IGNORE` where the sample has no mask. */
  readonly labels: LabelMap;
}

/** How often a crop that shows too much of one class is drawn again. */
const redraws = 10;

/**
 * Random scale, crop, flip and colours; what a small image leaves empty is the mean colour, unlabelled, at the right and
 * bottom. The same sample, recipe and `random` give the same bytes.
 */
export function augment(sample: Sample, recipe: AugmentRecipe, random: Random): Augmented {
  const {
    image,
    labels: { mask: labels },
  } = sample;
  const { cropWidth, cropHeight, cropMaxShare } = recipe;
  const scale = random.between(recipe.scaleMin, recipe.scaleMax);
  const scaledWidth = Math.max(1, Math.round(image.width * scale));
  const scaledHeight = Math.max(1, Math.round(image.height * scale));
  const width = Math.min(cropWidth, scaledWidth);
  const height = Math.min(cropHeight, scaledHeight);
  const draw = (): View => ({
    ...{ scaledWidth, scaledHeight, width, height, flipped: false },
    left: random.integer(scaledWidth - width + 1),
    top: random.integer(scaledHeight - height + 1),
  });
  let view = draw();
  if (labels !== undefined && cropMaxShare < 1 && (width < scaledWidth || height < scaledHeight)) {
    for (let i = 0; i < redraws && !isBalanced(viewLabels(labels, view), cropMaxShare); i++) view = draw();
  }
  view = { ...view, flipped: random.chance(recipe.flipProbability) };
  const seen = viewImage(image, view);
  distortColors(seen, recipe.photometric, random);
  const seenLabels = labels === undefined ? unlabelled(width, height) : viewLabels(labels, view);
  return {
    image: padImage(seen, cropWidth, cropHeight),
    labels: padLabels(seenLabels, cropWidth, cropHeight),
  };
}

/** mmsegmentation's rule: at least two classes, and none covers `maxShare` of the labelled pixels or more. */
function isBalanced({ data }: LabelMap, maxShare: number): boolean {
  const counts = new Int32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  counts[IGNORE] = 0;
  let total = 0;
  let most = 0;
  for (const count of counts) {
    total += count;
    if (count > most) most = count;
  }
  return most < total && most < maxShare * total;
}

function unlabelled(width: number, height: number): LabelMap {
  return { width, height, data: new Uint8Array(width * height).fill(IGNORE) };
}
