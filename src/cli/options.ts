/** Options that several commands share. */
import { InputError, UsageError } from "../errors.ts";
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
    choices: ["folder", "voc", "pascal-context", "pascal-context-60", "cityscapes", "ade20k"],
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
