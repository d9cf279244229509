import { describe, expect, test } from "vitest";
import { float32, fromNumbers, item, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { gradients } from "../../autodiff/gradients.ts";
import type { Sample } from "../../data/sample.ts";
import { Model } from "../../graph/scope.ts";
import { input, type Target } from "../../graph/tensor.ts";
import { detectConvBlock } from "../../runtime/conv-block.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { nodeBackend } from "../../runtime/node.ts";
import type { Task } from "../method.ts";
import type { SemanticModel } from "../model.ts";
import type { TrainingStage } from "../stage.ts";
import { transunet } from "./index.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";

const recipe = {
  ...recipes["transunet-tiny"],
  scaleMin: 0.5,
  scaleMax: 2,
  flipProbability: 0.5,
  photometric: 1,
  cropWidth: 80,
};
const task: Task = {
  classes: ["a", "b", "c"].map((name) => ({ name, color: [0, 0, 0] })),
  frequencies: [0.5, 0.3, 0.2],
};
const train = trainOf(recipe);

function trainOf(of: TransUNetRecipe): TrainingStage {
  const [stage] = transunet.stages(of, task);
  if (stage.kind !== "training") throw new Error(stage.kind);
  return stage;
}

function bytes(count: number, below: number, ...seed: (string | number)[]): Uint8Array {
  const random = new Random(...seed);
  return Uint8Array.from({ length: count }, () => random.integer(below));
}

const size = { width: 120, height: 90 };
const sample: Sample = {
  id: "one",
  source: "drawn #1",
  image: { ...size, data: bytes(3 * 120 * 90, 256, "image") },
  labels: { mask: { ...size, data: bytes(120 * 90, 3, "labels") } },
};

describe("preparing a sample", () => {
  const prepared = train.prepare(sample, new Random(1)) as Named<NdArray>;

  test("gives arrays of the declared types, without the batch axis", () => {
    const declared = Object.entries(train.inputs).map(([name, { dtype, shape }]) => [name, dtype, shape.slice(1)]);
    expect(Object.entries(prepared).map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual(declared);
  });

  test("gives the same for the same random stream and else another crop", () => {
    expect(train.prepare(sample, new Random(1))).toEqual(prepared);
    expect(train.prepare(sample, new Random(2))).not.toEqual(prepared);
  });

  test("labels nothing where the sample has no mask", () => {
    const { labels } = train.prepare({ ...sample, labels: {} }, new Random(1)) as Named<NdArray>;
    expect(new Set(toNumbers(labels))).toEqual(new Set([255]));
  });
});

const tiny = { ...recipes["transunet-tiny"], diceWeight: 0.5, focalWeight: 0.5, cropHeight: 32, cropWidth: 48 };

test.each(["transunet", "jax"] as const)(
  "predicts probabilities that sum to 1, also for pictures of another size (convention %s)",
  async (encoderConvention) => {
    const model = new Model();
    const wide = fromNumbers("uint8", [1, 48, 96, 3], bytes(48 * 96 * 3, 256, "wide"));
    const predictor = transunet.model({ ...tiny, encoderConvention }, task) as SemanticModel;
    const probabilities = predictor.scores(model.scope, input("image", wide.shape, "uint8"));
    expect(probabilities.shape).toEqual([1, 3, 48, 96]);
    const values = toNumbers((await evaluate({ probabilities }, { ...started(model), image: wide })).probabilities);
    const plane = 48 * 96;
    for (let i = 0; i < plane; i += 97) expect(values[i] + values[i + plane] + values[i + 2 * plane]).toBeCloseTo(1, 5);
  },
);

const targets: readonly Target[] = [
  { device: "cpu", operators: "native", convBlock: 0 },
  // The width of the blocked layout depends on the processor; where there is none, this is the first once more.
  { device: "cpu", operators: "native", convBlock: await detectConvBlock(nodeBackend) },
  { device: "webgpu", operators: "portable", convBlock: 0 },
];

const image = fromNumbers("uint8", [2, 32, 48, 3], bytes(2 * 32 * 48 * 3, 256, "image"));
const labels = fromNumbers("uint8", [2, 32, 48], bytes(2 * 32 * 48, 3, "labels"));

async function step(target: Target): Promise<{ loss: number; gradient: number[] }> {
  const model = new Model({ training: true });
  const batch = { image: input("image", image.shape, "uint8"), labels: input("labels", labels.shape, "uint8") };
  const { terms } = trainOf(tiny).loss(model.scope, batch);
  expect(Object.keys(terms)).toEqual(["crossEntropy", "dice", "focal"]);
  const root = model.parameters.get("encoder.stem.conv.weight")!.tensor;
  const outputs = { loss: terms.crossEntropy, gradient: gradients(terms.crossEntropy, [root])[0] };
  const got = await evaluate(outputs, { ...started(model), image, labels }, { target });
  return { loss: item(got.loss), gradient: toNumbers(got.gradient) };
}

test("trains alike on every kind of machine", async () => {
  const [first, ...others] = await Promise.all(targets.map(step));
  const largest = Math.max(...first.gradient.map(Math.abs));
  for (const other of others) {
    expect(other.loss).toBeCloseTo(first.loss, 5);
    expect(Math.max(...other.gradient.map((g, i) => Math.abs(g - first.gradient[i])))).toBeLessThan(1e-3 * largest);
  }
});

/** Freshly started weights, with gammas that are not 0, so that gradients reach everything. */
function started(model: Model): Record<string, NdArray> {
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor, initializer }) => {
      const value = initializer(tensor.shape, new Random("started", name));
      const zero = name.endsWith("gn3.weight");
      return [name, zero ? float32(tensor.shape, new Float32Array(sizeOf(tensor.shape)).fill(1)) : value];
    }),
  );
}
