/**
 * Panoptic quality (Kirillov et al. 2019, sec. 4), counted as COCO's evaluator (panopticapi) counts it: segments are
 * matched in each image, true and false ones added up over the whole set, and only then divided.
 */
import { InputError, problem } from "../errors.ts";
import { mean } from "./confusion.ts";

/** A segment as the score sees it; `Segment` of a sample is one. */
export interface ScoredSegment {
  /** Value in the map, above 0. */
  readonly id: number;
  readonly classIndex: number;
  /** Of truth only: a region of many objects, neither to be found nor wrong to be found. */
  readonly crowd?: boolean;
  /** Of truth only: pixels, as its annotation says; counted in the map where there is no annotation. */
  readonly area?: number;
}

/** data[y · width + x]: id of the pixel's segment, 0 where it has none. */
export interface ScoredSegments {
  readonly width: number;
  readonly height: number;
  readonly data: Uint32Array;
  readonly segments: readonly ScoredSegment[];
}

/** What one or many images add up to, by class. */
export interface PanopticCounts {
  /** Things (true), stuff (false), or neither (undefined: counts among all classes only). */
  readonly things: readonly (boolean | undefined)[];
  /** Sum of the IoU of matched pairs. */
  readonly iou: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly falseNegatives: Float64Array;
}

/** Each in [0, 1]; all null where there was nothing to find and nothing was found. */
export interface PanopticQuality {
  /** Panoptic quality: Σ IoU / (TP + FP/2 + FN/2). */
  readonly pq: number | null;
  /** Segmentation quality: Σ IoU / TP, 0 where nothing matches. */
  readonly sq: number | null;
  /** Recognition quality: TP / (TP + FP/2 + FN/2). */
  readonly rq: number | null;
}

/** Means of the three over the classes that occur, each its own: the mean of PQ is not the product of the others. */
export interface MeanPanopticQuality extends PanopticQuality {
  /** Classes that occur. */
  readonly classes: number;
}

export interface PanopticScores {
  readonly all: MeanPanopticQuality;
  readonly things: MeanPanopticQuality;
  readonly stuff: MeanPanopticQuality;
  readonly perClass: readonly PanopticQuality[];
}

const VOID = 0;

/** Empty counts for a data set's classes. */
export function panopticCounts(classes: readonly { readonly thing?: boolean }[]): PanopticCounts {
  const zeros = () => new Float64Array(classes.length);
  return {
    things: classes.map(({ thing }) => thing),
    iou: zeros(),
    truePositives: zeros(),
    falsePositives: zeros(),
    falseNegatives: zeros(),
  };
}

/**
 * Counts one image into `counts` (changed in place; not at all where something is wrong).
 *
 * A pair of one class matches when its IoU is above 0.5, where true crowds match nothing and the prediction's void
 * pixels are no part of the union. What is left of the truth is missed, crowds excepted; what is left of the prediction
 * is wrong, unless more than half of it lies in void and in the last crowd of its class.
 *
 * As in COCO's evaluator, the truth is believed: its segments may lack pixels, and its pixels may lack a segment (they
 * are not void then); of several segments with one id the last counts. A prediction's map and segments must agree.
 * Throws InputError, beginning with `where`, for that, for other sizes, for classes that are not in the data set, and
 * where there is no prediction.
 */
export function countSegments(
  counts: PanopticCounts,
  truth: ScoredSegments,
  prediction: ScoredSegments | undefined,
  where = "score",
): void {
  if (prediction === undefined) {
    throw new InputError(
      problem(where, "expected a prediction", "none", "Predict each image, if only a map of zeros without segments."),
    );
  }
  requireSize(truth, prediction, where);
  const truths = segmentsById(truth, counts.things.length, `${where}, truth`);
  const guesses = segmentsById(prediction, counts.things.length, `${where}, prediction`);
  const overlaps = countOverlaps(truth.data, prediction.data);
  requireAgreement(guesses, overlaps, `${where}, prediction`);

  const trueAreas = new Map<number, number>();
  for (const row of overlaps.values()) for (const [id, pixels] of row) add(trueAreas, id, pixels);
  for (const { id, area } of truths.values()) if (area !== undefined) trueAreas.set(id, area);

  const matches: { truth: number; guess: number; iou: number }[] = [];
  for (const guess of guesses.values()) {
    const row = overlaps.get(guess.id)!;
    const outsideVoid = areaOf(row) - (row.get(VOID) ?? 0);
    for (const [id, intersection] of row) {
      const segment = truths.get(id);
      if (segment === undefined || segment.crowd || segment.classIndex !== guess.classIndex) continue;
      const union = outsideVoid + trueAreas.get(id)! - intersection;
      if (union === 0) {
        const remedy = "Correct its area.";
        throw new InputError(problem(`${where}, truth`, `expected segment ${id} to have an area above 0`, "0", remedy));
      }
      if (intersection / union > 0.5) matches.push({ truth: id, guess: guess.id, iou: intersection / union });
    }
  }

  for (const { guess, iou } of matches) {
    const { classIndex } = guesses.get(guess)!;
    counts.iou[classIndex] += iou;
    counts.truePositives[classIndex]++;
  }
  const found = new Set(matches.map((match) => match.truth));
  const crowds = new Map<number, number>();
  for (const { id, classIndex, crowd } of truths.values()) {
    if (crowd) crowds.set(classIndex, id);
    else if (!found.has(id)) counts.falseNegatives[classIndex]++;
  }
  const right = new Set(matches.map((match) => match.guess));
  for (const { id, classIndex } of guesses.values()) {
    if (right.has(id)) continue;
    const row = overlaps.get(id)!;
    const crowd = crowds.get(classIndex);
    const excused = (row.get(VOID) ?? 0) + (crowd === undefined ? 0 : (row.get(crowd) ?? 0));
    if (excused / areaOf(row) <= 0.5) counts.falsePositives[classIndex]++;
  }
}

