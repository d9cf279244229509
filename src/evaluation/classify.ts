/** Whole photographs told by words: zero-shot classification, scored by tags. */
import { requireArrays } from "../array/check-arrays.ts";
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { PhotographClasses } from "../methods/classification.ts";
import { meanAveragePrecision } from "../metrics/average-precision.ts";
import { type Measure, shares } from "../metrics/measure.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { TrainedModel } from "../prediction/model.ts";
import type { Engine } from "../runtime/engine.ts";
import { withBatchAxis } from "./trial.ts";

export interface ClassifyOptions {
  readonly onBadImage?: "fail" | "skip";
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Classification {
  readonly dataset: string;
  readonly split: string;
  readonly model: string;
  readonly images: number;
  /** Names, without a background. */
  readonly classes: readonly string[];
  readonly measures: readonly Measure[];
  readonly perImage: readonly { readonly id: string; readonly truth: readonly string[]; readonly best: string }[];
  readonly skipped: readonly { readonly source: string; readonly problem: string }[];
}

/** So many of the nearest classes are looked among. */
const few = 5;

/**
 * Where each photograph has one tag, how often it is the nearest class, and among the five nearest; where some have several, the mean
 * average precision of the classes that occur, by which all photographs are ranked. Throws InputError where nothing has tags.
 */
export async function classifyDataset(
  engine: Engine,
  { weights, source, task: { classes } }: TrainedModel,
  photographs: PhotographClasses,
  all: Dataset,
  { onBadImage = "fail", onProgress, signal }: ClassifyOptions = {},
): Promise<Classification> {
  requireSameNames(all, classes);
  const dataset = labelledDataset(all, ["tags"]);
  if (dataset.ids.length === 0) {
    throw new InputError(`${all.name}: expected tags to score against, got none in ${all.split}. See docs/data.md.`);
  }
  const counted = classes.flatMap(({ background }, index) => (background === true ? [] : [index]));
  const encoder = graphRunner(engine, weights, source, (scope, inputs) => {
    const { image: _, ...words } = inputs;
    return { scores: photographs.scores(scope, inputs, words) };
  });
  const reader = graphRunner(engine, weights, source, (scope) => photographs.words(scope));
  const scores: number[][] = [];
  const truth: boolean[][] = [];
  const perImage: Classification["perImage"][number][] = [];
  const skipped: { source: string; problem: string }[] = [];
  try {
    const words = await reader.run({});
    for (let index = 0; index < dataset.ids.length; index++) {
      if (signal?.aborted) throw new Interrupted("eval: stopped.");
      try {
        const { image, labels } = await dataset.read(index);
        const inputs = photographs.prepare(image);
        requireArrays(inputs, "prepare of classification");
        const found = (await encoder.run({ ...withBatchAxis(inputs), ...words })).scores;
        const tags = new Set(labels.tags);
        const row = counted.map((k) => Number(found.data[k]));
        scores.push(row);
        truth.push(counted.map((k) => tags.has(k)));
        const best = row.indexOf(Math.max(...row));
        const names = counted.filter((k) => tags.has(k)).map((k) => classes[k].name);
        perImage.push({ id: dataset.ids[index], truth: names, best: classes[counted[best]].name });
      } catch (error) {
        if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
        skipped.push({ source: dataset.source(index), problem: error.message });
      }
      onProgress?.(index + 1, dataset.ids.length);
    }
  } finally {
    await encoder.release();
    await reader.release();
  }
  return {
    ...{ dataset: dataset.name, split: dataset.split, model: source, images: scores.length },
    classes: counted.map((k) => classes[k].name),
    measures: shares(classificationScores(scores, truth)),
    ...{ perImage, skipped },
  };
}

/**
 * scores, truth: one row for each photograph, one column for each class. Of several classes with the same score the one that was
 * asked for first is nearer. Photographs without any tag count only where others have several.
 */
export function classificationScores(
  scores: readonly (readonly number[])[],
  truth: readonly (readonly boolean[])[],
): Record<string, number | null> {
  const counts = truth.map((row) => row.filter(Boolean).length);
  if (counts.some((count) => count > 1)) return { "mean average precision": meanAveragePrecision(scores, truth) };
  const ranks = scores.flatMap((row, i) => {
    const right = truth[i].indexOf(true);
    return right < 0
      ? []
      : [row.filter((score, k) => score > row[right] || (score === row[right] && k < right)).length];
  });
  const within = (most: number) =>
    ranks.length === 0 ? null : ranks.filter((rank) => rank < most).length / ranks.length;
  return { "top-1 accuracy": within(1), "top-5 accuracy": within(few) };
}

function requireSameNames({ name, classes: theirs }: Dataset, classes: TrainedModel["task"]["classes"]): void {
  const names = (list: TrainedModel["task"]["classes"]) => list.map((each) => each.name).join(", ");
  if (names(theirs) === names(classes)) return;
  throw new InputError(
    `${name}: expected the classes that are asked for (${names(classes)}) in its tags, got ${names(theirs)}. Leave --classes out.`,
  );
}
