/** What a kind of model is scored by. */
import type { ClassInfo, LabelKind, Sample } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { boundaryCounts, boundaryScores, countBoundaries } from "../metrics/boundary.ts";
import { addCounts, confusionMatrix, countPixels, scoresOf } from "../metrics/confusion.ts";
import { type Measure, shares } from "../metrics/measure.ts";
import {
  addPanopticCounts,
  countSegments,
  type PanopticCounts,
  type PanopticScores,
  panopticCounts,
  panopticScores,
  type ScoredSegments,
} from "../metrics/panoptic-quality.ts";
import type { Segmentation } from "../prediction/segmentation.ts";

/** Adds up what predictions are worth. */
export interface Scorer {
  /** The kind of label that predictions are compared with. */
  readonly truth: LabelKind;
  /** Counts one image; gives its own score, null where nothing of it counts. Throws InputError naming the image. */
  add(sample: Sample, prediction: Segmentation): number | null;
  /** Over all images, the most telling first: it keeps checkpoints, ranks pictures, fills studies. */
  measures(): readonly Measure[];
  /** Everything that was counted, for scripts. */
  details(): SemanticDetails | PanopticDetails;
}

/** What is scored besides predictions, on the same samples. */
export interface FurtherScorer {
  /** Counts one image. Throws InputError naming it. */
  add(sample: Sample): Promise<void>;
  /** Over all images; they stand behind those of the predictions. */
  measures(): readonly Measure[];
}

export interface SemanticDetails {
  readonly kind: "semantic";
  /** Labelled pixels. */
  readonly pixels: number;
  /** Over classes whose union is not empty. */
  readonly meanIou: number | null;
  /** Over classes that the masks have. */
  readonly meanIouOfPresent: number | null;
  readonly meanAccuracy: number | null;
  readonly pixelAccuracy: number | null;
  readonly frequencyWeightedIou: number | null;
  /** Null also when boundaries were not asked for. */
  readonly meanBoundaryIou: number | null;
  readonly classes: readonly {
    readonly name: string;
    /** Null where the class is in neither masks nor predictions: left out of the means. */
    readonly iou: number | null;
    /** Null where the masks have none of it. */
    readonly accuracy: number | null;
    readonly boundaryIou: number | null;
    /** Labelled pixels of the class. */
    readonly pixels: number;
  }[];
  /** Names of classes in neither masks nor predictions. */
  readonly absent: readonly string[];
  /** confusion[truth][prediction]: pixels. */
  readonly confusion: readonly (readonly number[])[];
}

export interface PanopticDetails extends Omit<PanopticScores, "perClass"> {
  readonly kind: "panoptic";
  /** Segments of the truth, crowds apart. */
  readonly segments: number;
  readonly classes: readonly {
    readonly name: string;
    readonly pq: number | null;
    readonly sq: number | null;
    readonly rq: number | null;
    readonly segments: number;
  }[];
  readonly absent: readonly string[];
}

/** The scorer for a kind of model. boundary: boundary IoU takes about as long as counting pixels. */
export function scorerOf(
  kind: "semantic" | "panoptic",
  classes: readonly ClassInfo[],
  { boundary = true }: { readonly boundary?: boolean } = {},
): Scorer {
  return kind === "semantic" ? semanticScorer(classes, boundary) : panopticScorer(classes);
}

/** All pixels are counted in one integer confusion matrix. */
function semanticScorer(classes: readonly ClassInfo[], boundary: boolean): Scorer {
  const count = classes.length;
  const total = confusionMatrix(count);
  const rims = boundaryCounts(count);
  const details = (): SemanticDetails => {
    const scores = scoresOf(total);
    const edges = boundaryScores(rims);
    const rows = Array.from({ length: count }, (_, c) => [...total.counts.subarray(c * count, (c + 1) * count)]);
    const { meanIou, meanIouOfPresent, meanAccuracy, pixelAccuracy, frequencyWeightedIou, pixels } = scores;
    return {
      ...{ kind: "semantic", pixels, meanIou, meanIouOfPresent, meanAccuracy, pixelAccuracy, frequencyWeightedIou },
      meanBoundaryIou: boundary ? edges.meanIou : null,
      classes: classes.map(({ name }, c) => ({
        name,
        iou: scores.iou[c],
        accuracy: scores.accuracy[c],
        boundaryIou: boundary ? edges.iou[c] : null,
        pixels: rows[c].reduce((sum, pixels) => sum + pixels, total.missed[c]),
      })),
      absent: scores.absent.map((c) => classes[c].name),
      confusion: rows,
    };
  };
  return {
    truth: "mask",
    add({ source, labels: { mask } }, { labels }) {
      if (mask === undefined) throw missing("mask", source);
      const counts = confusionMatrix(count);
      countPixels(counts, mask, labels, source);
      if (boundary) countBoundaries(rims, mask, labels, source);
      addCounts(total, counts);
      return scoresOf(counts).meanIou;
    },
    measures() {
      const { meanIou, pixelAccuracy, frequencyWeightedIou, meanBoundaryIou } = details();
      return shares({
        "mean IoU": meanIou,
        "pixel accuracy": pixelAccuracy,
        ...(boundary && { "mean boundary IoU": meanBoundaryIou }),
        "frequency-weighted IoU": frequencyWeightedIou,
      });
    },
    details,
  };
}

/** Panoptic quality (Kirillov et al. 2019), of the segments over the whole set. */
function panopticScorer(classes: readonly ClassInfo[]): Scorer {
  const tally = panopticTally(classes);
  return {
    ...tally,
    truth: "panoptic",
    add({ source, labels }, { panoptic }) {
      if (labels.panoptic === undefined) throw missing("panoptic", source);
      if (panoptic === undefined) throw new Error(`${source}: the model is panoptic and gave no segments.`);
      return tally.add(labels.panoptic, panoptic, source);
    },
  };
}

/** What segments add up to, wherever they come from. */
export interface PanopticTally {
  /** Counts one image; gives its own PQ, null where nothing of it counts. Throws InputError that begins with `where`. */
  add(truth: ScoredSegments, prediction: ScoredSegments, where: string): number | null;
  readonly counts: PanopticCounts;
  measures(): readonly Measure[];
  details(): PanopticDetails;
}

export function panopticTally(classes: readonly Pick<ClassInfo, "name" | "thing">[]): PanopticTally {
  const total = panopticCounts(classes);
  const segments = new Array<number>(classes.length).fill(0);
  const details = (): PanopticDetails => {
    const { perClass, ...means } = panopticScores(total);
    return {
      ...{ kind: "panoptic", ...means, segments: segments.reduce((sum, each) => sum + each, 0) },
      classes: classes.map(({ name }, c) => ({ name, ...perClass[c], segments: segments[c] })),
      absent: classes.filter((_, c) => perClass[c].pq === null).map(({ name }) => name),
    };
  };
  return {
    counts: total,
    add(truth, prediction, where) {
      const counts = panopticCounts(classes);
      countSegments(counts, truth, prediction, where);
      addPanopticCounts(total, counts);
      for (const { classIndex, crowd } of truth.segments) if (!crowd) segments[classIndex]++;
      return panopticScores(counts).all.pq;
    },
    measures() {
      const { all, things, stuff } = details();
      return shares({ PQ: all.pq, SQ: all.sq, RQ: all.rq, "PQ of things": things.pq, "PQ of stuff": stuff.pq });
    },
    details,
  };
}

function missing(kind: LabelKind, source: string): InputError {
  const what = kind === "mask" ? "a mask" : "panoptic segments";
  return new InputError(`${source}: expected ${what} to score against, got none. Evaluate on a split that has them.`);
}
