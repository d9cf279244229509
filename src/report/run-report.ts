/** From a run folder to its report: scores of the model it learned, pictures, curves. */

import type { Dataset } from "../data/dataset.ts";
import { sourceOf } from "../data/labels.ts";
import type { ClassInfo } from "../data/sample.ts";
import { spreadDataset } from "../data/views.ts";
import { type Evaluation, evaluateDataset, isEmpty, nothingCounts } from "../evaluation/evaluate.ts";
import { eachGalleryEntry, type GalleryEntry } from "../evaluation/gallery.ts";
import { scorerOf } from "../evaluation/scorer.ts";
import { runTrial, samplesFor } from "../evaluation/trial.ts";
import type { Method } from "../methods/method.ts";
import { predicts, stagesOf, viewsOf } from "../methods/stages.ts";
import { measureText } from "../metrics/measure.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrainedModel } from "../prediction/model.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import { isEvaluation, type MetricsLine, readMetrics } from "../runs/log.ts";
import { openRun, openTrained, taskOf } from "../runs/open-run.ts";
import { readRun } from "../runs/run.ts";
import type { RunRecord } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { curvesOf } from "./curves.ts";
import { type Report, reportPage } from "./page.ts";
import type { Picture } from "./picture.ts";
import { pictureOf } from "./picture.ts";
import { stripOf, type TrialRow, trialRows } from "./trial-pictures.ts";

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
  /** Where the run's method is looked up. Default: our own methods. */
  readonly methods?: readonly Method[];
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface ReportResult {
  /** The HTML file. */
  readonly file: string;
  readonly evaluation: Evaluation | null;
  /** The step whose weights were scored: that of the best checkpoint. */
  readonly step: number;
}

/** Most pictures without truth. */
const mostUnseen = 6;
/** Images that a method's own views are shown of. */
const viewedCount = 3;
/** Pictures of each end of the ranking. */
const galleryCount = 4;

/**
 * Scores the best checkpoint, and writes `report.html` and `scores.json` into the run folder; of a run that makes no
 * whole model it shows how its stages went. Throws InputError when the run has no checkpoint or the data set's classes
 * are not the run's.
 */
export async function writeReport(options: ReportOptions): Promise<ReportResult> {
  const { platform, folder, skipped = [] } = options;
  const reading = { ...(options.methods && { methods: options.methods }) };
  const run = await readRun(platform, folder, reading);
  const { recipe, record } = run;
  const { classes, dataset } = record;
  const stages = stagesOf(run, taskOf(run));
  const { weights, stage: reached, step } = await openTrained(platform, folder, reading);
  const stage = stages.find(({ name }) => name === reached) ?? stages[0];
  const whole = classes.length > 0 && predicts(run, taskOf(run), record.window, stage, weights);
  const lines = await readMetrics(platform, folder);
  const { evaluation, ...pictures } = whole ? await scored(options, classes) : nothingScored;
  const steps = lines.at(-1)?.step ?? 0;
  const settings = stages.findLast((stage) => stage.kind === "training")?.settings ?? recipe;
  const last = stages[stages.length - 1].name;
  const page = reportPage({
    title: `${recipe.name} on ${shortName(dataset.name)}`,
    subtitle:
      `${steps.toLocaleString("en")} steps ${stages.length > 1 ? `in ${stages.length} stages, the last ` : ""}` +
      `of ${settings.batchSize} crops, ${settings.cropWidth} × ${settings.cropHeight} pixels, ` +
      `from ${imagesText(record)}` +
      scoredText(evaluation, step < steps ? step : null),
    facts: [
      ...(evaluation === null ? [] : factsOf(evaluation)),
      ...(whole ? [] : lastScores(lines, last)),
      ...(options.facts ?? []),
    ],
    curves: curvesOf(lines),
    ...{ classes, evaluation: evaluation !== null && isEmpty(evaluation) ? null : evaluation, ...pictures },
    trials: await trialRows(platform, folder, lines),
    skipped: [...new Set([...skipped, ...(evaluation?.skipped.map(({ problem }) => problem) ?? [])])],
    recipe: { ...recipe },
    footer: `Written by tessera ${version}. Data set: ${dataset.name}. Licence of the weights: ${record.licence}.`,
  });
  const file = `${folder}/report.html`;
  if (evaluation !== null)
    await platform.writeFile(`${folder}/scores.json`, `${JSON.stringify(evaluation, null, 1)}\n`);
  await platform.writeFile(file, page);
  return { file, evaluation, step };
}

