/** Published weights read as a run that was never written: what training can begin with and, where they are of a whole model, prediction. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { encoderNamedBy } from "../backbones/published.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { chooseWeights, holdsWeights, isIndex, shardsOf } from "../hub/choose.ts";
import { notStated } from "../hub/licence.ts";
import { IGNORE } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import { requireImported } from "../methods/check-method.ts";
import { methods } from "../methods/index.ts";
import type { Imported, ImportOptions, Method, ResolvedRecipe, Task } from "../methods/method.ts";
import { applySetting, checkRecipe, keyOf } from "../methods/resolve-recipe.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { anyTask, predictionParameters, stagesOf, trainingModel } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrainedModel } from "../prediction/model.ts";
import { version } from "../version.ts";
import { checkpointIndex } from "../weights/checkpoint-path.ts";
import { openWeights, type WeightFile } from "../weights/read-weights.ts";
import {
  askedOf,
  type OpenRunOptions,
  requirePredictionFields,
  settingsSuiting,
  tellNotes,
  trainedModel,
} from "./open-run.ts";
import { fingerprintOf, type Run } from "./run.ts";
import { runFormat } from "./run-record.ts";

export interface PublishedOptions extends Omit<ImportOptions, "beside"> {
  readonly platform: Platform;
  /**
   * Together the weights of one network; a folder stands for those in it. The JSON files that Hugging Face's libraries keep in a
   * folder of weights are read where they lie beside the first.
   */
  readonly files: readonly string[];
  /** Who may know them; default: our own methods. */
  readonly methods?: readonly Method[] | undefined;
  /** What the file does not tell: `heads=8`, `normGroups=16`. */
  readonly settings: readonly string[];
  /** Names of the head's classes; default `class 0`, `class 1` … */
  readonly classes: readonly ClassInfo[] | null;
  /** Of the weights. Default: what is stated, and what the method knows of these files. */
  readonly licence?: string | undefined;
  /** What the card of the model says of its licence. Default: there is none. */
  readonly stated?: string | undefined;
}

export interface PublishedRun extends Run {
  /** Of the network, and what is kept beside them. */
  readonly weights: Named<NdArray>;
  /** The stage that the weights have behind them. */
  readonly stage: string;
  /** True where the run predicts as it is. */
  readonly whole: boolean;
  /** Parts of the network that the file has. */
  readonly parts: readonly string[];
  readonly parameters: number;
  /** Lines for the user: what of the files is not used. */
  readonly notes: readonly string[];
}

/** What may lie in the folder of published weights and says what they are of. */
const companions = ["config.json", "preprocessor_config.json"];

/** Longer ones are something else. */
const longestCompanion = 2 ** 20;

/** Throws InputError where no method knows the files, or parts of their network are missing. */
export async function readPublished(options: PublishedOptions): Promise<PublishedRun> {
  return described(options, await importedFrom(options));
}

/** Options of `openPublished`. */
export interface OpenPublishedOptions
  extends Pick<PublishedOptions, "platform" | "files" | "methods" | "licence" | "stated">,
    Pick<OpenRunOptions, "classes" | "otherwise" | "background" | "settings" | "dataset" | "wordless"> {
  /** What messages call them. Default: their paths. */
  readonly source?: string;
  /** Gets a line for what of the files is not used, and what is to be known of them. */
  readonly onNote?: (message: string) => void;
}

/**
 * What such files predict with, without a run. settings: fields that matter for prediction alone, and what the files do not tell.
 * Throws InputError as `readPublished`, and where they are of no whole model.
 */
export async function openPublished(asked: OpenPublishedOptions): Promise<TrainedModel> {
  const { settings = [], onNote } = asked;
  const found = await importedFrom({ ...asked, settings, patchOnly: false, classes: null });
  const file = asked.source ?? asked.files.join(", ");
  requirePredictionFields(found.method, settings, file, found.imported.untold);
  const changed = { method: found.method, recipe: settings.reduce(applySetting, found.imported.recipe) };
  const options = { ...asked, settings: [...settings, ...settingsSuiting(changed, asked, file)], patchOnly: false };
  const isOpen = found.method.vocabulary === "open";
  // Of a closed vocabulary the head's outputs have an order, which the names have to follow.
  const run = await described({ ...options, classes: isOpen ? null : (asked.classes ?? null) }, found);
  for (const note of run.notes) onNote?.(note);
  if (!run.whole) {
    const remedy = `Train it on with: tessera import ${file} --out RUN, and tessera train DATASET --from RUN --out NEW`;
    throw new InputError(
      `${file}: expected weights of a model that predicts, got ${run.parts.join(", ")} alone. ${remedy}`,
    );
  }
  const named = isOpen ? askedOf(run, asked, file) : run;
  tellNotes(named, onNote, file);
  return trainedModel(named, run.weights, file);
}