/** Adds the counts of `part` to `total`, in place. */
export function addPanopticCounts(total: PanopticCounts, part: PanopticCounts): void {
  for (const name of ["iou", "truePositives", "falsePositives", "falseNegatives"] as const) {
    for (let c = 0; c < total[name].length; c++) total[name][c] += part[name][c];
  }
}

/** PQ, SQ and RQ (Kirillov et al. 2019, eq. 1 and 2) of all classes, things, stuff and each class, each from 0 to 1. */
export function panopticScores(counts: PanopticCounts): PanopticScores {
  const perClass = counts.things.map((_, c) => qualityOf(counts, c));
  return {
    all: meanQuality(perClass),
    things: meanQuality(perClass.filter((_, c) => counts.things[c] === true)),
    stuff: meanQuality(perClass.filter((_, c) => counts.things[c] === false)),
    perClass,
  };
}

function qualityOf({ iou, truePositives, falsePositives, falseNegatives }: PanopticCounts, c: number): PanopticQuality {
  const segments = truePositives[c] + falsePositives[c] / 2 + falseNegatives[c] / 2;
  if (segments === 0) return { pq: null, sq: null, rq: null };
  return {
    pq: iou[c] / segments,
    sq: truePositives[c] > 0 ? iou[c] / truePositives[c] : 0,
    rq: truePositives[c] / segments,
  };
}

function meanQuality(qualities: readonly PanopticQuality[]): MeanPanopticQuality {
  return {
    pq: mean(qualities.map(({ pq }) => pq)),
    sq: mean(qualities.map(({ sq }) => sq)),
    rq: mean(qualities.map(({ rq }) => rq)),
    classes: qualities.filter(({ pq }) => pq !== null).length,
  };
}

/** Pixels of each pair of ids that meet, by predicted and then by true id. Looked up once a run of equal pixels. */
function countOverlaps(truth: Uint32Array, prediction: Uint32Array): Map<number, Map<number, number>> {
  const overlaps = new Map<number, Map<number, number>>();
  let start = 0;
  for (let i = 1; i <= truth.length; i++) {
    if (i < truth.length && truth[i] === truth[start] && prediction[i] === prediction[start]) continue;
    const row = overlaps.get(prediction[start]) ?? new Map<number, number>();
    overlaps.set(prediction[start], row);
    add(row, truth[start], i - start);
    start = i;
  }
  return overlaps;
}

function add(sums: Map<number, number>, key: number, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function areaOf(row: ReadonlyMap<number, number>): number {
  let area = 0;
  for (const pixels of row.values()) area += pixels;
  return area;
}

function requireSize(truth: ScoredSegments, prediction: ScoredSegments, where: string): void {
  if (truth.width === prediction.width && truth.height === prediction.height) return;
  const [expected, got] = [truth, prediction].map(({ width, height }) => `${width}x${height}`);
  const remedy = "Predict at the image's own size.";
  throw new InputError(problem(where, `expected a prediction of the truth's size ${expected}`, got, remedy));
}

function segmentsById({ segments }: ScoredSegments, classes: number, where: string): Map<number, ScoredSegment> {
  for (const { id, classIndex, area } of segments) {
    if (id === VOID) {
      throw new InputError(problem(where, "expected ids above 0", "a segment 0", "Number segments from 1; 0 is void."));
    }
    if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= classes) {
      const expected = `expected segment ${id} to be of a class from 0 to ${classes - 1}`;
      throw new InputError(problem(where, expected, String(classIndex), "Check the categories."));
    }
    if (area !== undefined && !(Number.isFinite(area) && area >= 0)) {
      throw new InputError(problem(where, `expected segment ${id} to have an area`, String(area), "Correct its area."));
    }
  }
  return new Map(segments.map((segment) => [segment.id, segment]));
}

function requireAgreement(
  segments: ReadonlyMap<number, ScoredSegment>,
  overlaps: ReadonlyMap<number, unknown>,
  where: string,
): void {
  for (const id of overlaps.keys()) {
    if (id === VOID || segments.has(id)) continue;
    const remedy = "List the segment with its class, or clear its pixels.";
    throw new InputError(problem(where, "expected a segment for each id in the map", `no segment ${id}`, remedy));
  }
  for (const id of segments.keys()) {
    if (overlaps.has(id)) continue;
    const remedy = "Leave out segments without pixels.";
    throw new InputError(problem(where, "expected pixels of each segment", `none of segment ${id}`, remedy));
  }
}
