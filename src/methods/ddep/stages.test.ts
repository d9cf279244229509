import { expect, test } from "vitest";
import { cropped, sample, stagesOf, task, tiny } from "../../../test/support/ddep-stages.ts";
import type { Named, NdArray } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { TrainingStage } from "../stage.ts";
import { trainingModel } from "../stages.ts";
import { ddep } from "./index.ts";
import type { DdepRecipe } from "./recipe.ts";

const encoder = "a pretrained encoder (encoderSteps is 0)";
const denoised = "a network pretrained by denoising (denoiseSteps is 0)";

test.each<[DdepRecipe["start"], Partial<DdepRecipe>, [stage: string, requires: string | undefined][]]>([
  ["none", {}, [["finetune", undefined]]],
  [
    "supervised",
    {},
    [
      ["encoder", undefined],
      ["finetune", encoder],
    ],
  ],
  ["supervised", { encoderSteps: 0 }, [["finetune", encoder]]],
  ["supervised", { steps: 0 }, [["encoder", undefined]]],
  [
    "dep",
    {},
    [
      ["denoise", undefined],
      ["finetune", denoised],
    ],
  ],
  ["dep", { denoiseSteps: 0 }, [["finetune", denoised]]],
  [
    "ddep",
    {},
    [
      ["encoder", undefined],
      ["denoise", encoder],
      ["finetune", denoised],
    ],
  ],
  [
    "ddep",
    { encoderSteps: 0 },
    [
      ["denoise", encoder],
      ["finetune", denoised],
    ],
  ],
  ["ddep", { encoderSteps: 0, denoiseSteps: 0 }, [["finetune", denoised]]],
  [
    "ddep",
    { steps: 0 },
    [
      ["encoder", undefined],
      ["denoise", encoder],
    ],
  ],
  ["ddep", { encoderSteps: 0, denoiseSteps: 0, steps: 0 }, []],
])("start %s with %o trains the stages %o", (start, changes, expected) => {
  expect(ddep.stages({ ...tiny, start, ...changes }, task).map(({ name, requires }) => [name, requires])).toEqual(
    expected,
  );
});

test("each stage has its own steps, batch, crop and rate in the fields that all recipes have", () => {
  const stages = stagesOf({ start: "ddep", denoiseAverageDecay: 0.5, outputStride: 4, schedule: "poly" });
  const common = ({ settings: recipe }: TrainingStage) => {
    const { steps, batchSize, cropHeight, cropWidth, optimizer, learningRate, schedule } = recipe;
    const { averageDecay, outputStride } = recipe as DdepRecipe;
    return [steps, batchSize, cropHeight, cropWidth, optimizer, learningRate, schedule, averageDecay, outputStride];
  };
  expect(Object.values(stages).map(common)).toEqual([
    [8, 4, 64, 64, "adamw", 1.5e-3, "cosine", 0, 4],
    // Noise has no meaning at a quarter of the size.
    [8, 4, 32, 48, "adam", 2e-3, "cosine", 0.5, 1],
    [12, 4, 64, 64, "adamw", 3e-3, "poly", 0, 4],
  ]);
});

test.each(["encoder", "finetune"])("stage %s trains all that it has", (name) => {
  const { model } = trainingModel(stagesOf({ start: "ddep" })[name]);
  expect([...model.parameters.values()].every(({ role, trained }) => trained || role === "average")).toBe(true);
});

test.each(["encoder", "denoise", "finetune"])(
  "stage %s prepares arrays of the types that it declares, the same for the same random stream",
  (name) => {
    const stage = stagesOf({ start: "ddep", ...cropped })[name];
    const prepared = stage.prepare(sample, new Random(1)) as Named<NdArray>;
    const types = (arrays: Named<{ dtype: string; shape: readonly number[] }>, from: number) =>
      Object.entries(arrays).map(([key, { dtype, shape }]) => [key, dtype, shape.slice(from)]);
    expect(types(prepared, 0)).toEqual(types(stage.inputs, 1));
    expect(stage.prepare(sample, new Random(1))).toEqual(prepared);
    expect(stage.prepare(sample, new Random(2))).not.toEqual(prepared);
  },
);
