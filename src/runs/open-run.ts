/** A run as what it has learned: a model that predicts, or weights for another run to begin with. */

import type { Named, NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, suggestion, UsageError } from "../errors.ts";
import { maxClasses } from "../image/image.ts";
import type { Method, ResolvedRecipe, Task } from "../methods/method.ts";
import { applySetting, checkRecipe, keyOf } from "../methods/resolve-recipe.ts";
import type { Stage, Trained } from "../methods/stage.ts";
import { hasModel, predicts, stagesOf, stepsOf, totalSteps } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrainedModel } from "../prediction/model.ts";
import { bestCheckpoint, type Checkpoint, checkpointOfStage, listCheckpoints } from "./checkpoint.ts";
import { type ReadOptions, type Run, readRun } from "./run.ts";

export interface OpenOptions extends ReadOptions {
  /** Gets a line for each checkpoint that cannot be used. */
  readonly onDamaged?: (message: string) => void;
  /** Gets a line where weights are used whose training is not at its end. */
  readonly onNote?: (message: string) => void;
}

/** Options of `openTrained`. */
export interface OpenTrainedOptions extends OpenOptions {
  /** Index of the stage whose last checkpoint is wanted. Default: of the last stage that the run reached the best. */
  readonly stage?: number | undefined;
  /**
   * The stage that is to begin with the weights, and its method. A pass trains nothing, so that one which the run had as well gets
   * what it began with there, not what later stages made of it.
   */
  readonly begins?: { readonly method: string; readonly stage: Pick<Stage, "kind" | "name"> } | undefined;
}

/** Options of `openRun`. */
export interface OpenRunOptions extends OpenOptions {
  /** Of a method with an open vocabulary: what to segment. Default: the classes of the data set that it was trained on. */
  readonly classes?: readonly ClassInfo[] | undefined;
  /** The same where the classes of the data set are not to be taken: asked for instead of those where none are given. */
  readonly otherwise?: readonly ClassInfo[] | undefined;
  /** Whether a class for what is none of the others is added where the classes have none. Default: no. */
  readonly background?: boolean | undefined;
  /** `key=value` of fields that matter for prediction alone (`Method.predictionFields`), changed after training. */
  readonly settings?: readonly string[] | undefined;
  /** What is predicted: settings that suit it are taken where `settings` has no others (`Method.settingsFor`), and told. Default: none. */
  readonly dataset?: Pick<Dataset, "name" | "wordThresholds"> | undefined;
  /** True: a model of an open vocabulary may be opened without classes, to look inside. */
  readonly wordless?: boolean | undefined;
}

/**
 * The model that a run learned: the checkpoint with the best validation score; where the recipe keeps a moving average
 * of the weights, that average. Throws InputError when the folder is no run, none of its checkpoints is intact, its
 * stages so far make no whole model, or classes are named that its method cannot take.
 */
export async function openRun(platform: Platform, folder: string, options: OpenRunOptions = {}): Promise<TrainedModel> {
  const { run: trained, checkpoint, stage, stages } = await openCheckpoint(platform, folder, options);
  const [last, end] = [Math.max(...(await listCheckpoints(platform, folder))), totalSteps(stages)];
  if (last < end && !isImported(trained)) {
    options.onNote?.(
      `${folder} was stopped at step ${last} of ${end}. To end it: tessera train --resume --out ${folder}`,
    );
  }
  const changed = withSettings(trained, options.settings, folder);
  const run = withSettings(changed, settingsSuiting(changed, options, folder), folder);
  const named = askedOf(run, options, folder);
  const { classes, window } = named.record;
  const isOpen = run.method.vocabulary === "open";
  if (classes.length === 0 && !isOpen && hasModel(named, stage)) {
    throw new InputError(
      `${folder}: expected a model that predicts, got one without a head. Train on with: tessera train DATASET --from ${folder} --out NEW`,
    );
  }
  if ((classes.length === 0 && !isOpen) || !predicts(named, taskOf(named), window, stage, weightsOf(checkpoint))) {
    throw new InputError(
      `${folder}: expected a model that predicts, got one whose last stage so far is ${stage.name}. Train on with: ${goOn(run, folder, checkpoint.progress.stage)}`,
    );
  }
  tellNotes(named, options.onNote, folder);
  return trainedModel(named, weightsOf(checkpoint), folder);
}

