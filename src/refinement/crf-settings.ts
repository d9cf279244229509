/** Parameters of dense CRFs, and those that published results were made with. */
import { InputError, shown, suggestion, UsageError } from "../errors.ts";
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
  /**
   * What stands for a pixel's colour: its `bytes`, or `wrapped`: bytes less Caffe's mean, cut to whole numbers, what is below 0 counted from 256
   * down, as in the evaluation of DeepLab's PyTorch code. Default `bytes`.
   */
  readonly colors?: "bytes" | "wrapped";
  /** See `CrfOptions.filter`, whose default it is. */
  readonly filter?: "lattice" | "exact";
}

/** By name: of DeepLab v1 and v2 on ResNet-101 and v2 on VGG-16 (PASCAL VOC), and of pseudo masks from CAMs (AffinityNet, SEAM). */
export const crfSettings = {
  "deeplab-v1": settings([3, 3], [4, 121, 5]),
  "deeplab-v2": settings([3, 1], [4, 67, 3]),
  "deeplab-v2-vgg": settings([2, 2], [4, 65, 3]),
  cam: settings([3, 3], [10, 80, 13]),
} as const satisfies Readonly<Record<string, CrfSettings>>;

/** Images of more pixels are too many pairs for `exact`: 2 bytes times the square of the pixels for each term. */
export const maxExactPixels = 10_000;

/** Names of `crfSettings`. */
export const crfNames: readonly string[] = Object.keys(crfSettings);

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

const endings = { ":wrapped": { colors: "wrapped" }, ":exact": { filter: "exact" } } as const;

/**
 * A name of `crfSettings`, or terms with slashes between: `weight,xy` of one that looks at places, `weight,xy,rgb` of one that
 * looks at colours as well; 10 iterations. Behind either `:wrapped` (see `CrfSettings`), `:exact` (all pairs of pixels, of small
 * images) or both. Throws UsageError for other texts.
 */
export function parseCrf(text: string): CrfSettings {
  for (const [ending, changed] of Object.entries(endings)) {
    if (text.endsWith(ending)) return { ...parseCrf(text.slice(0, -ending.length)), ...changed };
  }
  if (Object.hasOwn(crfSettings, text)) return crfSettings[text as keyof typeof crfSettings];
  const number = (part: string) => (part.trim() === "" ? Number.NaN : Number(part));
  const terms = text.split("/").map((term): CrfTerm => {
    const [weight, xy, rgb, ...more] = term.split(",").map(number);
    return { weight: more.length > 0 ? Number.NaN : weight, xy, ...(rgb !== undefined && { rgb }) };
  });
  if (!terms.every(isTerm)) {
    throw new UsageError(
      `dense CRF: expected ${crfNames.join(", ")}, or terms such as 3,3/4,67,3 (weight,xy/weight,xy,rgb), got "${text}". ${suggestion(text, crfNames)}`,
    );
  }
  return { terms, iterations: crfSettings["deeplab-v2"].iterations };
}

/** Throws InputError for numbers that no CRF has. */
export function requireSettings({ terms, iterations }: CrfSettings): void {
  const wrong = terms.find((term) => !isTerm(term));
  if (wrong !== undefined) {
    const { weight, xy, rgb } = wrong;
    throw new InputError(
      `dense CRF: expected a finite weight and standard deviations from 0.01 on, got ${shown({ weight, xy, rgb })}. Correct the term.`,
    );
  }
  if (!Number.isInteger(iterations) || iterations < 0) {
    throw new InputError(`dense CRF: expected a whole number of iterations, got ${iterations}. Use 10.`);
  }
}

function isTerm({ weight, xy, rgb = 1 }: CrfTerm): boolean {
  return (
    Number.isFinite(weight) && [xy, rgb].every((deviation) => Number.isFinite(deviation) && deviation >= leastDeviation)
  );
}

/** Smaller ones would put places beyond what whole numbers of the lattice can say. */
const leastDeviation = 0.01;
