/** A run folder: what was asked for (recipe.json), what it learns from (run.json), and what came of it. */

import { hexDigest } from "../array/digest.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { isOnnxEncoder, restoreOnnxEncoder } from "../backbones/onnx-file.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, suggestion, UsageError } from "../errors.ts";
import { maxClasses } from "../image/image.ts";
import type { Method, ResolvedRecipe, Task } from "../methods/method.ts";
import { applySetting, checkRecipe, differences, keyOf, recipeFrom } from "../methods/resolve-recipe.ts";
import type { Stage, Trained } from "../methods/stage.ts";
import { hasModel, predicts, stagesOf, stepsOf, totalSteps } from "../methods/stages.ts";
import { encoderFileOf } from "../networks/network.ts";
import { lastPart } from "../platform/join-path.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrainedModel } from "../prediction/model.ts";
import { bestCheckpoint, type Checkpoint, listCheckpoints } from "./checkpoint.ts";
import { type RunRecord, recordFrom } from "./run-record.ts";

/** The encoder that a recipe names, where it was read from an ONNX file. */
const encoderFile = "encoder.onnx";

export interface Run extends ResolvedRecipe {
  readonly record: RunRecord;
}

/** A folder's state as a place for a run. `new`: nothing in it, or what a run killed in its first moment left. */
export async function stateOf(platform: Platform, folder: string): Promise<"new" | "run" | "other"> {
  const kind = await platform.exists(folder);
  if (kind === "nothing") return "new";
  if (kind === "file")
    throw new InputError(`${folder}: expected a folder for the run, got a file. Choose another place.`);
  const names = await platform.list(folder);
  if (names.includes("run.json")) return "run";
  return names.every(
    (name) => ["recipe.json", "labelled.txt", encoderFile, ".lock"].includes(name) || isUnfinished(name),
  )
    ? "new"
    : "other";
}

/** Names of files that were being written when something was killed. */
function isUnfinished(name: string): boolean {
  return name.startsWith(".") && name.endsWith(".part");
}

/** Removes half-written files that a killed run left in its folder. */
export async function clearUnfinished(platform: Platform, folder: string): Promise<void> {
  if ((await platform.exists(folder)) !== "folder") return;
  for (const name of await platform.list(folder)) if (isUnfinished(name)) await platform.remove(`${folder}/${name}`);
}

/**
 * Writes what a new run starts with; run.json last, since it is what makes the folder a run. `labelledIds`: the samples
 * whose labels are used, where that is a part of them.
 */
export async function createRun(
  platform: Platform,
  folder: string,
  { recipe, record }: Run,
  labelledIds: readonly string[] | null = null,
): Promise<void> {
  await clearUnfinished(platform, folder);
  // Those of a first try that failed would pass for this run's.
  for (const name of ["labels", "labelled.txt", encoderFile]) await platform.remove(`${folder}/${name}`);
  if (labelledIds !== null) await platform.writeFile(`${folder}/labelled.txt`, `${labelledIds.join("\n")}\n`);
  const encoder = encoderFileOf(recipe);
  if (encoder !== undefined) await platform.writeFile(`${folder}/${encoderFile}`, encoder);
  await platform.writeFile(`${folder}/recipe.json`, `${JSON.stringify(recipe, null, 2)}\n`);
  await platform.writeFile(`${folder}/run.json`, `${JSON.stringify(record, null, 2)}\n`);
}

export interface ReadOptions {
  /** Where the run's method is looked up. Default: our own methods. */
  readonly methods?: readonly Method[] | undefined;
}

/** A run folder's recipe and record. Throws InputError when the folder is no run, damaged, or of another version. */
export async function readRun(platform: Platform, folder: string, { methods }: ReadOptions = {}): Promise<Run> {
  const kind = await platform.exists(folder);
  if (kind !== "folder") {
    const got = kind === "file" ? "a file" : "nothing there";
    throw new InputError(
      `${folder}: expected a run folder, got ${got}. Make one with: tessera train DATASET --out ${folder}`,
    );
  }
  if ((await platform.exists(`${folder}/run.json`)) !== "file") {
    throw new InputError(`${folder}: expected a run folder, got ${await contentOf(platform, folder)}`);
  }
  const record = recordFrom(await readJson(platform, `${folder}/run.json`), `${folder}/run.json`);
  const recipe = await readJson(platform, `${folder}/recipe.json`);
  await restoreEncoder(platform, `${folder}/${encoderFile}`, recipe);
  const resolved = recipeFrom(recipe, `${folder}/recipe.json`, methods);
  await resolved.method.ready?.();
  if (resolved.recipe.name !== record.recipe || resolved.recipe.method !== record.method) {
    throw new InputError(
      `${folder}/recipe.json: expected recipe ${record.recipe} of ${record.method}, as run.json says, got ${resolved.recipe.name} of ${resolved.recipe.method}. Restore the files.`,
    );
  }
  return { ...resolved, record };
}

