/** Parameters of dense CRFs, and those that published results were made with. */
import { InputError, shown, suggestion } from "../errors.ts";
import type { Normalization } from "./mean-field.ts";

/** A Gaussian kernel over pairs of pixels, and how much their agreeing counts. */
export interface CrfTerm {
  readonly weight: number;
  /** Standard deviation of places, pixels. */
  readonly xy: number;
  /** Standard deviation of colours, steps of 0 … 255 a channel; left out: colours do not matter. */
  readonly rgb?: number;
  /** Default `symmetric`. */
  readonly normalization?: Normalization;
}

export interface CrfSettings {
  readonly terms: readonly CrfTerm[];
  /** Updates of mean field, all pixels at once. */
  readonly iterations: number;
}

/** By name: of DeepLab v1 and v2 on ResNet-101 and v2 on VGG-16 (PASCAL VOC), and of pseudo masks from CAMs (AffinityNet, SEAM). */
export const crfSettings = {
  "deeplab-v1": settings([3, 3], [4, 121, 5]),
  "deeplab-v2": settings([3, 1], [4, 67, 3]),
  "deeplab-v2-vgg": settings([2, 2], [4, 65, 3]),
  cam: settings([3, 3], [10, 80, 13]),
} as const satisfies Readonly<Record<string, CrfSettings>>;

function settings(
  [spatialWeight, spatial]: readonly [weight: number, xy: number],
  [weight, xy, rgb]: readonly [weight: number, xy: number, rgb: number],
): CrfSettings {
  return {
    terms: [
      { weight: spatialWeight, xy: spatial },
      { weight, xy, rgb },
    ],
    iterations: 10,
  };
}

/**
 * A name of `crfSettings`, or terms with slashes between: `weight,xy` of one that looks at places, `weight,xy,rgb` of one that
 * looks at colours as well. Throws InputError for other texts.
 */
export function parseCrf(text: string): CrfSettings {
  if (Object.hasOwn(crfSettings, text)) return crfSettings[text as keyof typeof crfSettings];
  const terms = text.split("/").map((part) => part.split(",").map((number) => (number.trim() === "" ? Number.NaN : Number(number))));
  if (!terms.every((term) => (term.length === 2 || term.length === 3) && term.every(Number.isFinite))) {
    const known = Object.keys(crfSettings);
    throw new InputError(
      `dense CRF: expected ${known.join(", ")}, or terms such as 3,3/4,67,3 (weight,xy/weight,xy,rgb), got "${text}". ${suggestion(text, known)}`,
    );
  }
  const parsed = {
    terms: terms.map(([weight, xy, rgb]) => ({ weight, xy, ...(rgb !== undefined && { rgb }) })),
    iterations: crfSettings["deeplab-v2"].iterations,
  };
  requireSettings(parsed);
  return parsed;
}

/** Throws InputError for numbers that no CRF has. */
export function requireSettings({ terms, iterations }: CrfSettings): void {
  const positive = (value: number) => Number.isFinite(value) && value > 0;
  for (const { weight, xy, rgb = 1 } of terms) {
    if (Number.isFinite(weight) && positive(xy) && positive(rgb)) continue;
    throw new InputError(
      `dense CRF: expected a finite weight and standard deviations above 0, got ${shown({ weight, xy, rgb })}. Correct the term.`,
    );
  }
  if (!Number.isInteger(iterations) || iterations < 0) {
    throw new InputError(`dense CRF: expected a whole number of iterations, got ${iterations}. Use 10.`);
  }
}
