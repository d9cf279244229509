/** Published weights as a run folder: what training can begin with and, where they are of a whole model, prediction. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import { methods } from "../methods/index.ts";
import type { Imported, ImportOptions, Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import { version } from "../version.ts";
import { readWeights, type WeightFile } from "../weights/read-weights.ts";
import { sha256, writeCheckpoint } from "./checkpoint.ts";
import { applySetting, checkRecipe } from "../methods/resolve-recipe.ts";
import { createRun, type Run, stateOf } from "./run.ts";
import { runFormat } from "./run-record.ts";
import { modelOf, plan } from "../methods/stages.ts";

export interface ImportRunOptions extends ImportOptions {
  readonly platform: Platform;
  readonly file: string;
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
}

/**
 * Reads a file of published weights and writes a run folder. Throws InputError where no method knows the file, parts of
 * its network are missing, or the folder is not empty; then nothing is written.
 */
export async function importRun(options: ImportRunOptions): Promise<ImportedRun> {
  const { platform, file, folder, settings, licence } = options;
  if ((await stateOf(platform, folder)) !== "new") {
    throw new InputError(`${folder}: expected an empty folder for the run, got other files. Choose another --out.`);
  }
  const bytes = await platform.readFile(file);
  const read = await readWeights(bytes, file);
  const { method, imported } = importedBy(read, options);
  const recipe = settings.reduce(applySetting, imported.recipe);
  const untold = imported.untold.find((key) => !settings.some((setting) => setting.startsWith(`${key}=`)));
  if (untold !== undefined) {
    throw new InputError(
      `${file}: expected a network of the published widths, got another, whose ${untold} the file does not tell. Add --set ${untold}=N.`,
    );
  }
  checkRecipe(method, recipe);
  const [planned] = plan({ method, recipe });
  const classes = classesOf(imported.outputs, options.classes, file);
  // Where there is no head, one class stands in for those that nobody knows yet.
  const task = { classes: classes.length > 0 ? classes : unnamed(1), frequencies: [] };
  const parts = requireParts(planned.stage.whole, modelOf(planned, task).model.parameters, imported.weights, file);
  const { cropHeight, cropWidth } = planned.recipe;
  const record = {
    ...{ format: runFormat, version, method: method.name, recipe: recipe.name },
    dataset: { name: `import ${file}`, samples: 0, fingerprint: await sha256(bytes) },
    ...{ unlabelled: null, labels: null, from: { source: file, stage: "import" }, classes, frequencies: [] },
    valueMap: Object.fromEntries(classes.map((_, index) => [String(index), index])),
    ...{ window: [cropHeight, cropWidth] as const, shortSide: Math.min(cropHeight, cropWidth), licence },
  };
  const run: Run = { method, recipe, record };
  const progress = { step: 0, stage: 0, stageStep: 0, window: { count: 0, sums: {} }, score: null };
  try {
    await writeCheckpoint(platform, folder, { progress, tensors: { weights: imported.weights } }, { keep: 1 });
    await createRun(platform, folder, run);
  } catch (error) {
    // Half a run would be in the way of the next try.
    for (const name of ["checkpoints", "recipe.json"]) await platform.remove(`${folder}/${name}`).catch(() => {});
    throw error;
  }
  const parameters = Object.values(imported.weights).reduce((sum, { data }) => sum + data.length, 0);
  const whole = planned.stage.whole && imported.outputs !== null;
  return { ...run, folder, stage: planned.stage.name, whole, parts, parameters };
}

function importedBy(file: WeightFile, options: ImportOptions): { method: Method; imported: Imported } {
  for (const method of methods) {
    const imported = method.imports?.(file, options) ?? null;
    if (imported !== null) return { method, imported };
  }
  throw new InputError(
    `${file.where}: expected weights that a method can use, got ${file.kind} with names such as ${Object.keys(file.tensors)[0] ?? "none"}. See the README for the files that are read.`,
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