/** Weights of other programs, at the top of their folders or in one of these. */
const foreignWeights = /\.(?:pt|pth|ckpt|h5|hdf5|keras|pb|tflite|onnx|bin|msgpack|engine)$/i;
const weightFolders = ["weights", "checkpoints", "ckpt", "models"];

/** What a folder without run.json is instead, and what to do about it. */
async function contentOf(platform: Platform, folder: string): Promise<string> {
  const names = await platform.list(folder);
  const inside = async (name: string): Promise<readonly string[]> => {
    const path = `${folder}/${name}`;
    return (await platform.exists(path)) === "folder" ? platform.list(path) : [];
  };
  const runs: string[] = [];
  for (const name of names.slice(0, 200)) if ((await inside(name)).includes("run.json")) runs.push(name);
  if (runs.length > 0)
    return `a folder with ${runs.length === 1 ? "one" : `${runs.length}`} in it. Name ${folder}/${runs[0]}${runs.length > 1 ? " or another" : ""}.`;
  for (const place of ["", ...weightFolders.filter((name) => names.includes(name))]) {
    const weights = (place === "" ? names : await inside(place)).find((name) => foreignWeights.test(name));
    if (weights === undefined) continue;
    return (
      `what another program trained (${place === "" ? "" : `${place}/`}${weights}). ` +
      "Use that program, or train here; tessera import reads published weights of models that tessera has."
    );
  }
  if (names.includes("images") || names.includes("JPEGImages"))
    return "a data set. Name the run first, then the data set.";
  return "a folder without run.json. Name the folder that tessera train wrote.";
}

/** The encoder of a recipe that names one by its ONNX file, so that the name is known. */
async function restoreEncoder(platform: Platform, path: string, recipe: unknown): Promise<void> {
  const named = (recipe as { readonly encoder?: unknown } | null)?.encoder;
  if ((await platform.exists(path)) !== "file") {
    if (!isOnnxEncoder(named)) return;
    throw new InputError(`${path}: expected the file of the encoder ${named}, got none. Restore it.`);
  }
  const { encoder } = await restoreOnnxEncoder(await platform.readFile(path), path);
  if (encoder === named) return;
  throw new InputError(`${path}: expected the encoder ${String(named)}, got ${encoder}. Restore the file.`);
}

