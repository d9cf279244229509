/** A run folder: what was asked for (recipe.json), what it learns from (run.json), and what came of it. */

import { hexDigest } from "../array/digest.ts";
import { isOnnxEncoder, restoreOnnxEncoder } from "../backbones/onnx-file.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import { differences, recipeFrom } from "../methods/resolve-recipe.ts";
import { encoderFileOf } from "../networks/network.ts";
import { lastPart } from "../platform/join-path.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
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
