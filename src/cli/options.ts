/** Options that several commands share. */

import { parseFraction } from "../data/label-subset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { parseBudget } from "../datasets/captions/bad-pairs.ts";
import { captionFormats } from "../datasets/captions/formats.ts";
import { layouts, type OpenOptions } from "../datasets/index.ts";
import { InputError, UsageError } from "../errors.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import type { ClassWords } from "../text/class-words.ts";
import type { Options, Values } from "./command.ts";

export const engineOptions = {
  device: {
    kind: "text",
    placeholder: "NAME",
    choices: ["cpu", "cuda", "webgpu", "coreml", "dml"],
    help: "where to compute; default cpu",
  },
  threads: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 1,
    maximum: 1024,
    help: "threads that compute; default one for each physical core",
  },
} as const satisfies Options;

/** Of commands that train. */
export const trainingEngineOptions = {
  ...engineOptions,
  replicas: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 1,
    maximum: 64,
    help: "how many batches of a step to compute side by side, at most the recipe's accumulate; they share the threads and each takes memory; default as many as there are threads, if memory allows",
  },
} as const satisfies Options;

export const datasetOptions = {
  layout: {
    kind: "text",
    placeholder: "NAME",
    choices: [...layouts, ...captionFormats].map(({ name }) => name),
    help: "how the data set lies on disk; default: recognized by its folders",
  },
  images: {
    kind: "text",
    placeholder: "FOLDER",
    help: "the folder that holds images/, where the data set has labels alone, or the photographs of a table of captions",
  },
  valFraction: {
    kind: "text",
    placeholder: "SHARE",
    help: "score on this share of train, such as 0.2, where a folder has no split val; the same images for every command",
  },
  badPairs: {
    kind: "text",
    placeholder: "COUNT",
    help: "how many pairs of photograph and caption may be left out as bad: 500, or 2%; default 1%, but 100 always",
  },
  captionCleaning: {
    kind: "text",
    placeholder: "NAME",
    choices: ["yfcc"],
    help: "clean captions as YFCC needs it: addresses decoded, tags stripped, single words dropped",
  },
  onBadImage: {
    kind: "text",
    placeholder: "WHAT",
    choices: ["fail", "skip"],
    help: "what to do about an image or mask that cannot be read; skipped ones are listed in the report; default fail",
  },
} as const satisfies Options;

/** What to segment, for methods that take any words. */
export const classesOptions = {
  classes: {
    kind: "text",
    placeholder: "LIST",
    help: 'what to segment, for models that take any words: "cat, sofa=couch|settee, lamp", or a classes.json',
  },
  classesFile: {
    kind: "text",
    placeholder: "FILE",
    help: 'the same as a text file with one a line: "sofa=couch, settee"',
  },
} as const satisfies Options;

/**
 * The classes of `--classes`: a classes.json, or names with commas between, each with other words for it after `=`, and
 * `|` between those (`parseClassWords`); or of the lines, or the classes.json, of `--classes-file`. Undefined where there are none. Throws
 * UsageError or InputError. onNote gets a line where commas may have been meant otherwise.
 */
export async function classesFrom(
  platform: Pick<Platform, "exists" | "readText">,
  text: string | undefined,
  file?: string,
  onNote?: (line: string) => void,
): Promise<readonly ClassInfo[] | undefined> {
  if (text === undefined && file === undefined) return undefined;
  if (text !== undefined && file !== undefined) {
    throw new UsageError("--classes-file: expected classes in one place, got --classes too. Leave one of them out.");
  }
  const { commaNote, parseClassLines, parseClassWords } = await import("../text/class-words.ts");
  if (file !== undefined) {
    const content = await platform.readText(file);
    // A classes.json is no list of lines, whatever it is called.
    if (/\.json$/i.test(file) || content.trimStart().startsWith("{")) return classList(content, file);
    const lines = parseClassLines(content);
    if (typeof lines !== "string") return withColors(lines);
    throw new InputError(`${file}: expected names, one a line, got ${lines}. Write lines such as sofa=couch, settee.`);
  }
  const list = text as string;
  // A file that is called as a class is not meant, and a long list is no path.
  const pieces = list.split(/[\\/]/);
  const isPath = pieces.length > 1 && pieces.every((piece) => piece.length < 256) && list.length < 1024;
  if (/\.json$/i.test(list) || (isPath && (await platform.exists(list)) === "file")) {
    if ((await platform.exists(list)) !== "file") {
      throw new InputError(`${list}: expected a classes.json, got no such file. Check the path.`);
    }
    return classList(await platform.readText(list), list);
  }
  const classes = parseClassWords(list);
  if (typeof classes !== "string") {
    const note = commaNote(list);
    if (note !== null) onNote?.(`--classes: ${note}`);
    return withColors(classes);
  }
  throw new UsageError(
    `--classes: expected names with commas between, each once, got ${classes}. Write "cat, sofa=couch|settee".`,
  );
}

