/**
 * Published files of a GroupViT: the authors' checkpoints (`.pth`), and directories of the port to Hugging Face's transformers
 * (`config.json`, `model.safetensors`, `preprocessor_config.json`).
 */
import { fromNumbers, type Named, type NdArray } from "../../array/ndarray.ts";
import { InputError, listed, problem } from "../../errors.ts";
import { floats } from "../../weights/floats.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported, ImportOptions } from "../method.ts";
import type { Recipe } from "../recipe.ts";
import { type FoundSettings, headsBy, settingsFrom } from "./found-settings.ts";
import { settingsFromConfig } from "./port-config.ts";
import { type PortPreparation, preparationFrom, usualPreparation } from "./port-preparation.ts";
import { isPositionIds, ourPortName } from "./port-weights.ts";
import { type GroupViTSettings, publishedGroupViT } from "./settings.ts";
import { ourNames, ourWeights } from "./weights.ts";
import { counterNames, mostNamed, type PublishedGroupViT, wholeOf } from "./whole-weights.ts";

export interface ReadGroupViT extends PublishedGroupViT {
  readonly counters: Named<NdArray>;
  readonly form: "official" | "hf";
  /** Settings that the files do not tell; they are 1 until somebody sets them. */
  readonly untold: readonly ("heads" | "textHeads")[];
  /** How the port scales and normalizes pictures; of the official form there is no such file. */
  readonly preparation: PortPreparation | null;
  /** Lines for the user: what is in the files, but not used. */
  readonly notes: readonly string[];
}

/**
 * The GroupViT that files are of, safetensors in parts included; null where they are of another network.
 *
 * beside: texts of the JSON files in the directory of the weights, by name: `config.json`, `preprocessor_config.json`. Throws InputError
 * for files that are damaged, not whole, or do not go together; tensors that the network does not have are left out and told.
 */
export function readGroupViT(files: readonly WeightFile[], beside: Named<string> = {}): ReadGroupViT | null {
  const names = files.flatMap(({ tensors }) => Object.keys(tensors));
  const isOfficial = names.some((name) => name.startsWith("img_encoder."));
  const isPort = names.some((name) => name.startsWith("vision_model.encoder.stages."));
  if (isOfficial === isPort) return null;
  const where = files.map((file) => file.where).join(", ");
  const tensors = together(files);
  const { known, unused } = isOfficial ? knownOfficial(tensors) : knownPort(tensors);
  const weights: Record<string, NdArray> = {};
  const counters: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(isOfficial ? ourWeights(known, where) : underOurNames(known))) {
    if (!counterNames.includes(name)) weights[name] = floats(array, name, where);
  }
  for (const name of counterNames) counters[name] = counterOf(tensors, name);

  const found = settingsFrom(weights, where);
  const configured = beside["config.json"];
  const heads = headsBy(found);
  const told =
    isPort && configured !== undefined
      ? settingsFromConfig(configured, found, besideOf(files, "config.json"))
      : heads.settings;
  const settings = { ...settingsOf(found, weights), ...told };
  const prepared = beside["preprocessor_config.json"];
  const preparation =
    prepared === undefined
      ? usualPreparation(found.imageSize)
      : preparationFrom(prepared, found.imageSize, besideOf(files, "preprocessor_config.json"));
  const used = wholeOf(weights, settings, where);
  return {
    form: isOfficial ? "official" : "hf",
    ...{ settings, weights: used.weights, counters },
    untold: told === heads.settings ? heads.untold : [],
    preparation: isOfficial ? null : preparation,
    notes: notesOf([...unused, ...used.unused], where),
  };
}

/** The tensors of all files. */
function together(files: readonly WeightFile[]): Record<string, NdArray> {
  const tensors: Record<string, NdArray> = {};
  for (const file of files) {
    for (const [name, array] of Object.entries(file.tensors)) {
      if (Object.hasOwn(tensors, name)) {
        const remedy = "Name the parts of one model.";
        throw new InputError(problem(file.where, "expected tensors that no other file has", name, remedy));
      }
      tensors[name] = array;
    }
  }
  return tensors;
}

interface Sorted {
  readonly known: Record<string, NdArray>;
  readonly unused: readonly string[];
}

function sorted(
  tensors: Named<NdArray>,
  isKnown: (name: string) => boolean,
  isSilent: (name: string) => boolean,
): Sorted {
  const entries = Object.entries(tensors);
  return {
    known: Object.fromEntries(entries.filter(([name]) => isKnown(name))),
    unused: entries.flatMap(([name]) => (isKnown(name) || isSilent(name) ? [] : [name])),
  };
}

function knownOfficial(tensors: Named<NdArray>): Sorted {
  return sorted(
    tensors,
    (name) => ourNames(name).length > 0,
    () => false,
  );
}

function knownPort(tensors: Named<NdArray>): Sorted {
  return sorted(tensors, (name) => ourPortName(name) !== undefined, isPositionIds);
}

function underOurNames(tensors: Named<NdArray>): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(tensors).map(([name, array]) => [ourPortName(name)!, array]));
}

/** A counter of a file in either form, or 0 where it has none. */
function counterOf(tensors: Named<NdArray>, counter: string): NdArray {
  const found = Object.entries(tensors).find(
    ([name]) => ourPortName(name) === counter || ourNames(name).includes(counter),
  );
  if (found === undefined) return fromNumbers("int64", [], [0]);
  const [, array] = found;
  return array.dtype === "int64" ? array : fromNumbers("int64", [], [Number(array.data[0])]);
}

function settingsOf(found: FoundSettings, weights: Named<NdArray>): GroupViTSettings {
  return {
    ...publishedGroupViT,
    ...found,
    heads: [],
    // A scale of its own is there where the loss was.
    prompts: weights.multiLabelScale === undefined ? 0 : publishedGroupViT.prompts,
    sharedTemperature: false,
    position: "learned",
  };
}

function notesOf(unused: readonly string[], where: string): string[] {
  if (unused.length === 0) return [];
  return [`${where}: not used, since a GroupViT has nothing like it: ${listed(unused, mostNamed)}.`];
}

/** What messages call a file beside the weights. */
function besideOf([{ where }]: readonly WeightFile[], name: string): string {
  const end = Math.max(where.lastIndexOf("/"), where.lastIndexOf("\\")) + 1;
  return `${where.slice(0, end)}${name}`;
}

/**
 * What `imports` of a method gives for such files. recipeOf: the method's recipe for what was read, which knows more fields than the
 * network has; settings that nobody told are then asked for.
 */
export function importedGroupViT<R extends Recipe>(
  files: readonly WeightFile[],
  { beside }: ImportOptions,
  recipeOf: (read: ReadGroupViT) => R,
): Imported<R> | null {
  const read = readGroupViT(files, beside);
  if (read === null) return null;
  const { weights, counters, untold, notes } = read;
  return { recipe: recipeOf(read), weights, kept: counters, outputs: null, untold, notes };
}
