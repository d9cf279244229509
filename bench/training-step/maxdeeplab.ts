/** MaX-DeepLab-S with COCO's 133 classes: a training step on twelve segments an image, and a prediction with its read-out. */
import { fromNumbers, type Named, type NdArray } from "../../src/array/ndarray.ts";
import { panopticModel } from "../../src/methods/max-deeplab/prediction.ts";
import { type MaxDeepLabRecipe, recipes } from "../../src/methods/max-deeplab/recipe.ts";
import { panopticStage } from "../../src/methods/max-deeplab/stage.ts";
import type { Benched } from "./models.ts";

const [things, stuff] = [80, 53];
const classes = Array.from({ length: things + stuff }, (_, i) => ({
  name: `class ${i}`,
  color: [i, 0, 0] as const,
  thing: i < things,
}));
const task = { classes, frequencies: [] };

export function maxDeepLabStep(side: number, batchSize: number, recomputeAttention = false): Benched {
  const recipe: MaxDeepLabRecipe = {
    ...recipes["maxdeeplab-s"],
    ...{ cropHeight: side, cropWidth: side, batchSize, accumulate: 1, recomputeAttention },
    ...{ learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
  };
  const stage = panopticStage(recipe, task);
  return {
    title: `MaX-DeepLab-S, ${side} pixels, batch ${batchSize}, 128 slots, 133 classes, all five terms, Adam${recomputeAttention ? ", attention computed again" : ""}`,
    inputs: stage.inputs,
    loss: stage.loss,
    recipe,
    classes: things + stuff,
    batch: () => targets(recipe),
    settings: { ...recipe, things, stuff, shape: [batchSize, 3, side, side] },
  };
}

export function maxDeepLabPrediction(side: number): Benched {
  const { settings, ...step } = maxDeepLabStep(side, 1);
  const recipe = { ...recipes["maxdeeplab-s"], cropHeight: side, cropWidth: side };
  const model = panopticModel(recipe, task);
  return {
    ...step,
    title: `MaX-DeepLab-S, prediction, ${side} pixels, batch 1, with thresholds and areas`,
    inputs: { image: step.inputs.image },
    predicts: (scope, image) => model.outputs(scope, image),
    settings,
  };
}

/** Twelve segments on a grid, half of them things, and a border of void: as `maxdeeplab.py` has them. */
function targets({ cropHeight, batchSize, maxThings }: MaxDeepLabRecipe): Named<NdArray> {
  const side = (cropHeight - 1) / 4 + 1;
  const cells = Array.from({ length: side * side }, (_, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
    return y === 0 ? -1 : Math.floor((3 * y) / side) * 4 + Math.floor((4 * x) / side);
  });
  const half = (cell: number) => Math.floor(cell / 2);
  const of = (value: (thing: boolean, index: number) => number, nothing: number) =>
    cells.map((cell) => (cell < 0 ? nothing : value(cell % 2 === 0, half(cell))));
  const segmentClass = Array.from({ length: maxThings + stuff }, (_, mask) =>
    mask < 6 ? mask : mask >= maxThings && mask < maxThings + 6 ? things + mask - maxThings : -1,
  );
  const repeated = (dtype: NdArray["dtype"], shape: readonly number[], values: readonly number[]) =>
    fromNumbers(dtype, [batchSize, ...shape], Array.from({ length: batchSize }, () => values).flat());
  const map = [side, side];
  return {
    segment: repeated(
      "int32",
      map,
      of((thing, i) => (thing ? i : maxThings + i), -1),
    ),
    nonvoid: repeated(
      "uint8",
      map,
      of(() => 1, 0),
    ),
    segmentClass: repeated("int32", [segmentClass.length], segmentClass),
    semantic: repeated(
      "int32",
      map,
      of((thing, i) => (thing ? 1 + i : 1 + things + i), 0),
    ),
    semanticWeight: repeated(
      "float32",
      map,
      of(() => 1, 0),
    ),
  };
}