async function classList(text: string, file: string): Promise<readonly ClassInfo[]> {
  const { parseClassList } = await import("../datasets/classes-file.ts");
  return parseClassList(text, file).classes;
}

async function withColors(classes: readonly ClassWords[]): Promise<readonly ClassInfo[]> {
  const { distinctColors } = await import("../image/palette.ts");
  const colors = distinctColors(classes.length);
  return classes.map((each, index) => {
    // No words stand for what is none of the others.
    const isBackground = each.name.toLowerCase() === "background";
    return isBackground ? { name: each.name, color: [0, 0, 0], background: true } : { ...each, color: colors[index] };
  });
}

/** How large a run sees its images. */
export const sizeOptions = {
  shortSide: {
    kind: "number",
    placeholder: "PIXELS",
    integer: true,
    minimum: 0,
    maximum: 65_536,
    help: "make larger images smaller, to this many pixels of the shorter side; 0: never; default: by the data set",
  },
} as const satisfies Options;

/** How many of the labels are used. */
export const labelOptions = {
  labelFraction: {
    kind: "text",
    placeholder: "SHARE",
    help: "use the labels of this share of the training images, such as 1/8 or 12.5%; the others count as unlabelled",
  },
  labelCount: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 1,
    help: "the same by their number",
  },
  labelSeed: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 0,
    help: "which images those are; for one seed smaller shares lie inside larger ones; default 0",
  },
} as const satisfies Options;

/** Throws UsageError. Null where all labels are used. */
export async function labelsToKeep({
  labelFraction,
  labelCount,
  labelSeed,
}: Values<typeof labelOptions>): Promise<{ readonly count: number } | { readonly fraction: number } | null> {
  if (labelFraction !== undefined && labelCount !== undefined) {
    throw new UsageError("--label-fraction and --label-count say the same thing, got both. Leave one out.");
  }
  if (labelCount !== undefined) return { count: labelCount };
  if (labelFraction === undefined && labelSeed !== undefined) {
    throw new UsageError(
      "--label-seed says which labels are used, got no share or number of them. Add --label-fraction or --label-count.",
    );
  }
  if (labelFraction === undefined) return null;
  return { fraction: parseFraction(labelFraction) };
}

/** `engineFor` training: it computes batches of a step side by side, where the recipe has several. */
export async function trainingEngineFor(
  options: Values<typeof engineOptions> & Partial<Values<typeof trainingEngineOptions>>,
  resolved: ResolvedRecipe,
  classes: readonly ClassInfo[],
): Promise<Engine> {
  const { device = "cpu" } = options;
  const [{ physicalCores, usableMemory }, { replicasFor }] = await Promise.all([
    import("../runtime/open.ts"),
    import("../training/replicas.ts"),
  ]);
  const { threads = physicalCores() } = options;
  const fitting = () => replicasFor(resolved, classes, { threads, memoryBytes: usableMemory() });
  return engineFor({ ...options, replicas: options.replicas ?? (device === "cpu" ? fitting() : 1) });
}

/**
 * The engine that the options ask for. A device other than the CPU is tried at once, before anything is written:
 * throws InputError where it cannot be had.
 */
export async function engineFor({
  device,
  threads,
  replicas,
}: Values<typeof engineOptions> & Partial<Values<typeof trainingEngineOptions>>): Promise<Engine> {
  if (device !== undefined && device !== "cpu") {
    const { problemOf } = await import("./devices.ts");
    const problem = await problemOf(device as Engine["device"]);
    if (problem !== null) throw new InputError(problem);
  }
  const { openEngine } = await import("../runtime/open.ts");
  return openEngine({
    ...(device !== undefined && { device: device as Engine["device"] }),
    ...(threads !== undefined && { threads }),
    ...(replicas !== undefined && { replicas }),
  });
}

/** How the data set lies on disk, as the user said. Throws UsageError for a number of bad pairs, or a share, that is none. */
export function placeOf({
  layout,
  images,
  valFraction,
  badPairs,
  captionCleaning,
}: Pick<Values<typeof datasetOptions>, "layout" | "images"> &
  Partial<Pick<Values<typeof datasetOptions>, "badPairs" | "captionCleaning" | "valFraction">>): Pick<
  OpenOptions,
  "layout" | "images" | "badPairs" | "captionCleaning" | "valFraction"
> {
  const share = valFraction === undefined ? undefined : parseFraction(valFraction);
  if (share === 1) throw new UsageError('--val-fraction: expected a share below 1, got "1". Write 0.2 or 20%.');
  return {
    ...(layout !== undefined && { layout }),
    ...(images !== undefined && { images }),
    ...(share !== undefined && { valFraction: share }),
    ...(badPairs !== undefined && { badPairs: parseBudget(badPairs) }),
    ...(captionCleaning === "yfcc" && { captionCleaning }),
  };
}

/** `fail` unless the user asked to skip. */
export function badImagePolicy({ onBadImage }: Pick<Values<typeof datasetOptions>, "onBadImage">): "fail" | "skip" {
  return onBadImage === "skip" ? "skip" : "fail";
}
