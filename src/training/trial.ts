/** Judging a stage that makes no whole model yet: scores for the log, pictures for the report. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import type { Dataset } from "../data/dataset.ts";
import { spreadDataset } from "../data/views.ts";
import { InputError } from "../errors.ts";
import { lower } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import type { Task, Trial, TrialPicture } from "../methods/method.ts";
import type { PlannedStage } from "../methods/stages.ts";
import { writeModel } from "../onnx/write.ts";
import type { Platform } from "../platform/platform.ts";
import type { EvaluationLine, LoggedPicture } from "../runs/log.ts";
import type { Engine } from "../runtime/engine.ts";
import { targetOf } from "../runtime/target.ts";

/** Images that are kept as pictures. */
const pictured = 3;

export interface TrialOptions {
  readonly platform: Pick<Platform, "encodeImage" | "writeFile">;
  readonly engine: Engine;
  readonly planned: PlannedStage;
  readonly task: Task;
  readonly dataset: Dataset;
  /** Those that prediction would use. */
  readonly weights: Named<NdArray>;
  /** The run folder. */
  readonly folder: string;
  readonly step: number;
  readonly onBadImage: "fail" | "skip";
}

/**
 * Runs a stage's trial on images spread over the data set, the same ones at every step. Pictures go to
 * `pictures/STAGE/SAMPLE/NAME.png`, those that change with the step in their name. Null where no image could be judged.
 */
export async function runTrial(
  trial: Trial,
  options: TrialOptions,
): Promise<Pick<EvaluationLine, "unit" | "scores" | "pictures"> | null> {
  const { engine, planned, task, dataset, weights } = options;
  const { recipe } = planned;
  const model = new Model();
  const batch = Object.fromEntries(
    Object.entries(trial.inputs(recipe, task)).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const outputs = trial.outputs(model.scope, batch, recipe, task);
  const { bytes } = writeModel(lower({ outputs }, targetOf(engine)), { embed: embedded(model, weights) });
  const program = await engine.load(bytes, []);
  const results: Named<NdArray>[] = [];
  const pictures: LoggedPicture[] = [];
  try {
    const some = spreadDataset(dataset, trial.images);
    for (let index = 0; index < some.ids.length; index++) {
      const feeds = await feedsOf(trial, options, some, index);
      if (feeds === null) continue;
      const result = await program.run(feeds);
      // Neighbours are often alike (frames of a film), so pictures are spread as the images are.
      if (index % Math.ceil(some.ids.length / pictured) === 0)
        pictures.push(...(await keepPictures(options, some.ids[index], trial.pictures?.(result) ?? [])));
      results.push(result);
    }
  } finally {
    await program.release();
  }
  if (results.length === 0) return null;
  return { unit: trial.unit, scores: trial.scores(results, task), ...(pictures.length > 0 && { pictures }) };
}

/** One sample's inputs with a batch axis; null where it cannot be judged, or be read and may be skipped. */
async function feedsOf(
  trial: Trial,
  { planned: { recipe }, task, onBadImage }: TrialOptions,
  dataset: Dataset,
  index: number,
): Promise<Named<NdArray> | null> {
  try {
    const sample = await dataset.read(index);
    const prepared = trial.prepare(sample, recipe, task, new Random(recipe.seed, "trial", index));
    if (prepared === null) return null;
    return Object.fromEntries(
      Object.entries(prepared).map(([name, { dtype, shape, data }]) => [name, { dtype, shape: [1, ...shape], data }]),
    );
  } catch (error) {
    if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
    return null;
  }
}

function embedded(model: Model, weights: Named<NdArray>): Named<NdArray> {
  return Object.fromEntries(
    [...model.parameters.keys()].map((name) => {
      const value = weights[name];
      if (value === undefined) throw new Error(`trial: weight ${name} is not among those of the stage.`);
      return [name, value];
    }),
  );
}

async function keepPictures(
  { platform, planned, folder, step }: TrialOptions,
  sample: string,
  pictures: readonly TrialPicture[],
): Promise<LoggedPicture[]> {
  const kept: LoggedPicture[] = [];
  for (const { name, image, changes, caption } of pictures) {
    const end = changes ? `-${String(step).padStart(8, "0")}` : "";
    const file = `pictures/${planned.stage.name}/${sample}/${name}${end}.png`;
    await platform.writeFile(`${folder}/${file}`, await platform.encodeImage(image, "png"));
    kept.push({ sample, name, file, caption });
  }
  return kept;
}
