/** What a method gives to the shared rooms: stages that train, a graph that predicts. No loop, no file, no device. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import type { ClassInfo, LabelKind, Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import type { Recipe } from "./recipe.ts";
import type { Study } from "./study.ts";

export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly venue: string;
  readonly url: string;
}

/** What a method knows of the data set besides the samples. */
export interface Task {
  readonly classes: readonly ClassInfo[];
  /** Share of the labelled training pixels that each class covers; sums to 1. Empty where there are no masks. */
  readonly frequencies: readonly number[];
}

/** Weights that were trained before: by an earlier stage, in another run, or elsewhere. */
export interface Earlier {
  readonly weights: Named<NdArray>;
  /** Name of the stage that they come from. */
  readonly stage: string;
  /** The recipe as that stage had it. */
  readonly recipe: Recipe;
  /** Of their run or file, for messages. */
  readonly source: string;
  /** Of the weights; absent where nobody stated one. */
  readonly licence?: string;
}

/** What a stage begins with. */
export interface Beginning {
  /** In the shapes that the stage declares. What is not among them starts as its initializer says. */
  readonly weights: Named<NdArray>;
  /** Lines for the user: what was changed or left behind. */
  readonly notes: readonly string[];
}

/** One training run; some methods have several, one after another. */
export interface Stage<R extends Recipe = Recipe> {
  readonly name: string;
  /** Kinds of labels that its samples need; none: unlabelled images are learned from as well. */
  readonly learnsFrom: readonly LabelKind[];
  /** After it the model is whole: it predicts, and validation scores it. */
  readonly whole: boolean;
  /**
   * The recipe as this stage trains, its own steps, batch, crop and optimizer in the fields that all recipes have; all
   * functions below are given it. Default: the recipe as it is.
   */
  recipe?(recipe: R): R;
  /** What it cannot begin without, such as `a pretrained encoder`, where it comes first; default: it can. */
  readonly needs?: string | undefined;
  /** What it takes over from weights that were trained before. Default: all, as they are. */
  begin?(earlier: Earlier, recipe: R, task: Task): Beginning;
  /** Types of one batch, by name; the first axis is the batch. */
  inputs(recipe: R, task: Task): Named<TensorType>;
  /** Host: augment one sample and make its targets. Arrays have the shapes of `inputs` without the batch axis. */
  prepare(sample: Sample, recipe: R, task: Task, random: Random): Named<NdArray>;
  /** Graph: named scalar terms; their sum is what training lowers. */
  loss(scope: Scope, batch: Named<Tensor>, recipe: R, task: Task): Named<Tensor>;
  /** Which parameters train; default all. */
  trains?(parameter: string, recipe: R): boolean;
  /** Factors on learning rate and weight decay of a parameter; default 1 and, for parameters of one axis, no decay. */
  group?(parameter: string, rank: number, recipe: R): { readonly rate: number; readonly decay: number };
  /** How the stage is judged while it trains, where it makes no whole model. */
  readonly trial?: Trial<R>;
}

/** A test of a stage on images that it does not learn from, with the weights that prediction would use. */
export interface Trial<R extends Recipe = Recipe> {
  /** Unit of its scores. */
  readonly unit: "share" | "dB";
  /** Most images that scores are means over. */
  readonly images: number;
  /** Types of one sample's inputs, with a batch axis of 1. */
  inputs(recipe: R, task: Task): Named<TensorType>;
  /** Host: one sample; `random` is the same at every trial. Null where the sample has nothing to be judged by. */
  prepare(sample: Sample, recipe: R, task: Task, random: Random): Named<NdArray> | null;
  /** Graph, not for training: what is judged. */
  outputs(scope: Scope, batch: Named<Tensor>, recipe: R, task: Task): Named<Tensor>;
  /** Host: scores over all samples, by name; null where there is nothing to score. */
  scores(results: readonly Named<NdArray>[], task: Task): Named<number | null>;
  /** Host: pictures of one sample, in the order in which they are shown. */
  pictures?(result: Named<NdArray>): readonly TrialPicture[];
}

export interface TrialPicture {
  readonly name: string;
  readonly image: Image;
  /** False for pictures that are the same at every trial. */
  readonly changes: boolean;
  /** Of the whole sample, such as `24.1 dB`. */
  readonly caption: string;
}

/** Weights that were published elsewhere, as a method takes them. */
export interface Imported<R extends Recipe = Recipe> {
  /** Recipe of the network that they are of, as far as the file tells. */
  readonly recipe: R;
  /** Under our names. */
  readonly weights: Named<NdArray>;
  /** Outputs of the head: classes; null where there is no head. */
  readonly outputs: number | null;
  /** Fields of the recipe that the file does not tell and that cannot be guessed: `--set` has to. */
  readonly untold: readonly string[];
}

export interface ImportOptions {
  /** An encoder without residual network is wanted, from an ordinary vision transformer. */
  readonly patchOnly: boolean;
}

export interface Method<R extends Recipe = Recipe> {
  readonly name: string;
  readonly paper: Citation;
  readonly task: "semantic" | "panoptic";
  /** The kind of label that its last stage learns from. */
  readonly learnsFrom: LabelKind;
  readonly recipes: Named<R>;
  /** Its paper's table in miniature, for `tessera study`. */
  readonly study?: Study;
  /** The stages that a recipe trains, in order; a recipe may leave stages out. */
  stages(recipe: R): readonly Stage<R>[];
  /** Throws UsageError when values do not go together (sizes not a multiple of 16, heads that do not divide the width). */
  validate(recipe: R): void;
  /**
   * The recipe for going on from weights that were trained before: what they are need not be trained again. Throws
   * UsageError where the recipe would not use them.
   */
  adopt?(recipe: R, earlier: Earlier): R;
  /** Published weights that the method can use; null where a file is not of its kind. Throws where it is, but damaged. */
  imports?(file: WeightFile, options: ImportOptions): Imported<R> | null;
  /** Image sides must be multiples of this. */
  readonly stride: number;
  /** Graph: image [B, H, W, 3] uint8 RGB → class probabilities [B, K, H, W], summing to 1 over K. */
  predict(scope: Scope, image: Tensor, recipe: R, task: Task): Tensor;
}

/** A recipe with the method that it is of. */
export interface ResolvedRecipe {
  readonly method: Method;
  readonly recipe: Recipe;
}
