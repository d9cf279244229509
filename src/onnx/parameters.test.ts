/** Models of other programs whose weights become parameters. */
import { describe, expect, test } from "vitest";
import { float32, fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { mean, square } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { readModel } from "./read.ts";
import { tensorProto, valueInfo } from "./tensor-proto.ts";
import { encodeModel, type GraphProto, type NodeProto, type TensorProto } from "./wire.ts";

function drawn(shape: readonly number[], name: string): NdArray {
  return float32(shape, new Random(5, name).fillUniform(new Float32Array(sizeOf(shape))));
}

const arrays = {
  "stem.weight": drawn([4, 3, 3, 3], "stem"),
  "norm/gamma": drawn([4], "gamma"),
  "norm/beta": drawn([4], "beta"),
  "norm/mean": drawn([4], "mean"),
  "norm/variance": drawn([4], "variance"),
  factor: float32([], [0.5]),
  scales: float32([4], [1, 1, 2, 2]),
  unused: drawn([7], "unused"),
  whole: fromNumbers("int64", [2], [2, 3]),
};
const norms = ["norm/gamma", "norm/beta", "norm/mean", "norm/variance"];
const node: readonly NodeProto[] = [
  { op_type: "Conv", input: ["image", "stem.weight"], output: ["stem"] },
  { op_type: "BatchNormalization", input: ["stem", ...norms], output: ["normed"] },
  { op_type: "Mul", input: ["normed", "factor"], output: ["features"] },
  { op_type: "Resize", input: ["features", "", "scales"], output: ["larger"] },
];

/** Takes `image` [batch, 3, height, 8]. */
function model(change: Partial<GraphProto> = {}): Uint8Array {
  const image = valueInfo("image", { dtype: "float32", shape: [-1, 3, -1, 8] });
  return encodeModel({
    ir_version: 8,
    opset_import: [{ domain: "", version: 17 }],
    graph: {
      name: "foreign",
      node: [...node],
      initializer: Object.entries(arrays).map(([name, array]): TensorProto => tensorProto(array, name)),
      input: [image],
      output: [{ name: "features" }, { name: "larger" }],
      ...change,
    },
  });
}

const image = input("pictures", [2, 3, 6, 8]);

function read(bytes = model(), place = "backbone") {
  const { scope, parameters } = new Model({ training: true });
  return { ...readModel(bytes, { inputs: { image }, parameters: scope.at(place) }), parameters };
}

test("weights are parameters, running statistics averages, and settings and single numbers constants", () => {
  const { parameters } = read();
  expect([...parameters.values()].map(({ name, role, trained }) => [name, role, trained])).toEqual([
    ["backbone.stem.weight", "weight", true],
    ["backbone.norm/gamma", "weight", true],
    ["backbone.norm/beta", "weight", true],
    ["backbone.norm/mean", "average", false],
    ["backbone.norm/variance", "average", false],
  ]);
  for (const { name, tensor, initializer } of parameters.values()) {
    const start = initializer(tensor.shape, new Random(0));
    expect(start).toEqual(arrays[name.slice("backbone.".length) as keyof typeof arrays]);
  }
});

test("with the file's numbers they compute what the constants do, and each weight has a gradient", async () => {
  const { outputs, parameters } = read();
  expect([outputs.features.shape, outputs.larger.shape]).toEqual([
    [2, 4, 4, 6],
    [2, 4, 8, 12],
  ]);
  const trained = [...parameters.values()].filter((each) => each.trained);
  const found = gradients(
    mean(square(outputs.features)),
    trained.map(({ tensor }) => tensor),
  );
  const feeds = { pictures: drawn([2, 3, 6, 8], "image") };
  const weights = Object.fromEntries(
    [...parameters.values()].map(({ name, tensor, initializer }) => [name, initializer(tensor.shape, new Random(0))]),
  );
  const fixed = readModel(model(), { inputs: { image } }).outputs;
  const all = { ...outputs, fixed: fixed.features, ...Object.fromEntries(found.map((each, i) => [`${i}`, each])) };
  const values = await evaluate(all, { ...feeds, ...weights });
  const fixedNumbers = toNumbers(values.fixed);
  toNumbers(values.features).forEach((value, i) => {
    expect(value).toBeCloseTo(fixedNumbers[i], 5);
  });
  for (const i of found.keys()) expect(toNumbers(values[`${i}`]).some((value) => value !== 0)).toBe(true);
});

test("nodes that let no gradient through are named", () => {
  expect(read().withoutGradient).toEqual(["onnx node 4 (Resize)"]);
  const whole = { op_type: "Shape", input: ["image"], output: ["larger"] }; // gives integers
  expect(read(model({ node: [...node.slice(0, 3), whole] })).withoutGradient).toEqual([]);
});

test("what one node reads as settings and another as numbers stays constant", () => {
  const added = { op_type: "Add", input: ["scales", "scales"], output: ["sum"] };
  for (const nodes of [
    [added, ...node],
    [...node, added],
  ]) {
    expect([...read(model({ node: nodes })).parameters.keys()]).not.toContain("backbone.scales");
  }
});

describe("tensors in place of inputs", () => {
  test("say how large open axes are, and sizes may say it of others", () => {
    const named = (name: string) => ({ name, type: valueInfo("image", { dtype: "float32", shape: [-1, 2] }).type });
    const sum = { op_type: "MatMul", input: ["image", "other"], output: ["y"] };
    const other = { ...valueInfo("other", { dtype: "float32", shape: [2, -1] }) };
    const bytes = model({ node: [sum], input: [named("image"), other], output: [{ name: "y" }] });
    const { outputs, inputs } = readModel(bytes, { inputs: { image: input("x", [5, 2]) }, sizes: { "other:1": 3 } });
    expect(outputs.y.shape).toEqual([5, 3]);
    expect(inputs.other.shape).toEqual([2, 3]);
  });

  test.each([
    ["of another name", { picture: image }, 'expected inputs that the model has (image), got "picture"'],
    [
      "of other channels",
      { image: input("x", [2, 4, 6, 8]) },
      "expected float32 [2, 3, 6, 8], got float32 [2, 4, 6, 8]",
    ],
    ["of fewer axes", { image: input("x", [2, 3]) }, "expected a size for axis 2, which is called image:2, got none"],
    ["of another type", { image: input("x", [2, 3, 6, 8], "int32") }, "got int32 [2, 3, 6, 8]. Give it what"],
  ])("are refused: %s", (_, inputs, message) => {
    const refused = () => readModel(model(), { inputs, where: "file.onnx" });
    expect(refused).toThrow(message);
    expect(refused).toThrow(InputError);
  });
});

test("a weight that is there twice is refused", () => {
  const twice = [tensorProto(arrays["stem.weight"], "stem.weight"), tensorProto(arrays["stem.weight"], "stem.weight")];
  expect(() => read(model({ initializer: twice }))).toThrow("onnx: expected every name once, got two tensors called");
});

test("a model read twice needs two places, or one that is shared", () => {
  const { scope, parameters } = new Model();
  const again = (place = scope) => readModel(model(), { inputs: { image }, parameters: place });
  again();
  expect(again).toThrow(/declared twice/);
  again(scope.shared());
  expect(parameters.size).toBe(5);
});
