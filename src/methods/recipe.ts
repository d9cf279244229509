/**
 * A recipe is one flat, complete value: what runs is what is printed and what the run folder keeps. Each method extends
 * this with its own fields; every field has a number, a string or a flag, never an absent value.
 */
export interface Recipe {
  /** Name on the command line, such as `transunet-small`. */
  readonly name: string;
  /** Folder under `methods/`. */
  readonly method: string;
  readonly seed: number;

  // What a step sees.
  readonly batchSize: number;
  /** Training crop, pixels. */
  readonly cropHeight: number;
  readonly cropWidth: number;
  /** Random scale of the image before the crop, drawn uniformly. 1, 1: none. */
  readonly scaleMin: number;
  readonly scaleMax: number;
  /** Crops in which one class covers more than this share are redrawn up to 10 times. 1: never. */
  readonly cropMaxShare: number;
  readonly flipProbability: number;
  /** Strength of photometric distortion: 0 none, 1 as in mmsegmentation. */
  readonly photometric: number;

  // How it learns.
  readonly steps: number;
  readonly optimizer: "sgd" | "adam" | "adamw" | "radam-lookahead";
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled for adamw, added to the gradient otherwise. Not applied to parameters of one axis. */
  readonly weightDecay: number;
  /**
   * `cosine-from-start` counts from step 0, warm-up or not, so that the rate drops a little where the warm-up ends, and a
   * step has the rate of the step before it, as where a scheduler is moved on after the optimizer's step with that step's
   * own number (timm's, as GroupViT's code calls it). `poly-times-warmup` counts from step 0 as well, and the warm-up multiplies it
   * (mmcv's, as GSS's code has it). `poly-by-10` is `poly` whose rate changes at every tenth step only (DeepLab's code). The others
   * begin when the warm-up ends.
   */
  readonly schedule:
    | "constant"
    | "step"
    | "poly"
    | "poly-from-start"
    | "poly-times-warmup"
    | "poly-by-10"
    | "cosine"
    | "cosine-from-start";
  /** Exponent of `poly`. */
  readonly schedulePower: number;
  /** `step`: the rate is multiplied by `scheduleFactor` at these fractions of `steps`. */
  readonly scheduleMilestones: readonly number[];
  readonly scheduleFactor: number;
  /** Rate at the end of the cosines and poly: a fraction of `learningRate`. */
  readonly finalRate: number;
  /** Steps over which the rate grows linearly; a tenth of `steps` where it is as long as they are. */
  readonly warmupSteps: number;
  /** Rate at the start of the warm-up: a fraction of `learningRate`. */
  readonly warmupStart: number;
  /** Largest global norm of the gradients; 0: no clipping. */
  readonly clipNorm: number;
  /** Decay of the exponential moving average of weights; 0: none. */
  readonly averageDecay: number;
  /** Batches whose gradients are added before one update. */
  readonly accumulate: number;

  // What is written.
  readonly logEvery: number;
  readonly checkpointEvery: number;
  readonly keepCheckpoints: number;
  readonly evaluateEvery: number;
}

/** What a recipe of one's own may begin with: small crops as they are, AdamW with a cosine, all written out. */
export const baseRecipe: Omit<Recipe, "name" | "method"> = {
  seed: 0,

  batchSize: 4,
  cropHeight: 128,
  cropWidth: 128,
  scaleMin: 1,
  scaleMax: 1,
  cropMaxShare: 1,
  flipProbability: 0.5,
  photometric: 0,

  steps: 500,
  optimizer: "adamw",
  learningRate: 1e-3,
  momentum: 0.9,
  nesterov: false,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  schedule: "cosine",
  schedulePower: 0.9,
  scheduleMilestones: [],
  scheduleFactor: 1,
  finalRate: 0,
  warmupSteps: 20,
  warmupStart: 0,
  clipNorm: 1,
  averageDecay: 0,
  accumulate: 1,

  logEvery: 20,
  checkpointEvery: 100,
  keepCheckpoints: 2,
  evaluateEvery: 250,
};
