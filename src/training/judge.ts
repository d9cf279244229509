/** Scoring while training: a whole model by what predictions are scored by, another stage by its trials. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Dataset, whereOf } from "../data/dataset.ts";
import { kindsText, sourceOf } from "../data/labels.ts";
import { labelledDataset, scaledDataset, spreadDataset } from "../data/views.ts";
import { evaluateDataset } from "../evaluation/evaluate.ts";
import { scorerOf } from "../evaluation/scorer.ts";
import { runTrial, samplesFor, type TrialResult } from "../evaluation/trial.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { predicts } from "../methods/stages.ts";
import type { Measure } from "../metrics/measure.ts";
import type { Platform } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import type { EvaluationLine, LoggedPicture } from "../runs/log.ts";
import { trainedModel } from "../runs/open-run.ts";
import type { Run } from "../runs/run.ts";
import type { Engine } from "../runtime/engine.ts";

export interface JudgeOptions {
  readonly platform: Pick<Platform, "encodeImage" | "writeFile">;
  readonly engine: Engine;
  readonly folder: string;
  readonly run: Run;
  readonly stage: TrainingStage;
  /** Those that prediction would use. */
  readonly weights: Named<NdArray>;
  readonly step: number;
  readonly validation: Dataset | null;
  /** Most images that are scored of a whole model. */
  readonly validationImages?: number;
  /** What the stage learns from. */
  readonly training: () => Dataset;
  readonly onBadImage?: "fail" | "skip";
  readonly onNote?: ((line: string) => void) | undefined;
}

export interface Judgement extends Pick<EvaluationLine, "measures" | "pictures"> {
  /** By which checkpoints are compared: the first measure of a model that predicts. */
  readonly score: number | null;
}

/**
 * Scores of a stage as it trains: of a model that predicts on the validation split, of another by the stage's trials. Null
 * where there is nothing to judge by. A line to `onNote` where there is, but every score would be one over nothing.
 */
export async function judge(options: JudgeOptions): Promise<Judgement | null> {
  const { run, weights } = options;
  const { classes, frequencies, window } = run.record;
  return predicts(run, { classes, frequencies }, window, options.stage, weights)
    ? judgeModel(options)
    : judgeTrials(options);
}

/** Through the segmenter that will predict with it, at the images' own size. */
async function judgeModel(options: JudgeOptions): Promise<Judgement | null> {
  const { engine, weights, validation, validationImages = 200, onBadImage = "fail", onNote } = options;
  if (validation === null) return null;
  const run = askedFor(options.run, validation);
  if (run.record.classes.length === 0) return null;
  const segmenter = await openSegmenter(engine, trainedModel(run, weights, `step ${options.step}`));
  let measures: readonly Measure[];
  try {
    const { truth } = scorerOf(segmenter.card.kind, validation.classes);
    if (sourceOf(truth, validation.kinds) === undefined) return null;
    const some = spreadDataset(labelledDataset(validation, [truth]), validationImages);
    ({ measures } = await evaluateDataset(segmenter, some, { boundary: false, onBadImage }));
    if (measures.every(({ value }) => value === null)) {
      onNote?.(
        `${whereOf(validation)}: nothing counts in the ${kindsText([truth])} of split ${validation.split}, so step ${options.step} has no score and no checkpoint is best. See: tessera inspect`,
      );
    }
  } finally {
    await segmenter.close();
  }
  return { measures, score: measures[0]?.value ?? null };
}

/** A model that takes any words is asked for those of what it is scored on. */
function askedFor(run: Run, { classes, valueMap }: Dataset): Run {
  if (run.method.vocabulary === "closed") return run;
  return { ...run, record: { ...run.record, classes, valueMap, frequencies: [] } };
}

async function judgeTrials(options: JudgeOptions): Promise<Judgement | null> {
  const { engine, run, stage, weights, validation, onBadImage = "fail", onNote, step } = options;
  const { shortSide } = run.record;
  const { trials = [] } = stage;
  if (trials.length === 0) return null;
  const measures: Measure[] = [];
  const pictures: LoggedPicture[] = [];
  for (const trial of trials) {
    const given = validation === null ? null : samplesFor(trial, validation, stage);
    // Without images to validate on, those that are learned from show at least how it goes.
    const dataset = given === null || given.ids.length === 0 ? options.training() : scaledDataset(given, shortSide);
    const result = await runTrial(trial, { engine, dataset, weights, seed: stage.settings.seed, onBadImage });
    if (result === null || result.measures.every(({ value }) => value === null)) {
      onNote?.(
        `${whereOf(dataset)}: nothing in split ${dataset.split} can be scored for stage ${stage.name}, so step ${step} has no score. See: tessera inspect`,
      );
    }
    measures.push(...(result?.measures ?? []));
    pictures.push(...(await keepPictures({ ...options, stage: stage.name }, result?.pictures ?? [])));
  }
  if (measures.length === 0 && pictures.length === 0) return null;
  return { measures, score: null, ...(pictures.length > 0 && { pictures }) };
}

/** Pictures go to `pictures/STAGE/SAMPLE/NAME.png`, those that change with the step with it in their name. */
export async function keepPictures(
  { platform, stage, folder, step }: Pick<JudgeOptions, "platform" | "folder" | "step"> & { readonly stage: string },
  all: TrialResult["pictures"],
): Promise<LoggedPicture[]> {
  const kept: LoggedPicture[] = [];
  for (const { sample, pictures } of all) {
    for (const { name, image, changes, caption } of pictures) {
      const end = changes ? `-${String(step).padStart(8, "0")}` : "";
      const file = `pictures/${stage}/${sample}/${name}${end}.png`;
      await platform.writeFile(`${folder}/${file}`, await platform.encodeImage(image, "png"));
      kept.push({ sample, name, file, caption });
    }
  }
  return kept;
}
