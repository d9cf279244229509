/** What a method gives to the shared rooms: stages that train, a model that predicts. No loop, no file, no device. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { OnnxEncoderFile } from "../backbones/onnx-file.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import type { PhotographClasses } from "./classification.ts";
import type { GroupMaps } from "./groups.ts";
import type { PredictionModel } from "./model.ts";
import type { PatchFeatures } from "./patches.ts";
import type { Recipe } from "./recipe.ts";
import type { Stage, Trained, Trial } from "./stage.ts";
import type { Study } from "./study.ts";

export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly venue: string;
  readonly url: string;
}

/** What a method knows of the data set besides the samples; of an open vocabulary, the words that were asked for. */
export interface Task {
  readonly classes: readonly ClassInfo[];
  /** Share of the labelled training pixels that each class covers; sums to 1. Empty where there are no masks. */
  readonly frequencies: readonly number[];
}

/** Weights that were published elsewhere, as a method takes them. */
export interface Imported<R extends Recipe = Recipe> {
  /** Recipe of the network that they are of, as far as the files tell. */
  readonly recipe: R;
  /** Under our names. */
  readonly weights: Named<NdArray>;
  /** What the network has no use for, but whoever reads its weights elsewhere has; the run keeps it beside them. Default: nothing. */
  readonly kept?: Named<NdArray>;
  /** Outputs of the head: classes; null where there is no head. */
  readonly outputs: number | null;
  /** True where the files have some parts of the network and no more; each of these must be all there. Default: all but the head are. */
  readonly partial?: true;
  /** What the outputs are of, where the method knows whose weights they are; names that the user gives stand in their place. */
  readonly classes?: readonly ClassInfo[];
  /** Fields of the recipe that the files do not tell and that cannot be guessed: `--set` has to. */
  readonly untold: readonly string[];
  /** Of the weights, where the method knows whose files they are. Default: nobody stated one. */
  readonly licence?: string | undefined;
  /** Lines for the user: what of the files is not used. Default: nothing to say. */
  readonly notes?: readonly string[];
}

/** A whole model as another program reads it. */
export interface WrittenModel {
  /**
   * Contents by name: one file, to be called as the user says, with an ending such as `.pth`; or those of a folder, whose
   * names may lie in folders of it (`onnx/model.onnx`).
   */
  readonly content:
    | { readonly ending: string; readonly bytes: Uint8Array }
    | { readonly files: Named<Uint8Array | string> };
  /** Lines for the user: what has no place in that form. */
  readonly notes: readonly string[];
}

export interface ImportOptions {
  /** An encoder without residual network is wanted, from an ordinary vision transformer. */
  readonly patchOnly: boolean;
  /** Texts of the JSON files in the folder of the weights, by name, such as `config.json`. Default: there are none. */
  readonly beside?: Named<string>;
}

export interface Method<R extends Recipe = Recipe> {
  readonly name: string;
  readonly paper: Citation;
  readonly recipes: Named<R>;
  /** Its paper's table in miniature, for `tessera study`. */
  readonly study?: Study;
  /** Fields of its recipes that matter for prediction alone, and can be changed by `--set` when predicting. Default: none. */
  readonly predictionFields?: readonly string[];
  /**
   * `key=value` of such fields that suit a data set better than the recipe's, where nobody sets them: what its authors scored with there.
   * Default: none.
   */
  settingsFor?(recipe: R, dataset: Pick<Dataset, "wordThresholds">): readonly string[];
  /** What fields meant before they were there, for recipes and runs of that time. Default: what they mean in the recipe. */
  readonly formerly?: Partial<R>;
  /** `open`: any words can be segmented, and classes are named when predicting; `closed`: those that were trained. */
  readonly vocabulary: "closed" | "open";
  /**
   * Loads what `stages`, `model` and `views` need and cannot wait for, such as a tokenizer. Awaited where a method is taken
   * into use: before a run is trained, opened or imported. Default: they need nothing.
   */
  ready?(): Promise<void>;
  /**
   * What a recipe trains, in order; a recipe may leave stages out. Names, settings and kinds of labels are asked for before
   * a data set is known: with `anyTask` of `stages.ts`.
   */
  stages(recipe: R, task: Task): readonly Stage[];
  /** What predicts, as soon as all its parameters have weights. */
  model(recipe: R, task: Task): PredictionModel;
  /** Pictures from inside the model, for `tessera show` and the report. */
  views?(recipe: R, task: Task): readonly Trial[];
  /** What it divides photographs into, for `tessera show --groups` and `tessera eval --groups`; null where a recipe has no groups. */
  groups?(recipe: R, task: Task): GroupMaps | null;
  /**
   * The vectors of a photograph's patches, where words or classes can be compared with them, for the baselines of `tessera eval`; null
   * where a recipe has none.
   */
  patches?(recipe: R, task: Task): PatchFeatures | null;
  /** Whole photographs compared with words, for `tessera eval --classify`. */
  classifier?(recipe: R, task: Task): PhotographClasses;
  /** What is to be known of the classes that a model of any words is asked for, a line each. Default: nothing. */
  notesOf?(recipe: R, task: Task): readonly string[];
  /** Throws UsageError when values do not go together (sizes not a multiple of 16, heads that do not divide the width). */
  validate(recipe: R): void;
  /**
   * The recipe for going on from weights that were trained before: what they are need not be trained again. Throws
   * UsageError where the recipe would not use them.
   */
  adopt?(recipe: R, from: readonly Trained[]): R;
  /**
   * A file of a pretrained encoder as the recipe's network takes it; absent where no part of the network is one. Throws
   * InputError for files of other networks.
   */
  encoder?(file: WeightFile | OnnxEncoderFile, recipe: R): Pick<Trained, "weights" | "stage" | "recipe">;
  /** Published weights that the method can use; null where files are not of its kind. Throws where they are, but damaged. */
  imports?(files: readonly WeightFile[], options: ImportOptions): Imported<R> | null;
  /**
   * Its models as other programs read them, by the names that `export --weights` has for these forms. Null where the weights have
   * nothing of what a form writes, so that those of an earlier stage are tried. Throws InputError where a form cannot say what a
   * recipe asks for.
   */
  readonly forms?: Named<
    (
      trained: Pick<Trained, "weights" | "recipe" | "source" | "licence">,
    ) => WrittenModel | null | Promise<WrittenModel | null>
  >;
}

/** A recipe with the method that it is of. */
export interface ResolvedRecipe {
  readonly method: Method;
  readonly recipe: Recipe;
}
