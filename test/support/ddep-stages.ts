/** The stages of ddep-tiny, and a picture for them, for tests. */
import type { Sample } from "../../src/data/sample.ts";
import { ddep } from "../../src/methods/ddep/index.ts";
import { type DdepRecipe, recipes } from "../../src/methods/ddep/recipe.ts";
import type { Task } from "../../src/methods/method.ts";
import type { TrainingStage } from "../../src/methods/stage.ts";

export const tiny = recipes["ddep-tiny"];

export const task: Task = {
  classes: ["a", "b", "c"].map((name) => ({ name, color: [0, 0, 0] })),
  frequencies: [0.5, 0.3, 0.2],
};

/** The stages of a changed recipe, by name. */
export function stagesOf(changes: Partial<DdepRecipe>): Record<string, TrainingStage> {
  const stages = ddep.stages({ ...tiny, ...changes }, task).filter((stage) => stage.kind === "training");
  return Object.fromEntries(stages.map((stage) => [stage.name, stage]));
}

/** Grey stripes 20 wide: the colour is 100 times the class, 0, 1, 2; the last column is not labelled. */
const size = { width: 60, height: 50 };
const columns = (of: (column: number) => number, channels = 1) =>
  Uint8Array.from({ length: channels * size.width * size.height }, (_, i) => of(Math.floor(i / channels) % size.width));
export const sample: Sample = {
  id: "stripes",
  source: "drawn",
  image: { ...size, data: columns((column) => 100 * Math.floor(column / 20), 3) },
  labels: { mask: { ...size, data: columns((column) => (column === 59 ? 255 : Math.floor(column / 20))) } },
};

/** A recipe whose every crop is another part of the image, at its own size. */
export const cropped: Partial<DdepRecipe> = {
  ...{ encoderCropHeight: 16, encoderCropWidth: 32, denoiseCropHeight: 16, denoiseCropWidth: 32 },
  ...{ cropHeight: 16, cropWidth: 32, flipProbability: 0.5, noiseLevelMin: 0.2, noiseLevelMax: 0.3 },
};
export const seeds = Array.from({ length: 12 }, (_, seed) => seed);