/** Tells what is to be known of the classes that a model is asked for. */
export function tellNotes(run: Run, onNote: OpenOptions["onNote"], where: string): void {
  for (const note of run.method.notesOf?.(run.recipe, taskOf(run)) ?? []) onNote?.(`${where}: ${note}`);
}

/** The run with the classes that are asked for. Throws InputError where an open vocabulary has none. */
export function askedOf(
  run: Run,
  { classes: given, otherwise, background = false, wordless = false }: AskedFor,
  where: string,
): Run {
  const isOpen = run.method.vocabulary === "open";
  const classes = given ?? (isOpen ? otherwise : undefined);
  const all = classes ?? run.record.classes;
  if (isOpen && !wordless && all.length === 0) {
    throw new InputError(
      `${where}: expected the classes to segment, got none: this model takes any words. Add --classes "cat, sofa, lamp".`,
    );
  }
  const isAdded = background && all.length > 0 && !all.some((each) => each.background);
  return withClasses(run, isAdded ? [backgroundClass, ...all] : classes, where);
}

type AskedFor = Pick<OpenRunOptions, "classes" | "otherwise" | "background" | "wordless">;

/** Black, as it is where data sets have it. */
const backgroundClass: ClassInfo = { name: "background", color: [0, 0, 0], background: true };

/** A run with fields of its recipe changed that matter for prediction alone. Throws UsageError for others. */
export function withSettings<R extends ResolvedRecipe>(run: R, settings: readonly string[] = [], folder: string): R {
  if (settings.length === 0) return run;
  requirePredictionFields(run.method, settings, folder);
  const recipe = settings.reduce(applySetting, run.recipe);
  checkRecipe(run.method, recipe);
  return { ...run, recipe };
}

/** What suits the data set, of fields that nobody set; each is told. */
export function settingsSuiting(
  { method, recipe }: ResolvedRecipe,
  { settings = [], dataset, onNote }: Pick<OpenRunOptions, "settings" | "dataset" | "onNote">,
  where: string,
): readonly string[] {
  if (dataset === undefined) return [];
  const given = new Set(settings.map(keyOf));
  const suiting = (method.settingsFor?.(recipe, dataset) ?? []).filter((each) => !given.has(keyOf(each)));
  for (const each of suiting) {
    const key = keyOf(each);
    const own = (recipe as unknown as Readonly<Record<string, unknown>>)[key];
    onNote?.(
      `${where}: ${each} in place of the recipe's ${own}, as the authors have it for ${dataset.name}. To keep that: --set ${key}=${own}`,
    );
  }
  return suiting;
}

/** Throws UsageError where a setting changes what a model is, and not only how it predicts. more: fields that may be set besides. */
export function requirePredictionFields(
  { name, predictionFields = [] }: Method,
  settings: readonly string[],
  where: string,
  more: readonly string[] = [],
): void {
  const known = [...predictionFields, ...more];
  const other = settings.map(keyOf).find((key) => !known.includes(key));
  if (other === undefined) return;
  if (known.length === 0) {
    throw new UsageError(
      `${where}: expected no fields to change, since ${name} has none that matter for prediction alone, got ${other}. Leave it out.`,
    );
  }
  throw new UsageError(
    `${where}: expected a field that matters for prediction alone, got ${other}. ${suggestion(other, known)}`,
  );
}

/** The run with other classes, if its method takes any. */
function withClasses(run: Run, classes: readonly ClassInfo[] | undefined, folder: string): Run {
  if (classes === undefined) return run;
  if (run.method.vocabulary === "closed") {
    throw new InputError(
      `${folder}: expected no --classes, got some: ${run.method.name} segments the ${run.record.classes.length} classes that it was trained on. Leave them out.`,
    );
  }
  if (classes.length > maxClasses) {
    throw new InputError(`${folder}: expected at most ${maxClasses} classes, got ${classes.length}. Name fewer.`);
  }
  const valueMap = Object.fromEntries(classes.map((_, index) => [String(index), index]));
  return { ...run, record: { ...run.record, classes, valueMap, frequencies: [] } };
}

/** What a run's method and data set make of it. */
export function taskOf({ record: { classes, frequencies } }: Pick<Run, "record">): Task {
  return { classes, frequencies };
}

/**
 * What a run has learned so far, or what a stage of it left, for another run to begin with, and the step that it is of. Throws
 * InputError as `openRun`, but for whole models, and where there is no checkpoint of the stage that is asked for.
 */