/** What the files are of, before any setting. */
async function importedFrom(options: PublishedOptions) {
  const { platform, methods: list = methods } = options;
  const files = (await Promise.all(options.files.map((each) => weightsIn(platform, each)))).flat();
  const read: WeightFile[] = [];
  const sums: string[] = [];
  for (const each of files) {
    sums.push(await platform.shared.hashFile(each, "sha256"));
    read.push(await openWeights(platform, each));
  }
  const beside = await besideOf(platform, files[0]);
  const { method, imported } = importedBy(read, { patchOnly: options.patchOnly, beside }, list);
  const fingerprint = sums.length === 1 ? sums[0] : await fingerprintOf(sums);
  return { method, imported, fingerprint };
}

async function described(
  options: PublishedOptions,
  { method, imported, fingerprint }: Awaited<ReturnType<typeof importedFrom>>,
): Promise<PublishedRun> {
  const { settings } = options;
  const file = options.files.join(", ");
  const licence = options.licence ?? licenceOf(options.stated, imported.licence);
  const recipe = settings.reduce(applySetting, imported.recipe);
  const untold = imported.untold.find((key) => !settings.map(keyOf).includes(key));
  if (untold !== undefined) {
    throw new InputError(
      `${file}: expected a network of the published widths, got another, whose ${untold} the file does not tell. Add --set ${untold}=N.`,
    );
  }
  checkRecipe(method, recipe);
  await method.ready?.();
  const classes = classesOf(imported.outputs, options.classes ?? imported.classes ?? null, file);
  // Where there is no head, one class stands in for those that nobody knows yet.
  const task = classes.length > 0 ? { classes, frequencies: [] } : anyTask;
  const stage = stageOf({ method, recipe }, task, Object.keys(imported.weights));
  const { cropHeight, cropWidth } = stage.settings;
  const window = [cropHeight, cropWidth] as const;
  const needed = predictionParameters({ method, recipe }, task, window);
  // Beside the first stage's, what predicts and is given: a part that a later stage trains.
  const given = new Set(Object.keys(imported.weights).map(partOf));
  const further = [...needed].filter(([name]) => given.has(partOf(name)));
  const declared = new Map([...trainingModel(stage).model.parameters, ...further]);
  const isWhole = !imported.partial && [...needed.keys()].every((name) => declared.has(name));
  const parts = requireParts(isWhole, declared, imported.weights, file);
  const record = {
    ...{ format: runFormat, version, method: method.name, recipe: recipe.name },
    dataset: {
      name: `import ${file}`,
      samples: 0,
      fingerprint,
    },
    ...{ unlabelled: null, labels: null, from: [{ source: file, stage: "import" }], classes, frequencies: [] },
    valueMap: Object.fromEntries(classes.map((_, index) => [String(index), index])),
    ...{ window, shortSide: Math.min(cropHeight, cropWidth), licence },
  };
  const parameters = Object.values(imported.weights).reduce((sum, { data }) => sum + data.length, 0);
  const weights = { ...imported.kept, ...imported.weights };
  // Where classes are named when predicting, there is no head for them.
  const whole = isWhole && (imported.outputs !== null || method.vocabulary === "open");
  const notes = imported.notes ?? [];
  return { method, recipe, record, weights, stage: stage.name, whole, parts, parameters, notes };
}

/** The stage that such weights have behind them: the first, unless it trains none of their parts and a later one does. */
function stageOf(resolved: ResolvedRecipe, task: Task, names: readonly string[]): TrainingStage {
  const [first, ...later] = stagesOf(resolved, task);
  if (first.kind === "pass") throw new Error(`${resolved.method.name}: an imported recipe must begin with training.`);
  const given = new Set(names.map(partOf));
  const trains = (stage: TrainingStage) =>
    [...trainingModel(stage).model.parameters.keys()].some((name) => given.has(partOf(name)));
  return [first, ...later.filter((stage) => stage.kind === "training")].find(trains) ?? first;
}

/** A card that says nothing gives way to what is known. */
function licenceOf(stated: string | undefined, known: string | undefined): string {
  const isSaid = stated !== undefined && (known === undefined || !stated.startsWith(notStated));
  return [...(isSaid ? [stated] : []), ...(known === undefined ? [] : [known])].join("; ") || notStated;
}

