/** Panoptic quality of predictions that any program wrote, as COCO's evaluator gives it. */
import { InputError, Interrupted, problem, shown } from "../errors.ts";
import type { Measure } from "../metrics/measure.ts";
import type { ScoredSegments } from "../metrics/panoptic-quality.ts";
import type { Platform } from "../platform/platform.ts";
import {
  type ImageId,
  type PanopticClass,
  type PanopticImage,
  type PanopticImages,
  readPredictions,
  readTruth,
  twoChannelPredictions,
} from "./panoptic-set.ts";
import { type PanopticDetails, panopticTally } from "./scorer.ts";

export interface PanopticFilesOptions {
  /** Folders of the PNGs, where they lie neither in one of the JSON's name nor beside it. */
  readonly predictionMasks?: string;
  readonly truthMasks?: string;
  readonly onProgress?: (done: number, total: number) => void;
  /** What whoever watches should know. */
  readonly onNote?: (line: string) => void;
  /** Stops before the next image; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

/** A category of the truth. Scores are shares, 0 … 1, null where it does not occur; counts are of the whole set. */
export interface PanopticClassScores extends PanopticClass {
  readonly pq: number | null;
  readonly sq: number | null;
  readonly rq: number | null;
  /** Sum over matched pairs. */
  readonly iou: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  /** Of the truth, crowds apart. */
  readonly segments: number;
}

/** The result, as `tessera eval --panoptic --json` prints it. */
export interface PanopticFilesEvaluation extends Omit<PanopticDetails, "classes"> {
  readonly predictions: string;
  readonly truth: string;
  readonly images: number;
  /** PQ, SQ, RQ, and PQ of things and stuff. */
  readonly measures: readonly Measure[];
  readonly classes: readonly PanopticClassScores[];
  readonly perImage: readonly { readonly id: ImageId; readonly file: string; readonly score: number | null }[];
}

/**
 * predictions: a panoptic JSON in COCO's format, or a folder of PNGs of two channels; truth: a JSON, whose categories count. Images are
 * paired by `image_id` and read one pair after another, so that memory holds the two lists and two pairs of maps.
 *
 * The rules are those of `countSegments`. Predictions of images that the truth has not are left out. Throws InputError where an image
 * has no prediction, files contradict each other or are damaged, and where no segment counts.
 */
export async function evaluatePanopticFiles(
  platform: Platform,
  predictions: string,
  truth: string,
  { predictionMasks, truthMasks, onProgress, onNote, signal }: PanopticFilesOptions = {},
): Promise<PanopticFilesEvaluation> {
  const { classes, images } = await readTruth(platform, truth, truthMasks);
  if (images.size === 0) {
    throw new InputError(problem(truth, "expected annotations of images", "an empty list", "Name another file."));
  }
  const guesses = await predictionsOf(platform, predictions, { classes, images }, predictionMasks, onNote);
  requireAll(images, guesses, predictions);
  const unused = guesses.size - images.size;
  const are = unused === 1 ? "image is" : "images are";
  if (unused > 0) onNote?.(`${predictions}: ${unused} ${are} not in ${truth}: not scored`);

  const tally = panopticTally(classes);
  const perImage: { id: ImageId; file: string; score: number | null }[] = [];
  const pairs = [...images.values()].map((image): Pair => [image, guesses.get(image.id)!]);
  let ahead = read(pairs[0]);
  for (const [index, [{ id, file }, guess]] of pairs.entries()) {
    if (signal?.aborted) throw new Interrupted("eval: stopped.");
    const [of, by] = await ahead;
    // The next pair is read while this one is counted.
    if (index + 1 < pairs.length) ahead = read(pairs[index + 1]);
    perImage.push({ id, file, score: tally.add(of, by, guess.file) });
    onProgress?.(index + 1, pairs.length);
  }
  const { classes: scores, ...details } = tally.details();
  if (details.all.pq === null) {
    const got = `${pairs.length} ${pairs.length === 1 ? "image" : "images"} in which none counts`;
    throw new InputError(problem(truth, "expected segments to score", got, "Check segments_info and category ids."));
  }
  const { iou, truePositives, falsePositives, falseNegatives } = tally.counts;
  return {
    ...{ predictions, truth, images: pairs.length, measures: tally.measures(), ...details },
    classes: classes.map((each, c) => ({
      ...{ ...each, ...scores[c], iou: iou[c], truePositives: truePositives[c] },
      ...{ falsePositives: falsePositives[c], falseNegatives: falseNegatives[c] },
    })),
    perImage,
  };
}

type Pair = readonly [truth: PanopticImage, prediction: PanopticImage];

function read([truth, prediction]: Pair): Promise<readonly [ScoredSegments, ScoredSegments]> {
  const both = Promise.all([truth.read(), prediction.read()]);
  // Awaited later; until then a failure is not "unhandled".
  both.catch(() => {});
  return both;
}

async function predictionsOf(
  platform: Platform,
  path: string,
  truth: { readonly classes: readonly PanopticClass[]; readonly images: PanopticImages },
  masks: string | undefined,
  onNote: ((line: string) => void) | undefined,
): Promise<PanopticImages> {
  if ((await platform.exists(path)) === "folder") {
    return twoChannelPredictions(platform, path, truth.classes, truth.images);
  }
  const { images, named } = await readPredictions(platform, path, truth.classes, masks);
  const other = truth.classes.find(({ id, name }) => named.has(id) && named.get(id) !== name);
  if (other !== undefined) {
    const { id, name } = other;
    onNote?.(`${path}: category ${id} is called ${named.get(id)}, ${name} in the ground truth: ids count, not names`);
  }
  return images;
}

/** Told before anything is read: the whole would be for nothing. */
function requireAll(images: PanopticImages, guesses: PanopticImages, where: string): void {
  const lacking = [...images.keys()].filter((id) => !guesses.has(id));
  if (lacking.length === 0) return;
  const more = lacking.length > 1 ? ` and of ${lacking.length - 1} more` : "";
  const remedy = "Predict each image, if only a map of zeros without segments.";
  throw new InputError(
    problem(where, "expected a prediction of each image", `none of image ${shown(lacking[0])}${more}`, remedy),
  );
}