export async function openTrained(
  platform: Platform,
  folder: string,
  options: OpenTrainedOptions = {},
): Promise<Trained & { readonly step: number }> {
  const { run, checkpoint, stage, stages } = await openCheckpoint(platform, folder, options);
  const last = Math.max(...(await listCheckpoints(platform, folder)));
  const end = totalSteps(stages.slice(0, checkpoint.progress.stage + 1));
  if (last < end && !isImported(run)) {
    options.onNote?.(
      `${folder} was stopped at step ${last}, and its stage ${stage.name} ends at ${end}. To end that first: tessera train DATASET --out ${folder} --resume`,
    );
  }
  const { licence } = run.record;
  const recipe = stage.kind === "training" ? stage.settings : run.recipe;
  const { step } = checkpoint.progress;
  return { weights: weightsOf(checkpoint), stage: stage.name, recipe, source: folder, licence, step };
}

/** Whether a run's weights have had their training elsewhere: it is then whole at whatever step. */
function isImported({ record }: Run): boolean {
  return record.from.some(({ stage }) => stage === "import");
}

/** The index of the stage whose weights another begins with; undefined: of whatever was trained last. */
function stageBefore(run: Run, stages: readonly Stage[], begins: OpenTrainedOptions["begins"]): number | undefined {
  if (begins?.stage.kind !== "pass" || begins.method !== run.method.name) return undefined;
  const at = stages.findIndex(({ name }) => name === begins.stage.name);
  return at > 0 ? at - 1 : undefined;
}

async function openCheckpoint(platform: Platform, folder: string, options: OpenTrainedOptions) {
  const { onDamaged = () => {}, onNote, methods, begins } = options;
  const run = await readRun(platform, folder, { methods });
  const stages = stagesOf(run, taskOf(run));
  const wanted = options.stage ?? stageBefore(run, stages, begins);
  const damage: string[] = [];
  const warn = (message: string) => damage.push(message);
  const checkpoint =
    wanted === undefined
      ? await bestCheckpoint(platform, folder, warn)
      : await checkpointOfStage(platform, folder, wanted, warn);
  if (checkpoint === null) {
    if (damage.length > 0) throw new InputError(damage[0]);
    if (wanted !== undefined && (await listCheckpoints(platform, folder)).length > 0) {
      throw new InputError(
        `${folder}: expected a checkpoint of stage ${stages[wanted]?.name ?? wanted}, got those of other stages alone, as runs had before what each stage left was kept. Train that stage anew.`,
      );
    }
    throw new InputError(
      `${folder}: expected a checkpoint, got a run that has none yet. Train on with: tessera train DATASET --out ${folder} --resume`,
    );
  }
  for (const message of damage) onDamaged(`${message} Using the one of step ${checkpoint.progress.step}.`);
  const stage: Stage | undefined = stages[checkpoint.progress.stage];
  if (stage === undefined) {
    throw new InputError(
      `${folder}: expected a checkpoint of one of the recipe's stages, got stage ${checkpoint.progress.stage}. Restore recipe.json.`,
    );
  }
  if (wanted !== undefined && options.stage === undefined) {
    onNote?.(
      `${folder}: ${begins?.stage.name} begins with what stage ${stage.name} left, at step ${checkpoint.progress.step}`,
    );
  }
  return { run, checkpoint, stage, stages };
}

/** How to come from a run that makes no whole model to one that does. */
function goOn(run: Run, folder: string, stage: number): string {
  const left = stagesOf(run, taskOf(run)).slice(stage + 1);
  return left.some((each) => stepsOf(each) > 0)
    ? `tessera train DATASET --out ${folder} --resume`
    : `tessera train DATASET --from ${folder} --out NEW --steps N`;
}

/** The weights to predict with: averages where there are any. */
export function weightsOf({ tensors }: Pick<Checkpoint, "tensors">): Named<NdArray> {
  return { ...tensors.weights, ...tensors.averages };
}

/** A run's record and some weights as a model. */
export function trainedModel({ method, recipe, record }: Run, weights: Named<NdArray>, source: string): TrainedModel {
  const { classes, frequencies, valueMap, window, shortSide, licence } = record;
  return { method, recipe, task: { classes, frequencies }, valueMap, weights, window, shortSide, source, licence };
}
