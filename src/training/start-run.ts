/** What has to be known before the first step: the data set's frequencies and sizes, and whether the folder is free. */
import type { Dataset } from "../data/dataset.ts";
import { classStatistics } from "../data/statistics.ts";
import { InputError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Recipe } from "../methods/recipe.ts";
import type { Platform } from "../platform/platform.ts";
import { version } from "../version.ts";
import { listCheckpoints } from "./checkpoint.ts";
import { withRead } from "./dataset-views.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import {
  clearUnfinished,
  createRun,
  fingerprintOf,
  type Run,
  readRun,
  requireSame,
  runFormat,
  stateOf,
} from "./run.ts";

export interface StartOptions extends ResolvedRecipe {
  readonly platform: Platform;
  readonly folder: string;
  readonly dataset: Dataset;
  readonly validation: Dataset | null;
  /** Go on with the run in `folder`, if there is one. */
  readonly resume: boolean;
  readonly onBadImage: "fail" | "skip";
  /** Pixels; see `RunRecord.shortSide`. Default: chosen by the data set and the crop. */
  readonly shortSide?: number;
  readonly licence: string;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Started {
  readonly run: Run;
  /** Lines about samples that could not be read. */
  readonly skipped: readonly string[];
}

/** Samples that the statistics are made of: enough for frequencies, and at most a minute. */
const surveyed = 400;

/**
 * The run to train: a new one, written to `folder`, or with `resume` the one that is there.
 * Throws InputError when the folder holds something else, or a run of another recipe, data set or class list.
 */
export async function startRun(options: StartOptions): Promise<Started> {
  const { platform, folder, dataset, method, recipe, resume } = options;
  requireLabels(dataset, method);
  const state = await stateOf(platform, folder);
  if (state === "other") {
    throw new InputError(
      `${folder}: expected an empty folder or a run, got other files. Choose another place with --out.`,
    );
  }
  // A run that failed before its first checkpoint has nothing to lose.
  const begun = state === "run" && (resume || (await listCheckpoints(platform, folder)).length > 0);
  if (begun && !resume) {
    throw new InputError(
      `${folder}: expected an empty folder, got a run. Add --resume to go on with it, or choose another --out.`,
    );
  }
  const source = {
    name: dataset.name,
    samples: dataset.ids.length,
    fingerprint: await fingerprintOf(dataset.ids),
  };
  if (begun) {
    const known = await readRun(platform, folder);
    const { classes, valueMap } = dataset;
    requireSame(folder, known, { method, recipe, record: { ...known.record, dataset: source, classes, valueMap } });
    await clearUnfinished(platform, folder);
    return { run: known, skipped: [] };
  }
  const { frequencies, sides, skipped } = await survey(options);
  // Found now, a bad file costs seconds; found when the model is scored, all the training before.
  if (options.validation?.kinds.includes("masks")) {
    await classStatistics(options.validation, { onBadImage: options.onBadImage, maxSamples: surveyed });
  }
  const record = {
    ...{ format: runFormat, version, method: method.name, recipe: recipe.name, dataset: source },
    classes: dataset.classes.map(({ name, color, thing }) =>
      thing === undefined ? { name, color } : { name, color, thing },
    ),
    valueMap: dataset.valueMap,
    frequencies,
    window: windowOf(method, recipe),
    shortSide: options.shortSide ?? shortSideFor(sides, recipe),
    licence: options.licence,
  };
  const run: Run = { method, recipe, record };
  await createRun(platform, folder, run);
  return { run, skipped };
}

function requireLabels({ name, split, kinds, classes }: Dataset, method: Method): void {
  if (!kinds.includes(method.learnsFrom)) {
    const got = kinds.length === 0 ? "images alone" : kinds.join(", ");
    throw new InputError(
      `${name}: ${method.name} learns from ${method.learnsFrom}, got ${got} in the split ${split}. See tessera inspect for what is there.`,
    );
  }
  if (classes.length < 1)
    throw new InputError(`${name}: expected at least one class, got none. Name the classes in classes.json.`);
}

async function survey({ dataset, onBadImage, onProgress }: StartOptions) {
  const sides: number[] = [];
  const watched = withRead(dataset, async (index) => {
    const sample = await dataset.read(index);
    sides.push(Math.min(sample.image.width, sample.image.height));
    return sample;
  });
  if (dataset.kinds.includes("masks")) {
    const { frequencies, skipped } = await classStatistics(watched, { onBadImage, onProgress, maxSamples: surveyed });
    if (frequencies.every((share) => share === 0)) {
      throw new InputError(
        `${dataset.name}: expected labelled pixels in the masks, got none. Check the masks and their value map.`,
      );
    }
    return { frequencies, sides, skipped };
  }
  const stride = Math.max(1, Math.floor(dataset.ids.length / 32));
  const skipped: string[] = [];
  for (let index = 0; index < dataset.ids.length; index += stride) {
    try {
      await watched.read(index);
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push(error.message);
    }
  }
  return { frequencies: [], sides, skipped };
}

/** The training crop; sides rounded up to what the method can take. */
function windowOf({ stride }: Method, { cropHeight, cropWidth }: Recipe): [number, number] {
  const up = (size: number) => Math.ceil(size / stride) * stride;
  return [up(cropHeight), up(cropWidth)];
}

/**
 * The data set's own size, but no more than two and a half crops: a crop of a larger photograph would show too little
 * of the scene to tell what it is part of.
 */
function shortSideFor(sides: readonly number[], { cropHeight, cropWidth }: Recipe): number {
  if (sides.length === 0) return 0;
  const median = [...sides].sort((a, b) => a - b)[sides.length >> 1];
  return Math.min(median, Math.round(2.5 * Math.min(cropHeight, cropWidth)));
}
