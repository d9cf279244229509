/** A part of a training: steps on batches, or a pass that reads every sample once. Recipe and task are closed over. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import type { LabelKind, Labels, Sample } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import type { Image, LabelMap } from "../image/image.ts";
import type { Measure } from "../metrics/measure.ts";
import type { ImageSize, IndexedImage } from "../platform/platform.ts";
import type { Recipe } from "./recipe.ts";

/** Weights that were trained before: by an earlier stage, in another run, or elsewhere. */
export interface Trained {
  readonly weights: Named<NdArray>;
  /** Name of the stage that they come from. */
  readonly stage: string;
  /** The recipe as that stage had it, of whatever method. */
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
  /** Weights that the stage has no use for, but later stages or the model have. */
  readonly kept?: Named<NdArray>;
  /** Parameters that start anew although others of their part have weights. Default: a part has all of them or none. */
  readonly anew?: readonly string[];
  /** Lines for the user: what was changed or left behind. */
  readonly notes: readonly string[];
}

interface StageBase {
  readonly name: string;
  /** Kinds of labels that its samples need; none: unlabelled images are learned from as well. */
  readonly learnsFrom: readonly LabelKind[];
  /** Kinds that its samples may lack: read where they are there. */
  readonly alsoReads?: readonly LabelKind[];
  /** What it cannot begin without, such as `a pretrained encoder`, where it comes first; default: it can. */
  readonly requires?: string | undefined;
  /** What it takes over from weights that were trained before. Default: all, as they are. */
  begin?(from: Trained): Beginning;
  /**
   * False where its weights do not make the model predict, although they are called as the model's are. Default: they do as
   * soon as every parameter of the model is among them.
   */
  readonly predicts?: false;
}

/** What a training step lowers, and what it only shows. */
export interface Losses {
  /** Scalars; their sum is what training lowers. */
  readonly terms: Named<Tensor>;
  /** Scalars that are logged and change no weight; a norm on the way to them alone counts its batch in its averages all the same. */
  readonly watched?: Named<Tensor>;
}

export interface TrainingStage extends StageBase {
  readonly kind: "training";
  /** The recipe as this stage trains: its own steps, batch, crop and optimizer. */
  readonly settings: Recipe;
  /** Fields of the whole recipe that its steps and its warm-up come from. Default: `steps` and `warmupSteps`. */
  readonly fields?: { readonly steps: string; readonly warmupSteps: string };
  /** Types of one batch, by name; the first axis is the batch. */
  readonly inputs: Named<TensorType>;
  /** Host: augment one sample and make its targets. Arrays have the shapes of `inputs` without the batch axis. */
  prepare(sample: Sample, random: Random): Named<NdArray> | Promise<Named<NdArray>>;
  /** False: samples come in the data set's order, epoch after epoch. Default: each epoch is shuffled. */
  readonly shuffles?: boolean;
  /**
   * False where `prepare` looks at labels alone: where passes wrote all of a sample's, its photograph is not even read, and a grey
   * pixel is in its place. Default: it is there.
   */
  readonly photographs?: false;
  /**
   * Graph: what the loss needs of a batch, each with the batch as its first axis, where the loss compares samples with each
   * other. `loss` is then given this, of all batches of a step that accumulates, joined: their gradient is that of one large
   * batch, in the memory of a small one and for one more forward pass. Default: `loss` is given the batch itself.
   */
  embed?(scope: Scope, batch: Named<Tensor>): Named<Tensor>;
  /** Graph. */
  loss(scope: Scope, batch: Named<Tensor>): Losses;
  /** Which parameters train; default all. */
  trains?(parameter: string): boolean;
  /**
   * Whether the part of the model that a parameter belongs to computes as in prediction: running averages, no dropout.
   * Default: where it does not train. A part rests where all its weights do, and one without weights by the name `weight` in
   * it. False for a part that does not train but uses the batch's statistics.
   */
  rests?(parameter: string): boolean;
  /**
   * Factors on learning rate and weight decay of a parameter; default 1 and, for parameters of one axis, no decay. range: what its
   * numbers are cut to behind each step; default: nothing.
   */
  group?(
    parameter: string,
    rank: number,
  ): { readonly rate?: number; readonly decay?: number; readonly range?: readonly [least: number, most: number] };
  /** How the stage is judged while it trains, where it makes no whole model. */
  readonly trials?: readonly Trial[];
}

