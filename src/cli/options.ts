/** Options that several commands share. */
import type { ClassInfo } from "../data/sample.ts";
import { layouts } from "../datasets/index.ts";
import { InputError, UsageError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
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

export const datasetOptions = {
  layout: {
    kind: "text",
    placeholder: "NAME",
    choices: layouts.map(({ name }) => name),
    help: "how the data set lies on disk; default: recognized by its folders",
  },
  images: {
    kind: "text",
    placeholder: "FOLDER",
    help: "the folder that holds images/, where the data set has labels alone",
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
} as const satisfies Options;

/**
 * The classes of `--classes`: a classes.json, or names with commas between, each with other words for it after `=`, and
 * `|` between those. Undefined where there are none. Throws UsageError or InputError.
 */
export async function classesFrom(
  platform: Pick<Platform, "exists" | "readText">,
  text: string | undefined,
): Promise<readonly ClassInfo[] | undefined> {
  if (text === undefined) return undefined;
  const { parseClassList } = await import("../datasets/classes-file.ts");
  // A file that is called as a class is not meant, and a long list is no path.
  const pieces = text.split(/[\\/]/);
  const isPath = pieces.length > 1 && pieces.every((piece) => piece.length < 256) && text.length < 1024;
  if (/\.json$/i.test(text) || (isPath && (await platform.exists(text)) === "file")) {
    if ((await platform.exists(text)) !== "file") {
      throw new InputError(`${text}: expected a classes.json, got no such file. Check the path.`);
    }
    return parseClassList(await platform.readText(text), text).classes;
  }
  const { distinctColors } = await import("../image/palette.ts");
  const parts = text.split(",").map((part) => part.trim());
  const colors = distinctColors(parts.length);
  const classes = parts.map((part, index): ClassInfo => {
    const [name, words] = part.split("=").map((each) => each.trim());
    const others = words?.split("|").map((each) => each.trim());
    if (name === "" || others?.includes("") || part.split("=").length > 2) {
      throw new UsageError(
        `--classes: expected names with commas between, got "${text}". Write "cat, sofa=couch|settee".`,
      );
    }
    return { name, color: colors[index], ...(others && { words: [name, ...others] }) };
  });
  const twice = classes.find(({ name }, index) => classes.findIndex((each) => each.name === name) !== index);
  if (twice !== undefined)
    throw new UsageError(`--classes: expected each name once, got "${twice.name}" twice. Remove one.`);
  return classes;
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
  const { parseFraction } = await import("../data/label-subset.ts");
  return { fraction: parseFraction(labelFraction) };
}

/**
 * The engine that the options ask for. A device other than the CPU is tried at once, before anything is written:
 * throws InputError where it cannot be had.
 */
export async function engineFor({ device, threads }: Values<typeof engineOptions>): Promise<Engine> {
  if (device !== undefined && device !== "cpu") {
    const { problemOf } = await import("./devices.ts");
    const problem = await problemOf(device as Engine["device"]);
    if (problem !== null) throw new InputError(problem);
  }
  const { openEngine } = await import("../runtime/open.ts");
  return openEngine({
    ...(device !== undefined && { device: device as Engine["device"] }),
    ...(threads !== undefined && { threads }),
  });
}

/** How the data set lies on disk, as the user said. */
export function placeOf({ layout, images }: Pick<Values<typeof datasetOptions>, "layout" | "images">): {
  readonly layout?: string;
  readonly images?: string;
} {
  return { ...(layout !== undefined && { layout }), ...(images !== undefined && { images }) };
}

/** `fail` unless the user asked to skip. */
export function badImagePolicy({ onBadImage }: Pick<Values<typeof datasetOptions>, "onBadImage">): "fail" | "skip" {
  return onBadImage === "skip" ? "skip" : "fail";
}
