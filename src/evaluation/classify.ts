/** Whole photographs told by words: zero-shot classification, scored by tags. */
import { requireArrays } from "../array/check-arrays.ts";
import { type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { type Dataset, whereOf } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { Image } from "../image/image.ts";
import type { PhotographClasses } from "../methods/classification.ts";
import { averagePrecisions, meanOfKnown } from "../metrics/average-precision.ts";
import { type Measure, shares } from "../metrics/measure.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { TrainedModel } from "../prediction/model.ts";
import type { Engine } from "../runtime/engine.ts";
import { linearProbe } from "./linear-probe.ts";
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
  /**
   * How many photographs show it, and how well they are ranked above the others: null where none does. Empty where photographs have one tag
   * each, of perhaps a thousand classes.
   */
  readonly perClass: readonly {
    readonly name: string;
    readonly images: number;
    readonly averagePrecision: number | null;
  }[];
  readonly perImage: readonly { readonly id: string; readonly truth: readonly string[]; readonly best: string }[];
  readonly skipped: readonly { readonly source: string; readonly problem: string }[];
}

/** So many of the nearest classes are looked among. */
const few = 5;

/** A photograph's numbers, and which of the counted classes its tags name. */
interface Row {
  readonly id: string;
  readonly values: readonly number[];
  readonly truth: readonly boolean[];
}

/**
 * Where each photograph has one tag, how often it is the nearest class, and among the five nearest; where some have several, the mean
 * average precision of the classes that occur, by which all photographs are ranked. Throws InputError where nothing has tags.
 *
 * probed: photographs with tags that a linear layer on the features learns the classes from, in place of their words.
 */
export async function classifyDataset(
  engine: Engine,
  { weights, source, task: { classes } }: TrainedModel,
  photographs: PhotographClasses,
  all: Dataset,
  { probed = null, ...options }: ClassifyOptions & { readonly probed?: Dataset | null } = {},
): Promise<Classification> {
  for (const each of [all, ...(probed === null ? [] : [probed])]) requireSameNames(each, classes);
  const counted = classes.flatMap(({ background }, index) => (background === true ? [] : [index]));
  const skipped: { source: string; problem: string }[] = [];
  const inputsOf = (image: Image): Named<NdArray> => {
    const inputs = photographs.prepare(image);
    requireArrays(inputs, "prepare of classification");
    return withBatchAxis(inputs);
  };
  const rowsOf = (dataset: Dataset, values: (image: Image) => Promise<readonly number[]>) =>
    rows(dataset, counted, { ...options, skipped, values });
  const named = counted.map((k) => classes[k].name);
  const result = (found: readonly Row[], scores: readonly (readonly number[])[]): Classification => {
    const truth = found.map((row) => row.truth);
    const { measures, precisions } = classificationScores(scores, truth);
    const perClass = precisions.map((averagePrecision, k) => ({
      ...{ name: named[k], images: truth.filter((row) => row[k]).length, averagePrecision },
    }));
    return {
      ...{ dataset: all.name, split: all.split, model: source, images: found.length, classes: named },
      ...{ measures: shares(measures), perClass },
      perImage: found.map(({ id, truth }, i) => ({
        ...{ id, truth: named.filter((_, k) => truth[k]), best: named[scores[i].indexOf(Math.max(...scores[i]))] },
      })),
      skipped,
    };
  };
  if (probed !== null) {
    const runner = graphRunner(engine, weights, source, (scope, inputs) => ({
      features: photographs.features(scope, inputs),
    }));
    try {
      const featuresOf = async (image: Image) => toNumbers((await runner.run(inputsOf(image))).features);
      const [learned, scored] = [await rowsOf(probed, featuresOf), await rowsOf(all, featuresOf)];
      const probe = linearProbe(
        learned.map(({ values }) => values),
        learned.map(({ truth }) => truth),
      );
      return result(
        scored,
        scored.map(({ values }) => probe.scores(values)),
      );
    } finally {
      await runner.release();
    }
  }
  const reader = graphRunner(engine, weights, source, (scope) => photographs.words(scope));
  const words = await reader.run({}).finally(() => reader.release());
  const names = Object.keys(words);
  const runner = graphRunner(engine, weights, source, (scope, inputs) => ({
    scores: photographs.scores(scope, inputs, Object.fromEntries(names.map((name) => [name, inputs[name]]))),
  }));
  try {
    const found = await rowsOf(all, async (image) => {
      const { scores } = await runner.run({ ...inputsOf(image), ...words });
      return counted.map((k) => Number(scores.data[k]));
    });
    return result(
      found,
      found.map(({ values }) => values),
    );
  } finally {
    await runner.release();
  }
}

/** Throws InputError where no photograph has tags, or all that have were skipped. */
async function rows(
  all: Dataset,
  counted: readonly number[],
  {
    onBadImage = "fail",
    onProgress,
    signal,
    skipped,
    values,
  }: ClassifyOptions & {
    readonly skipped: { source: string; problem: string }[];
    readonly values: (image: Image) => Promise<readonly number[]>;
  },
): Promise<Row[]> {
  const dataset = labelledDataset(all, ["tags"]);
  const found: Row[] = [];
  for (let index = 0; index < dataset.ids.length; index++) {
    if (signal?.aborted) throw new Interrupted("eval: stopped.");
    try {
      const { image, labels } = await dataset.read(index);
      const tags = new Set(labels.tags);
      found.push({
        ...{ id: dataset.ids[index], values: await values(image), truth: counted.map((k) => tags.has(k)) },
      });
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push({ source: dataset.source(index), problem: error.message });
    }
    onProgress?.(index + 1, dataset.ids.length);
  }
  if (found.length > 0) return found;
  throw new InputError(`${whereOf(all)}: expected photographs with tags in ${all.split}, got none. See docs/data.md.`);
}

/**
 * scores, truth: one row for each photograph, one column for each class. Of several classes with the same score the one that was
 * asked for first is nearer. Photographs without any tag count only where others have several. precisions: of each class, where photographs have several.
 */
export function classificationScores(
  scores: readonly (readonly number[])[],
  truth: readonly (readonly boolean[])[],
): { readonly measures: Record<string, number | null>; readonly precisions: readonly (number | null)[] } {
  const counts = truth.map((row) => row.filter(Boolean).length);
  if (counts.some((count) => count > 1)) {
    const precisions = averagePrecisions(scores, truth);
    return { measures: { "mean average precision": meanOfKnown(precisions) }, precisions };
  }
  const ranks = scores.flatMap((row, i) => {
    const right = truth[i].indexOf(true);
    return right < 0
      ? []
      : [row.filter((score, k) => score > row[right] || (score === row[right] && k < right)).length];
  });
  const within = (most: number) =>
    ranks.length === 0 ? null : ranks.filter((rank) => rank < most).length / ranks.length;
  return { measures: { "top-1 accuracy": within(1), "top-5 accuracy": within(few) }, precisions: [] };
}

function requireSameNames(dataset: Dataset, classes: TrainedModel["task"]["classes"]): void {
  const names = (list: TrainedModel["task"]["classes"]) => list.map((each) => each.name).join(", ");
  const [asked, theirs] = [names(classes), names(dataset.classes)];
  if (asked === theirs) return;
  throw new InputError(
    `${whereOf(dataset)}: expected the classes that are asked for (${asked}) in its tags, got ${theirs}. Leave --classes out.`,
  );
}