export interface OpenOptions extends ReadOptions {
  /** Gets a line for each checkpoint that cannot be used. */
  readonly onDamaged?: (message: string) => void;
  /** Gets a line where weights are used whose training is not at its end. */
  readonly onNote?: (message: string) => void;
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
  if (last < end && !trained.record.from.some((each) => each.stage === "import")) {
    options.onNote?.(
      `${folder} was stopped at step ${last} of ${end}. To end it: tessera train --resume --out ${folder}`,
    );
  }
  const run = withSettings(trained, options.settings, folder);
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
  return trainedModel(named, weightsOf(checkpoint), folder);
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

/** What a run has learned so far, for another run to begin with. Throws InputError as `openRun`, but for whole models. */
export async function openTrained(platform: Platform, folder: string, options: OpenOptions = {}): Promise<Trained> {
  const { run, checkpoint, stage, stages } = await openCheckpoint(platform, folder, options);
  const last = Math.max(...(await listCheckpoints(platform, folder)));
  const end = totalSteps(stages.slice(0, checkpoint.progress.stage + 1));
  // Imported weights have had their training elsewhere.
  if (last < end && !run.record.from.some((each) => each.stage === "import")) {
    options.onNote?.(
      `${folder} was stopped at step ${last}, and its stage ${stage.name} ends at ${end}. To end that first: tessera train DATASET --out ${folder} --resume`,
    );
  }
  const { licence } = run.record;
  const recipe = stage.kind === "training" ? stage.settings : run.recipe;
  return { weights: weightsOf(checkpoint), stage: stage.name, recipe, source: folder, licence };
}

async function openCheckpoint(platform: Platform, folder: string, { onDamaged = () => {}, methods }: OpenOptions) {
  const run = await readRun(platform, folder, { methods });
  const damage: string[] = [];
  const checkpoint = await bestCheckpoint(platform, folder, (message) => damage.push(message));
  if (checkpoint === null) {
    if (damage.length > 0) throw new InputError(damage[0]);
    throw new InputError(
      `${folder}: expected a checkpoint, got a run that has none yet. Train on with: tessera train DATASET --out ${folder} --resume`,
    );
  }
  for (const message of damage) onDamaged(`${message} Using the one of step ${checkpoint.progress.step}.`);
  const stages = stagesOf(run, taskOf(run));
  const stage: Stage | undefined = stages[checkpoint.progress.stage];
  if (stage === undefined) {
    throw new InputError(
      `${folder}: expected a checkpoint of one of the recipe's stages, got stage ${checkpoint.progress.stage}. Restore recipe.json.`,
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

/** Throws InputError with every difference when `wanted` is not the run that is in `folder`. */
export function requireSame(folder: string, known: Run, wanted: Run): void {
  const { unlabelled, labels, from, classes, valueMap } = known.record;
  // A folder that was moved or copied is the same data set.
  const isSame = holdsSame(known.record.dataset, wanted.record.dataset) === true;
  const dataset = isSame ? { ...known.record.dataset, name: wanted.record.dataset.name } : known.record.dataset;
  const lines = [
    ...differences(known.recipe, wanted.recipe).map((line) => `recipe ${line}`),
    ...differences(withoutPath(dataset), withoutPath(wanted.record.dataset)).map((line) => `data set ${line}`),
    ...differences({ unlabelled, labels }, { unlabelled: wanted.record.unlabelled, labels: wanted.record.labels }),
    ...differences({ from: from.map(beginning) }, { from: wanted.record.from.map(beginning) }),
    ...differences(byName(classes), byName(wanted.record.classes)).map((line) => `class ${line}`),
    ...differences(valueMap, wanted.record.valueMap).map((line) => `mask value ${line}`),
  ];
  if (lines.length === 0) return;
  const shown = lines.length > 6 ? [...lines.slice(0, 6), `${lines.length - 6} more`] : lines;
  throw new InputError(
    `${folder}: expected the recipe, data set and classes that the run was started with, got ${shown.join("; ")}. ` +
      `Resume with the same ones, or begin a new run with what it has learned: tessera train DATASET --from ${folder} --out NEW`,
  );
}

/** Writes a run's recipe and record anew: it was made longer, or its data set lies elsewhere or was changed. */
export async function extendRun(platform: Platform, folder: string, { recipe, record }: Run): Promise<void> {
  await platform.writeFile(`${folder}/recipe.json`, `${JSON.stringify(recipe, null, 2)}\n`);
  await platform.writeFile(`${folder}/run.json`, `${JSON.stringify(record, null, 2)}\n`);
}

/** A data set may be reached by another path than at first; its own folder's name stays. */
function withoutPath({
  name,
  samples,
  fingerprint,
}: RunRecord["dataset"]): Omit<RunRecord["dataset"], "contents" | "place"> {
  return { name: lastPart(name).split(" ").at(-1) ?? "", samples, fingerprint };
}

/** Whether two data sets hold the same, wherever they lie; undefined where that is not known. */
export function holdsSame(a: RunRecord["dataset"], b: RunRecord["dataset"]): boolean | undefined {
  return a.contents === undefined || b.contents === undefined ? undefined : a.contents === b.contents;
}

/** What a run began with, for comparing; its path may differ as well. */
function beginning({ source, stage }: RunRecord["from"][number]): string {
  return `${lastPart(source)} after ${stage}`;
}

/** Class name by index, for comparing. */
function byName(classes: readonly ClassInfo[]): Record<string, string> {
  return Object.fromEntries(classes.map(({ name }, index) => [String(index), name]));
}

/** What tells one data set from another: the samples that it consists of. */
export async function fingerprintOf(ids: readonly string[]): Promise<string> {
  return hexDigest(new TextEncoder().encode(ids.join("\n")));
}

async function readJson(platform: Platform, path: string): Promise<unknown> {
  const text = await platform.readText(path);
  try {
    return parseJson(text);
  } catch {
    throw new InputError(
      `${path}: expected JSON, got "${text.slice(0, 30)}". The run folder is damaged; restore the file.`,
    );
  }
}
