/** A trained model small enough for tests: two convolutions whose zero padding makes window borders show. */
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { normalInitializer } from "../../src/graph/initializer.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import type { Image } from "../../src/image/image.ts";
import { distinctColors } from "../../src/image/palette.ts";
import type { Method, Task } from "../../src/methods/method.ts";
import type { SemanticModel } from "../../src/methods/model.ts";
import type { Recipe } from "../../src/methods/recipe.ts";
import { conv2d } from "../../src/nn/conv.ts";
import { imageInput } from "../../src/nn/image-input.ts";
import { batchNorm2d } from "../../src/nn/norm.ts";
import { relu, softmax } from "../../src/ops/index.ts";
import type { TrainedModel } from "../../src/prediction/model.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { openLocalEngine } from "../../src/runtime/local-engine.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import { readRange } from "../../src/runtime/worker.ts";

const initializer = normalInitializer(0.6);

const predict = (scope: Scope, image: Tensor, task: Task) => softmax(checkLogits(scope, image, task), { axis: 1 });

/** Of the check model. image: [B, H, W, 3] uint8 → [B, K, H, W]. */
export function checkLogits(scope: Scope, image: Tensor, task: Task): Tensor {
  const x = imageInput(image);
  const kernel = { kernel: 5, padding: 2, initializer, bias: false } as const;
  const hidden = relu(batchNorm2d(scope.at("norm"), conv2d(scope.at("first"), x, 6, kernel)));
  return conv2d(scope.at("second"), hidden, task.classes.length, { ...kernel, bias: true });
}

/** A method whose model predicts so, changed by `own`. */
function methodOf(own: Partial<SemanticModel>): Method {
  return {
    name: "checkmodel",
    paper: { authors: "", title: "", venue: "", url: "" },
    recipes: {},
    vocabulary: "closed",
    stages: () => [],
    validate: () => {},
    model: (_recipe, task) => ({
      ...{ kind: "semantic", stride: 4 },
      scores: (scope, image) => predict(scope, image, task),
      ...own,
    }),
  };
}

/** classes: number of classes; model: what is other than usual of it. Windows are 24 rows by 32 columns; images are reduced to a shorter side of 48. */
export function checkModel({
  classes = 5,
  shortSide = 48,
  model: own = {},
}: {
  readonly classes?: number;
  readonly shortSide?: number;
  readonly model?: Partial<SemanticModel>;
} = {}): TrainedModel {
  const task: Task = {
    classes: distinctColors(classes).map((color, i) => ({ name: `class ${i}`, color, thing: i > 2 })),
    frequencies: [],
  };
  const recipe = { name: "check", method: "checkmodel" } as Recipe;
  const model = new Model();
  predict(model.scope, input("window", [1, 24, 32, 3], "uint8"), task);
  const weights: Record<string, NdArray> = {};
  for (const parameter of model.parameters.values()) {
    const value = parameter.initializer(parameter.tensor.shape, new Random(3, parameter.name));
    weights[parameter.name] = value;
  }
  const spread = weights["norm.running_var"].data as Float32Array;
  for (let i = 0; i < spread.length; i++) spread[i] = 1 + i;
  return {
    method: methodOf(own),
    recipe,
    task,
    valueMap: { 0: "ignore", ...Object.fromEntries(task.classes.map((_, i) => [String(i + 1), i])) },
    weights: weights as Named<NdArray>,
    window: [24, 32],
    shortSide,
    source: "check run",
    licence: "CC0-1.0",
  };
}

/** Probabilities that the network itself, unfolded and without a pipeline, gives an image of a window's size: [K, h, w]. */
export async function bareProbabilities(
  { method, recipe, task, weights }: TrainedModel,
  { height, width, data }: Image,
): Promise<Float32Array> {
  const shape = [1, height, width, 3];
  const model = method.model(recipe, task) as SemanticModel;
  const y = model.scores(new Model().scope, input("window", shape, "uint8"));
  const results = await evaluate({ y }, { ...weights, window: { dtype: "uint8", shape, data } });
  return results.y.data as Float32Array;
}

/** Smooth colours with some texture, different everywhere. */
export function checkImage(width: number, height: number, seed = 1): Image {
  const random = new Random(seed);
  const phases = Array.from({ length: 6 }, () => random.between(2, 9));
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = Math.sin(x / phases[c] + y / phases[c + 3]) + Math.cos(y / phases[c] - x / 11);
    return Math.max(0, Math.min(255, 128 + 50 * wave + 20 * random.uniform()));
  });
  return { width, height, data };
}

/** An engine in this thread. */
export function checkEngine() {
  return openLocalEngine(nodeBackend, { threads: 1, readRange });
}
