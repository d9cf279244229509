/** Published weights as a run folder: what training can begin with and, where they are of a whole model, prediction. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { chooseWeights, holdsWeights, isIndex, shardsOf } from "../hub/choose.ts";
import { IGNORE } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import { requireImported } from "../methods/check-method.ts";
import { methods } from "../methods/index.ts";
import type { Imported, ImportOptions, Method } from "../methods/method.ts";
import { applySetting, checkRecipe, keyOf } from "../methods/resolve-recipe.ts";
import { predictionParameters, stagesOf, trainingModel } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { version } from "../version.ts";
import { checkpointIndex } from "../weights/checkpoint-path.ts";
import { openWeights, type WeightFile } from "../weights/read-weights.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { createRun, fingerprintOf, type Run, stateOf } from "./run.ts";
import { runFormat } from "./run-record.ts";

export interface ImportRunOptions extends Omit<ImportOptions, "beside"> {
  readonly platform: Platform;
  /**
   * Together the weights of one network; a folder stands for those in it. The JSON files that Hugging Face's libraries keep in a
   * folder of weights are read where they lie beside the first.
   */
  readonly files: readonly string[];
  /** Who may know them; default: our own methods. */
  readonly methods?: readonly Method[];
  /** New or empty. */
  readonly folder: string;
  /** What the file does not tell: `heads=8`, `normGroups=16`. */
  readonly settings: readonly string[];
  /** Names of the head's classes; default `class 0`, `class 1` … */
  readonly classes: readonly ClassInfo[] | null;
  readonly licence: string;
}

export interface ImportedRun extends Run {
  readonly folder: string;
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

/**
 * Reads files of published weights and writes a run folder. Throws InputError where no method knows them, parts of
 * their network are missing, or the folder is not empty; then nothing is written.
 */
export async function importRun(options: ImportRunOptions): Promise<ImportedRun> {
  const { platform, folder, settings, licence, methods: list = methods } = options;
  if ((await stateOf(platform, folder)) !== "new") {
    throw new InputError(`${folder}: expected an empty folder for the run, got other files. Choose another --out.`);
  }
  const files = (await Promise.all(options.files.map((each) => weightsIn(platform, each)))).flat();
  const file = options.files.join(", ");
  const read: WeightFile[] = [];
  const sums: string[] = [];
  for (const each of files) {
    sums.push(await platform.shared.hashFile(each, "sha256"));
    read.push(await openWeights(platform, each));
  }
  const beside = await besideOf(platform, files[0]);
  const { method, imported } = importedBy(read, { patchOnly: options.patchOnly, beside }, list);
  const recipe = settings.reduce(applySetting, imported.recipe);
  const untold = imported.untold.find((key) => !settings.map(keyOf).includes(key));
  if (untold !== undefined) {
    throw new InputError(
      `${file}: expected a network of the published widths, got another, whose ${untold} the file does not tell. Add --set ${untold}=N.`,
    );
  }
  checkRecipe(method, recipe);
  const classes = classesOf(imported.outputs, options.classes, file);
  // Where there is no head, one class stands in for those that nobody knows yet.
  const task = { classes: classes.length > 0 ? classes : unnamed(1), frequencies: [] };
  const [stage] = stagesOf({ method, recipe }, task);
  if (stage.kind === "pass") throw new Error(`${method.name}: an imported recipe must begin with training.`);
  const { cropHeight, cropWidth } = stage.settings;
  const window = [cropHeight, cropWidth] as const;
  const needed = predictionParameters({ method, recipe }, task, window);
  const declared = trainingModel(stage).model.parameters;
  const isWhole = [...needed.keys()].every((name) => declared.has(name));
  const parts = requireParts(isWhole, declared, imported.weights, file);
  const record = {
    ...{ format: runFormat, version, method: method.name, recipe: recipe.name },
    dataset: {
      name: `import ${file}`,
      samples: 0,
      fingerprint: sums.length === 1 ? sums[0] : await fingerprintOf(sums),
    },
    ...{ unlabelled: null, labels: null, from: [{ source: file, stage: "import" }], classes, frequencies: [] },
    valueMap: Object.fromEntries(classes.map((_, index) => [String(index), index])),
    ...{ window, shortSide: Math.min(cropHeight, cropWidth), licence },
  };
  const run: Run = { method, recipe, record };
  const progress = { step: 0, stage: 0, stageStep: 0, window: { count: 0, sums: {} }, score: null };
  try {
    const weights = { ...imported.kept, ...imported.weights };
    await writeCheckpoint(platform, folder, { progress, tensors: { weights } }, { keep: 1 });
    await createRun(platform, folder, run);
  } catch (error) {
    // Half a run would be in the way of the next try.
    for (const name of ["checkpoints", "recipe.json"]) await platform.remove(`${folder}/${name}`).catch(() => {});
    throw error;
  }
  const parameters = Object.values(imported.weights).reduce((sum, { data }) => sum + data.length, 0);
  // Where classes are named when predicting, there is no head for them.
  const whole = isWhole && (imported.outputs !== null || method.vocabulary === "open");
  return { ...run, folder, stage: stage.name, whole, parts, parameters, notes: imported.notes ?? [] };
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
  throw new InputError(
    files.length > 1
      ? `${files.map(({ where }) => where).join(", ")}: expected files that together are the weights of one network, got others. Import them one by one.`
      : `${files[0].where}: expected weights that a method can use, got ${files[0].kind} with names such as ${Object.keys(files[0].tensors)[0] ?? "none"}. See the README for the files that are read.`,
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
  const partOf = (name: string) => name.split(".")[0];
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
