/** From a run folder to its report: scores of the model it learned, pictures, curves. */
import type { Dataset } from "../data/dataset.ts";
import { type Evaluation, evaluateDataset } from "../evaluation/evaluate.ts";
import { eachGalleryEntry } from "../evaluation/gallery.ts";
import type { Platform } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { isEvaluation, type MetricsLine, readMetrics, type TrainingLine } from "./log.ts";
import type { LineChart } from "./report/line-chart.ts";
import { type Picture, reportPage } from "./report/page.ts";
import { pictureOf } from "./report/picture.ts";
import { openRun, readRun } from "./run.ts";

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
 * Scores the best checkpoint, and writes `report.html` and `scores.json` into the run folder. Throws InputError when the
 * run has no checkpoint or the data set's classes are not the run's.
 */
export async function writeReport(options: ReportOptions): Promise<ReportResult> {
  const { platform, engine, folder, validation, unseen = null, onBadImage, skipped = [], onProgress, signal } = options;
  const { recipe, record } = await readRun(platform, folder);
  const { classes, dataset } = record;
  const lines = await readMetrics(platform, folder);
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
      const truth = sample.labels ?? null;
      fresh.push(
        await pictureOf(platform, classes, { id: sample.id, meanIou: null, image: sample.image, truth, prediction }),
      );
    }
    const steps = lines.at(-1)?.step ?? 0;
    const of = (rank: "best" | "worst") => pictures.filter((each) => each.rank === rank).map(({ picture }) => picture);
    const page = reportPage({
      title: `${recipe.name} on ${shortName(dataset.name)}`,
      subtitle:
        `${steps.toLocaleString("en")} steps of ${recipe.batchSize} crops, ${recipe.cropWidth} × ${recipe.cropHeight} pixels, ` +
        `from ${dataset.samples.toLocaleString("en")} images` +
        (evaluation === null
          ? ""
          : `; scored on ${evaluation.images.toLocaleString("en")} of the split ${evaluation.split}`),
      facts: [...(evaluation === null ? [] : factsOf(evaluation)), ...(options.facts ?? [])],
      curves: curvesOf(lines),
      ...{ classes, evaluation, best: of("best"), worst: of("worst"), unseen: fresh },
      skipped: [...new Set([...skipped, ...(evaluation?.skipped.map(({ problem }) => problem) ?? [])])],
      recipe: { ...recipe },
      footer: `Written by tessera ${version}. Data set: ${dataset.name}. Licence of the weights: ${record.licence}.`,
    });
    const file = `${folder}/report.html`;
    if (evaluation !== null)
      await platform.writeFile(`${folder}/scores.json`, `${JSON.stringify(evaluation, null, 1)}\n`);
    await platform.writeFile(file, page);
    return { file, evaluation };
  } finally {
    await segmenter.close();
  }
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

function curvesOf(lines: readonly MetricsLine[]): LineChart[] {
  const training = lines.filter((line): line is TrainingLine => !isEvaluation(line));
  const scored = lines.filter(isEvaluation);
  const points = (value: (line: TrainingLine) => number) =>
    training.map((line) => [line.step, value(line)] as const).filter(([, each]) => Number.isFinite(each));
  const terms = [...new Set(training.flatMap((line) => Object.keys(line.terms)))];
  const parts = terms.length > 1 ? terms.slice(0, 4) : [];
  const norms = points((line) => line.gradientNorm);
  const charts: LineChart[] = [
    {
      title: "Loss",
      series: [
        { name: "total", points: points((line) => line.loss) },
        ...parts.map((name) => ({ name, points: points((line) => line.terms[name] ?? Number.NaN) })),
      ],
      format: (value) => String(Number(value.toPrecision(3))),
    },
    {
      title: "Validation, percent",
      series: [
        { name: "mean IoU", points: scored.map((line) => [line.step, 100 * line.meanIoU] as const) },
        { name: "pixel accuracy", points: scored.map((line) => [line.step, 100 * line.pixelAccuracy] as const) },
      ],
      format: (value) => String(Number(value.toFixed(1))),
    },
    {
      title: "Learning rate",
      series: [{ name: "learning rate", points: points((line) => line.learningRate) }],
      format: (value) => (value === 0 ? "0" : value.toExponential(1)),
    },
    {
      title: "Gradient norm, before clipping",
      series: [{ name: "gradient norm", points: norms.filter(([, norm]) => norm > 0) }],
      format: (value) => String(Number(value.toPrecision(2))),
      logarithmic: true,
    },
  ];
  return charts.filter(({ series }) => series.some((each) => each.points.length > 0));
}
