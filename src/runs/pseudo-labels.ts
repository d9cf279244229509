/** Labels that a pass of another run wrote, as those of a data set: any method may learn from them. */

import type { Dataset } from "../data/dataset.ts";
import { kindsText } from "../data/labels.ts";
import { InputError } from "../errors.ts";
import { stagesOf } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { taskOf } from "./open-run.ts";
import { type ReadOptions, readRun } from "./run.ts";
import { labelsFolder, withStageLabels } from "./stage-labels.ts";

/**
 * The data set with masks of `run` in place of its own. Throws InputError where no pass of the run wrote masks, or it has other classes.
 */
export async function withMasksOf(
  platform: Platform,
  folder: string,
  dataset: Dataset,
  options: ReadOptions = {},
): Promise<Dataset> {
  const run = await readRun(platform, folder, options);
  const pass = stagesOf(run, taskOf(run)).findLast((stage) => stage.kind === "pass" && stage.writes?.includes("mask"));
  if (pass === undefined) {
    throw new InputError(
      `${folder}: expected a run that writes masks, such as one of l2g-small, got one of ${run.recipe.name}. Name another.`,
    );
  }
  const names = ({ classes }: Pick<Dataset, "classes">) => classes.map(({ name }) => name).join(", ");
  if (names(run.record) !== names(dataset)) {
    throw new InputError(
      `${folder}: expected masks of the classes ${names(dataset)}, got those of ${names(run.record)}. Use the data set that it was trained on.`,
    );
  }
  const place = labelsFolder(folder, pass.name);
  if ((await platform.exists(`${place}.json`)) !== "file") {
    throw new InputError(
      `${folder}: expected ${kindsText(["mask"])} of its stage ${pass.name}, got none. Train it to the end: tessera train --resume --out ${folder}`,
    );
  }
  return withStageLabels(platform, place, ["mask"], dataset, ["mask"]);
}