/** Runs a graph on one sample's arrays, batch axis of 1 included; it is compiled once for each shape. */
export type RunGraph = (inputs: Named<NdArray>) => Promise<Named<NdArray>>;

/** What a pass found in one sample. */
export interface Visit {
  /** Labels for the stages that follow, in place of the data set's own of those kinds. */
  readonly labels?: Labels;
  /** Numbers that are added up over all samples. */
  readonly sums?: Named<NdArray>;
  /**
   * What is kept beside the labels for whoever wants it, by name without ending, in the folder `maps/STAGE` of the run: 8-bit maps
   * become grey PNGs, arrays NumPy's files. Labels in the folder tell which samples have theirs.
   */
  readonly maps?: Named<LabelMap | NdArray>;
}

/** What labels that a pass writes may take on disk. */
export interface DiskRoom {
  /** Bytes that those of a photograph of this size take. */
  bytes(photograph: ImageSize): number;
  /** Bytes of the whole data set: one that would take more is refused before anything is written. */
  readonly most: number;
  /** What to do about too many bytes, a sentence. */
  remedy(bytes: number): string;
}

/**
 * Reads every sample once, in order, and writes labels or weights for the stages that follow; nothing is trained. It sees
 * photographs at their own size, or where it writes features, as large as training does; its masks have the size that it saw.
 * Features, and what is written beside them, are of use only while a run trains: they are removed when that has ended.
 */
export interface Pass extends StageBase {
  readonly kind: "pass";
  /** Kinds of labels that it writes, into the run folder. */
  readonly writes?: readonly LabelKind[];
  /** Default: nobody asks how much that is. */
  readonly room?: DiskRoom;
  /** Graph, not for training. */
  outputs(scope: Scope, inputs: Named<Tensor>): Named<Tensor>;
  visit(sample: Sample, run: RunGraph): Promise<Visit>;
  /** Weights from the sums over all samples; they join those that the pass began with. */
  weights?(sums: Named<NdArray>): Named<NdArray>;
  /** Kinds of labels that its samples are scored by, where they have them: they are read besides, and change nothing else. */
  readonly scoredBy?: readonly LabelKind[];
  /** Scores from the sums over all samples, the most telling first; none where they are over nothing. */
  scores?(sums: Named<NdArray>): readonly Measure[];
  /** Pictures of one sample when all are visited, for the report: of some that are spread over the data set. */
  pictures?(sample: Sample, run: RunGraph): Promise<readonly TrialPicture[]>;
}

export type Stage = TrainingStage | Pass;

/** A look at a network on images, with the weights that prediction would use: scores, pictures or both. */
export interface Trial {
  readonly name: string;
  /** Most images that scores are means over. */
  readonly images: number;
  /** Kinds of labels that its samples have; default those of the stage. */
  readonly learnsFrom?: readonly LabelKind[];
  /** Kinds that its samples may lack; default those of the stage. */
  readonly alsoReads?: readonly LabelKind[];
  /** Host: one sample, without a batch axis; `random` is the same each time. Null where there is nothing to look at. */
  prepare(sample: Sample, random: Random): Named<NdArray> | null;
  /** Graph, not for training; inputs have a batch axis of 1. */
  outputs(scope: Scope, inputs: Named<Tensor>): Named<Tensor>;
  /** Host: scores over all samples, the most telling first. */
  scores?(results: readonly Named<NdArray>[]): readonly Measure[];
  /** Host: pictures of one sample, in the order in which they are shown. */
  pictures?(result: Named<NdArray>, sample: Sample): readonly TrialPicture[];
}

export interface TrialPicture {
  readonly name: string;
  readonly image: Image;
  /** False for pictures that are the same at every trial. */
  readonly changes: boolean;
  /** Of the whole sample, such as `24.1 dB`. */
  readonly caption: string;
  /**
   * What the picture is drawn from where that is one number a pixel, such as its group, at the size of the sample's own image: `show`
   * writes it as a file. A function, as few ask and photographs are large.
   */
  readonly map?: () => IndexedImage;
}