/** The files of weights in a folder, chosen by their usual names; the index of a TensorFlow checkpoint; another path is itself. */
async function weightsIn(platform: Platform, path: string): Promise<string[]> {
  const names = (await platform.exists(path)) === "folder" ? await platform.list(path) : [];
  const index = names.some(holdsWeights) ? null : await checkpointIndex(platform, path);
  if (index !== null) return [index];
  if ((await platform.exists(path)) !== "folder") return [path];
  const chosen = chooseWeights(names, null, path);
  const shards = isIndex(chosen) ? shardsOf(await platform.readText(`${path}/${chosen}`), chosen, path) : [chosen];
  return shards.map((name) => `${path.replace(/[\\/]+$/, "")}/${name}`);
}

/** Texts of the JSON files beside a file of weights, by name. */
async function besideOf(platform: Platform, file: string | undefined): Promise<Record<string, string>> {
  if (file === undefined) return {};
  const folder = file.slice(0, Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  const texts: Record<string, string> = {};
  for (const name of companions) {
    if ((await platform.exists(folder + name)) !== "file") continue;
    const text = await platform.readText(folder + name);
    if (text.length <= longestCompanion) texts[name] = text;
  }
  return texts;
}

function importedBy(
  files: readonly WeightFile[],
  options: ImportOptions,
  list: readonly Method[],
): { method: Method; imported: Imported } {
  // Ours take every file of a kind for theirs, so methods of others are asked first.
  const others = list.filter((method) => !methods.includes(method));
  for (const method of new Set([...others, ...list])) {
    const imported = method.imports?.(files, options) ?? null;
    if (imported === null) continue;
    requireImported(imported, `method ${method.name}`);
    return { method, imported };
  }
  const [{ where, kind, tensors }] = files;
  const encoder = files.length > 1 ? null : encoderNamedBy(tensors);
  if (encoder !== null) {
    throw new InputError(
      `${where}: expected weights of a whole network, got names of an encoder (${encoder.name}, ${encoder.library}), which needs no import. Write: tessera train DATASET --recipe NAME --encoder ${where} --out RUN`,
    );
  }
  const tried = list.filter((method) => method.imports !== undefined).map(({ name }) => name);
  throw new InputError(
    files.length > 1
      ? `${files.map(({ where }) => where).join(", ")}: expected files that together are the weights of one network, got others. Import them one by one.`
      : `${where}: expected weights that a method can use (asked: ${tried.join(", ")}), got ${kind} with names such as ${Object.keys(tensors)[0] ?? "none"}. See the README for the files that are read.`,
  );
}

function classesOf(outputs: number | null, named: readonly ClassInfo[] | null, file: string): readonly ClassInfo[] {
  if (outputs === null && named !== null) {
    throw new InputError(`${file}: expected a head with a class for each name, got no head. Leave --classes out.`);
  }
  if (outputs === null) return [];
  if (outputs < 1 || outputs > IGNORE) {
    throw new InputError(
      `${file}: expected a head with 1 to ${IGNORE} outputs, one for each class, got ${outputs}. The file is damaged, or no network for segmentation.`,
    );
  }
  if (named === null) return unnamed(outputs);
  if (named.length === outputs) return named;
  throw new InputError(
    `${file}: expected ${outputs} classes, as its head has outputs, got ${named.length} in the list. Correct the list.`,
  );
}

function unnamed(count: number): ClassInfo[] {
  return distinctColors(count).map((color, index) => ({ name: `class ${index}`, color }));
}

const partOf = (name: string) => name.split(".")[0];

/**
 * The parts that the file has. Each must be all there, in the shapes of the network that its settings describe; a whole
 * model needs all parts but the head.
 */
function requireParts(
  whole: boolean,
  parameters: ReadonlyMap<string, { readonly tensor: { readonly shape: readonly number[] } }>,
  weights: Named<NdArray>,
  file: string,
): string[] {
  const given = [...new Set(Object.keys(weights).map(partOf))];
  for (const [name, { tensor }] of parameters) {
    const found = weights[name];
    if (found === undefined ? !given.includes(partOf(name)) && !whole : sameShape(found.shape, tensor.shape)) continue;
    if (found === undefined && partOf(name) === "head") continue;
    throw new InputError(
      `${file}: expected ${name} of shape ${show(tensor.shape)}, got ${found === undefined ? "none" : show(found.shape)}. The file is not whole, or of a network that --set has to describe.`,
    );
  }
  const foreign = Object.keys(weights).find((name) => !parameters.has(name));
  if (foreign !== undefined) {
    throw new InputError(
      `${file}: expected weights of the network alone, got ${foreign}. It is another network's file.`,
    );
  }
  return given;
}
