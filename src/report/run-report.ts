/** From a run folder to its report: scores of the model it learned, pictures, curves. */
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { type Evaluation, evaluateDataset, nothingCounts } from "../evaluation/evaluate.ts";
import { eachGalleryEntry } from "../evaluation/gallery.ts";
import type { Stage } from "../methods/method.ts";
import { plan } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import { isEvaluation, type MetricsLine, readMetrics, scoreText } from "../runs/log.ts";
import { openRun, readRun } from "../runs/run.ts";
import type { RunRecord } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { curvesOf } from "./curves.ts";
import { type Report, reportPage } from "./page.ts";
import type { Picture } from "./picture.ts";
import { pictureOf } from "./picture.ts";
import { trialRows } from "./trial-pictures.ts";

export interface ReportOptions {
  readonly platform: Platform;
  readonly engine: Engine;
  /** The run folder. */
  readonly folder: string;
  /** What to score; null: curves and recipe alone. */
  readonly validation: Dataset | null;
  /** Pictures to segment that have no truth, or whose truth is not to be counted. */
  readonly unseen?: Dataset | null;
  readonly onBadImage?: "fail" | "skip";
  /** Lines about samples that were left out of training. */
  readonly skipped?: readonly string[];
  /** Headline numbers besides the scores: label and value. */
  readonly facts?: readonly (readonly [string, string])[];
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface ReportResult {
  /** The HTML file. */
  readonly file: string;
  readonly evaluation: Evaluation | null;
}

/** Most pictures without truth. */
const mostUnseen = 6;
/** Pictures of each end of the ranking. */
const galleryCount = 4;

/**
 * Scores the best checkpoint, and writes `report.html` and `scores.json` into the run folder; of a run that makes no
 * whole model it shows how its stages went. Throws InputError when the run has no checkpoint or the data set's classes
 * are not the run's.
 */
export async function writeReport(options: ReportOptions): Promise<ReportResult> {
  const { platform, folder, skipped = [] } = options;
  const run = await readRun(platform, folder);
  const { recipe, record } = run;
  const { classes, dataset } = record;
  const stages = plan(run);
  const whole = stages.some(({ stage }) => stage.whole);
  const lines = await readMetrics(platform, folder);
  const { evaluation, ...pictures } = whole ? await scored(options, classes) : nothingScored;
  const steps = lines.at(-1)?.step ?? 0;
  const last = stages[stages.length - 1];
  const page = reportPage({
    title: `${recipe.name} on ${shortName(dataset.name)}`,
    subtitle:
      `${steps.toLocaleString("en")} steps ${stages.length > 1 ? `in ${stages.length} stages, the last ` : ""}` +
      `of ${last.recipe.batchSize} crops, ${last.recipe.cropWidth} × ${last.recipe.cropHeight} pixels, ` +
      `from ${imagesText(record)}` +
      scoredText(evaluation),
    facts: [
      ...(evaluation === null ? [] : factsOf(evaluation)),
      ...lastScores(lines, last.stage),
      ...(options.facts ?? []),
    ],
    curves: curvesOf(lines),
    ...{ classes, evaluation: evaluation?.pixels === 0 ? null : evaluation, ...pictures },
    trials: await trialRows(platform, folder, lines),
    skipped: [...new Set([...skipped, ...(evaluation?.skipped.map(({ problem }) => problem) ?? [])])],
    recipe: { ...recipe },
    footer: `Written by tessera ${version}. Data set: ${dataset.name}. Licence of the weights: ${record.licence}.`,
  });
  const file = `${folder}/report.html`;
  if (evaluation !== null)
    await platform.writeFile(`${folder}/scores.json`, `${JSON.stringify(evaluation, null, 1)}\n`);
  await platform.writeFile(file, page);
  return { file, evaluation };
}

type Scored = Pick<Report, "evaluation" | "best" | "worst" | "unseen">;

const nothingScored: Scored = { evaluation: null, best: [], worst: [], unseen: [] };

/** Scores of the best checkpoint, and pictures of what it predicts. */
async function scored(options: ReportOptions, classes: readonly ClassInfo[]): Promise<Scored> {
  const { platform, engine, folder, validation, unseen = null, onBadImage, onProgress, signal } = options;
  const segmenter = await openSegmenter(engine, await openRun(platform, folder));
  try {
    const evaluation = validation && (await evaluateDataset(segmenter, validation, { onBadImage, onProgress, signal }));
    const pictures: { readonly rank: "best" | "worst"; readonly picture: Picture }[] = [];
    if (validation !== null && evaluation !== null) {
      const keep = async (entry: Parameters<Parameters<typeof eachGalleryEntry>[3]>[0]) => {
        pictures.push({ rank: entry.rank, picture: await pictureOf(platform, classes, entry) });
      };
      await eachGalleryEntry(segmenter, validation, evaluation.perImage, keep, { count: galleryCount });
    }
    const fresh: Picture[] = [];
    for (let index = 0; index < Math.min(mostUnseen, unseen?.ids.length ?? 0); index++) {
      const sample = await (unseen as Dataset).read(index);
      const { labels: prediction } = await segmenter.segment(sample.image);
      const truth = sample.labels.mask ?? null;
      fresh.push(
        await pictureOf(platform, classes, { id: sample.id, meanIou: null, image: sample.image, truth, prediction }),
      );
    }
    const of = (rank: "best" | "worst") => pictures.filter((each) => each.rank === rank).map(({ picture }) => picture);
    return { evaluation, best: of("best"), worst: of("worst"), unseen: fresh };
  } finally {
    await segmenter.close();
  }
}

function scoredText(evaluation: Evaluation | null): string {
  if (evaluation === null) return "";
  const { images, split, pixels } = evaluation;
  if (pixels === 0) return `; not scored: the split ${split} has ${nothingCounts(evaluation)}`;
  return `; scored on ${images.toLocaleString("en")} of the split ${split}`;
}

/** `46 labelled images of 367, and 321 unlabelled ones`. */
function imagesText({ dataset, labels, unlabelled }: RunRecord): string {
  const count = (value: number) => value.toLocaleString("en");
  const own =
    labels === null
      ? `${count(dataset.samples)} images`
      : `${count(dataset.samples)} labelled images of ${count(labels.of)}`;
  return unlabelled === null ? own : `${own}, and ${count(unlabelled.samples)} unlabelled ones`;
}

/** What the last stage's trial said at the end, for a run that makes no whole model. */
function lastScores(lines: readonly MetricsLine[], { name, whole }: Stage): [string, string][] {
  const line = lines.filter(isEvaluation).findLast(({ stage }) => stage === name);
  if (whole || line === undefined) return [];
  return Object.entries(line.scores).map(([score, value]) => [score, scoreText(value, line.unit)]);
}

function factsOf({ meanIou, meanBoundaryIou, pixelAccuracy, frequencyWeightedIou }: Evaluation): [string, string][] {
  const facts: [string, number | null][] = [
    ["mean IoU", meanIou],
    ["pixel accuracy", pixelAccuracy],
    ["mean boundary IoU", meanBoundaryIou],
    ["frequency-weighted IoU", frequencyWeightedIou],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, `${(100 * value).toFixed(1)} %`]]));
}

/** The last part of a path: `folder ./data/camvid` → `camvid`; a drawn set without its options. */
function shortName(name: string): string {
  if (name.startsWith("scenes")) return "scenes";
  return (
    name
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1) ?? name
  );
}