type Scored = Pick<Report, "evaluation" | "best" | "worst" | "unseen" | "views">;

const nothingScored: Scored = { evaluation: null, best: [], worst: [], unseen: [], views: [] };

/** Scores of the best checkpoint, and pictures of what it predicts. */
async function scored(options: ReportOptions, classes: readonly ClassInfo[]): Promise<Scored> {
  const { platform, engine, folder, validation, unseen = null, onBadImage, onProgress, signal } = options;
  const trained = await openRun(platform, folder, { ...(options.methods && { methods: options.methods }) });
  const segmenter = await openSegmenter(engine, trained);
  try {
    const canScore = validation !== null && sourceOf(scorerOf(segmenter.card.kind, classes).truth, validation.kinds);
    const evaluation =
      canScore === undefined || canScore === false
        ? null
        : await evaluateDataset(segmenter, validation, { onBadImage, onProgress, signal });
    const pictures: { readonly rank: "best" | "worst"; readonly picture: Picture }[] = [];
    if (validation !== null && evaluation !== null) {
      const [{ name, unit }] = evaluation.measures;
      const keep = async ({ rank, score, sample: { id, image, labels: truth }, prediction }: GalleryEntry) => {
        const text = `${name} ${measureText({ value: score, unit })}`;
        pictures.push({
          rank,
          picture: await pictureOf(platform, classes, { id, score: text, image, truth, prediction }),
        });
      };
      await eachGalleryEntry(segmenter, validation, evaluation.perImage, keep, { count: galleryCount });
    }
    const fresh: Picture[] = [];
    for (let index = 0; index < Math.min(mostUnseen, unseen?.ids.length ?? 0); index++) {
      const { id, image, labels: truth } = await (unseen as Dataset).read(index);
      const prediction = await segmenter.segment(image);
      fresh.push(await pictureOf(platform, classes, { id, score: "", image, truth, prediction }));
    }
    const of = (rank: "best" | "worst") => pictures.filter((each) => each.rank === rank).map(({ picture }) => picture);
    const views = await viewRows(options, trained, validation ?? unseen);
    return { evaluation, best: of("best"), worst: of("worst"), unseen: fresh, views };
  } finally {
    await segmenter.close();
  }
}

/** What the method shows of the inside of its model, on a few images. */
async function viewRows(
  { engine, platform, onBadImage = "fail" }: ReportOptions,
  { method, recipe, task, weights }: TrainedModel,
  dataset: Dataset | null,
): Promise<TrialRow[]> {
  const rows: TrialRow[] = [];
  if (dataset === null) return rows;
  for (const view of viewsOf({ method, recipe }, task)) {
    const some = spreadDataset(samplesFor(view, dataset, {}), viewedCount);
    if (some.ids.length === 0) continue;
    const options = { engine, dataset: some, weights, seed: recipe.seed, onBadImage, pictured: viewedCount };
    for (const { sample, pictures } of (await runTrial(view, options))?.pictures ?? []) {
      rows.push({
        stage: view.name,
        sample,
        pictures: await Promise.all(pictures.map((each) => stripOf(platform, each))),
      });
    }
  }
  return rows;
}

/** step: whose weights were scored, where these are not the last. */
function scoredText(evaluation: Evaluation | null, step: number | null): string {
  if (evaluation === null) return "";
  const { images, split } = evaluation;
  if (isEmpty(evaluation)) return `; not scored: the split ${split} has ${nothingCounts(evaluation)}`;
  const whose = step === null ? "" : `, by the weights of step ${step.toLocaleString("en")}, the best there`;
  return `; scored on ${images.toLocaleString("en")} of the split ${split}${whose}`;
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

/** What the last stage's trials said at the end, for a run that makes no whole model. */
function lastScores(lines: readonly MetricsLine[], name: string): [string, string][] {
  const line = lines.filter(isEvaluation).findLast(({ stage }) => stage === name);
  return line === undefined ? [] : factsOf(line);
}

function factsOf({ measures }: Pick<Evaluation, "measures">): [string, string][] {
  return measures.flatMap((measure) => (measure.value === null ? [] : [[measure.name, measureText(measure)]]));
}

/** The last part of a path: `folder ./data/camvid` → `camvid`; a drawn set without its options. */
function shortName(name: string): string {
  if (name.startsWith("scenes")) return "scenes";
  return lastPart(name);
}
