/** What a method gives to the shared rooms: stages that train, a graph that predicts. No loop, no file, no device. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import type { LabelKind } from "../data/dataset.ts";
import type { ClassInfo, Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import type { Recipe } from "./recipe.ts";

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

/** One training run; most methods have one. */
export interface Stage<R extends Recipe = Recipe> {
  readonly name: string;
  /** Updates of this stage; default `recipe.steps`. */
  steps?(recipe: R): number;
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
}

export interface Method<R extends Recipe = Recipe> {
  readonly name: string;
  readonly paper: Citation;
  readonly task: "semantic" | "panoptic";
  /** The kind of label it learns from. */
  readonly learnsFrom: LabelKind;
  readonly recipes: Named<R>;
  stages(recipe: R): readonly Stage<R>[];
  /** Throws UsageError when values do not go together (sizes not a multiple of 16, heads that do not divide the width). */
  validate(recipe: R): void;
  /** Image sides must be multiples of this. */
  readonly stride: number;
  /** Graph: image [B, H, W, 3] uint8 RGB → class probabilities [B, K, H, W], summing to 1 over K. */
  predict(scope: Scope, image: Tensor, recipe: R, task: Task): Tensor;
}
