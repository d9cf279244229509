import { describe, expect, test } from "vitest";
import { type OneNode, oneNode, oneNodeModel } from "../../test/support/onnx-node.ts";
import { float32, fromNumbers, toNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { readModel } from "./read.ts";
import { encodeModel } from "./wire.ts";

const integers = (...values: number[]) => fromNumbers("int64", [values.length], values);
const integer = (value: number) => fromNumbers("int64", [], [value]);
const number = (value: number) => float32([], [value]);
const numbers = (...values: number[]) => float32([values.length], values);
const count = (...shape: number[]) =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

/** Reads, writes as opset 20, runs, and gives shape and numbers of every output. */
async function run(node: OneNode) {
  const { outputs } = readModel(oneNode(node));
  const results = await evaluate(outputs, node.fed);
  return Object.values(results).map((result) => [result.shape, toNumbers(result)]);
}

type Expected = readonly (readonly [readonly number[], readonly number[]])[];

describe("operators of other operator sets give the numbers that theirs says", () => {
  const row = count(1, 1, 1, 4);
  const ramp = count(1, 1, 4, 4);
  const root = (value: number) => Math.sqrt(value + 1e-5);
  test.each<[string, OneNode, Expected]>([
    [
      "Hardmax over all axes from one on, up to 12",
      { op: "Hardmax", opset: 12, fed: { x: float32([1, 2, 2], [0, 1, 3, 2]) }, attributes: { axis: 1 } },
      [
        [
          [1, 2, 2],
          [0, 0, 1, 0],
        ],
      ],
    ],
    [
      "Hardmax over one axis since",
      { op: "Hardmax", opset: 13, fed: { x: float32([1, 2, 2], [0, 1, 3, 2]) }, attributes: { axis: 1 } },
      [
        [
          [1, 2, 2],
          [0, 0, 1, 1],
        ],
      ],
    ],
    [
      "RoiAlign without the shift by half a pixel, up to 15",
      {
        op: "RoiAlign",
        opset: 10,
        fed: { x: ramp },
        inputs: ["x", float32([1, 4], [0, 0, 2, 2]), integers(0)],
        attributes: { output_height: 1, output_width: 1, sampling_ratio: 1 },
        says: { dtype: "float32", shape: [1, 1, 1, 1] },
      },
      [[[1, 1, 1, 1], [5]]],
    ],
    [
      "RoiAlign with it since",
      {
        op: "RoiAlign",
        opset: 16,
        fed: { x: ramp },
        inputs: ["x", float32([1, 4], [0, 0, 2, 2]), integers(0)],
        attributes: { output_height: 1, output_width: 1, sampling_ratio: 1 },
        says: { dtype: "float32", shape: [1, 1, 1, 1] },
      },
      [[[1, 1, 1, 1], [2.5]]],
    ],
    [
      "DFT along the second axis unless said, up to 19",
      {
        op: "DFT",
        opset: 17,
        fed: { x: float32([1, 2, 2, 1], [1, 2, 3, 4]) },
        says: { dtype: "float32", shape: [1, 2, 2, 2] },
      },
      [
        [
          [1, 2, 2, 2],
          [4, 0, 6, 0, -2, 0, -2, 0],
        ],
      ],
    ],
    [
      "GridSample with the old names of its modes",
      {
        op: "GridSample",
        opset: 16,
        fed: { x: row },
        inputs: ["x", float32([1, 1, 2, 2], [0, 0, 0.25, 0])],
        attributes: { mode: "bilinear" },
        says: { dtype: "float32", shape: [1, 1, 1, 2] },
      },
      [
        [
          [1, 1, 1, 2],
          [1.5, 2],
        ],
      ],
    ],
    [
      "GroupNormalization with a scale for each group, up to 20",
      {
        op: "GroupNormalization",
        opset: 18,
        fed: { x: float32([1, 4, 1], [0, 2, 5, 7]) },
        inputs: ["x", numbers(1, 10), numbers(0, 100)],
        attributes: { num_groups: 2 },
      },
      [
        [
          [1, 4, 1],
          [-1 / root(1), 1 / root(1), 100 - 10 / root(1), 100 + 10 / root(1)],
        ],
      ],
    ],
    [
      "GroupNormalization with a scale for each channel since",
      {
        op: "GroupNormalization",
        opset: 21,
        fed: { x: float32([1, 4, 1], [0, 2, 5, 7]) },
        inputs: ["x", numbers(1, 2, 3, 4), numbers(0, 0, 0, 100)],
        attributes: { num_groups: 2 },
      },
      [
        [
          [1, 4, 1],
          [-1 / root(1), 2 / root(1), -3 / root(1), 100 + 4 / root(1)],
        ],
      ],
    ],
    [
      "RMSNormalization",
      { op: "RMSNormalization", opset: 23, fed: { x: numbers(3, 4) }, inputs: ["x", numbers(1, 2)] },
      [[[2], [3 / root(12.5), 8 / root(12.5)]]],
    ],
    [
      "Swish",
      { op: "Swish", opset: 24, fed: { x: numbers(0, 2) }, attributes: { alpha: { float: 0.5 } } },
      [[[2], [0, 2 / (1 + Math.exp(-1))]]],
    ],
    [
      "Resize of 10 from the corner",
      {
        op: "Resize",
        opset: 10,
        fed: { x: row },
        inputs: ["x", numbers(1, 1, 1, 1.5)],
        attributes: { mode: "nearest" },
      },
      [
        [
          [1, 1, 1, 6],
          [0, 0, 1, 2, 2, 3],
        ],
      ],
    ],
    [
      "Resize of 10 that reduces",
      {
        op: "Resize",
        opset: 10,
        fed: { x: row },
        inputs: ["x", numbers(1, 1, 1, 0.75)],
        attributes: { mode: "nearest" },
      },
      [
        [
          [1, 1, 1, 3],
          [0, 2, 3],
        ],
      ],
    ],
    [
      "Upsample with scales as attribute",
      { op: "Upsample", opset: 7, fed: { x: row }, attributes: { mode: "linear", scales: { floats: [1, 1, 1, 2] } } },
      [
        [
          [1, 1, 1, 8],
          [0, 0.5, 1, 1.5, 2, 2.5, 3, 3],
        ],
      ],
    ],
    [
      "Upsample with scales as input",
      { op: "Upsample", opset: 9, fed: { x: row }, inputs: ["x", numbers(1, 1, 1, 2)] },
      [
        [
          [1, 1, 1, 8],
          [0, 0, 1, 1, 2, 2, 3, 3],
        ],
      ],
    ],
    [
      "Scatter",
      { op: "Scatter", opset: 9, fed: { x: numbers(1, 2, 3) }, inputs: ["x", integers(2, 0), numbers(8, 9)] },
      [[[3], [9, 2, 8]]],
    ],
    [
      "Pad of 2 that cuts and adds",
      { op: "Pad", opset: 7, fed: { x: count(2, 3) }, attributes: { pads: [-1, 1, 0, -1], value: { float: 7 } } },
      [
        [
          [1, 3],
          [7, 3, 4],
        ],
      ],
    ],
    [
      "ReduceL1 with axes as attribute",
      {
        op: "ReduceL1",
        opset: 13,
        fed: { x: float32([2, 2], [1, -2, 3, -4]) },
        attributes: { axes: [1], keepdims: 0 },
      },
      [[[2], [3, 7]]],
    ],
    [
      "ReduceLogSum with axes as attribute",
      { op: "ReduceLogSum", opset: 11, fed: { x: float32([2, 2], [1, 2, 3, 4]) }, attributes: { axes: [-1] } },
      [
        [
          [2, 1],
          [Math.log(3), Math.log(7)],
        ],
      ],
    ],
    [
      "QuantizeLinear that says the type it would have anyway",
      {
        op: "QuantizeLinear",
        opset: 21,
        fed: { x: numbers(1, 2.4) },
        inputs: ["x", number(0.5)],
        attributes: { output_dtype: 2 },
      },
      [[[2], [2, 5]]],
    ],
    [
      "Dropout with a mask",
      { op: "Dropout", opset: 12, fed: { x: numbers(5) }, outputs: 2 },
      [
        [[1], [5]],
        [[1], [1]],
      ],
    ],
  ])("%s", async (_, node, expected) => {
    const got = await run(node);
    expect(got.map(([shape]) => shape)).toEqual(expected.map(([shape]) => shape));
    got.forEach(([, values], i) => {
      expected[i][1].forEach((value, j) => {
        expect((values as number[])[j]).toBeCloseTo(value, 4);
      });
    });
  });
});

describe("indices at their limits", () => {
  const x = numbers(10, 11, 12, 13);
  const slice = (start: number, end: number, step = 1): OneNode => ({
    op: "Slice",
    opset: 13,
    fed: { x },
    inputs: ["x", integers(start), integers(end), integers(0), integers(step)],
  });
  const far = 2 ** 31 - 1;
  test.each<[string, OneNode, Expected]>([
    ["Slice from 2³¹ − 1 on takes nothing", slice(far, 2 ** 53), [[[0], []]]],
    ["Slice up to −(2³¹ − 1) takes nothing", slice(0, -far), [[[0], []]]],
    ["Slice from −(2³¹ − 1) to 2³¹ − 1 takes all", slice(-far, far), [[[4], [10, 11, 12, 13]]]],
    ["Slice back to −2³¹ takes the first", slice(-1, -far - 1, -2), [[[2], [13, 11]]]],
    ["Slice with an enormous step takes one", slice(-3, 2 ** 62, 2 ** 62), [[[1], [11]]]],
    ["an empty Slice", slice(2, 1), [[[0], []]]],
    [
      "OneHot of −1 is the last place",
      {
        op: "OneHot",
        opset: 11,
        fed: { i: integers(-1, 0, 3, -4) },
        inputs: ["i", integer(3), numbers(0, 1)],
      },
      [
        [
          [4, 3],
          [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ],
      ],
    ],
    [
      "OneHot with other values",
      {
        op: "OneHot",
        opset: 11,
        fed: { i: integers(1, -1) },
        inputs: ["i", integer(2), integers(5, 6)],
        attributes: { axis: 0 },
      },
      [
        [
          [2, 2],
          [5, 5, 6, 6],
        ],
      ],
    ],
    [
      "ReduceSumSquare over no axes",
      {
        op: "ReduceSumSquare",
        opset: 18,
        fed: { x: numbers(-2, 3) },
        attributes: { noop_with_empty_axes: 1 },
      },
      [[[2], [4, 9]]],
    ],
    [
      "ReduceL2 over no axes",
      { op: "ReduceL2", opset: 18, fed: { x: numbers(-2, 3) }, attributes: { noop_with_empty_axes: 1 } },
      [[[2], [2, 3]]],
    ],
    [
      "ReduceSum over nothing",
      { op: "ReduceSum", opset: 20, fed: { x: float32([0, 2], []) }, inputs: ["x", integers(0)] },
      [
        [
          [1, 2],
          [0, 0],
        ],
      ],
    ],
    [
      "Clip with its limits exchanged",
      { op: "Clip", opset: 13, fed: { x: numbers(-5, 0, 5) }, inputs: ["x", number(2), number(-1)] },
      [[[3], [-1, -1, -1]]],
    ],
    [
      "GatherElements with fewer rows",
      {
        op: "GatherElements",
        opset: 13,
        fed: { x: count(3, 2) },
        inputs: ["x", fromNumbers("int64", [2, 1], [1, -1])],
        attributes: { axis: 1 },
      },
      [
        [
          [2, 1],
          [1, 3],
        ],
      ],
    ],
    [
      "Split into parts of which one is empty",
      { op: "Split", opset: 13, fed: { x }, inputs: ["x", integers(1, 0, 3)], outputs: 3 },
      [
        [[1], [10]],
        [[0], []],
        [[3], [11, 12, 13]],
      ],
    ],
    [
      "Squeeze of an empty list of axes",
      { op: "Squeeze", opset: 13, fed: { x: float32([1, 2], [1, 2]) }, inputs: ["x", integers()] },
      [[[2], [1, 2]]],
    ],
    [
      "Max of 16-bit integers",
      { op: "Max", opset: 13, fed: { a: fromNumbers("int16", [2], [1, 4]), b: fromNumbers("int16", [2], [3, 2]) } },
      [[[2], [3, 4]]],
    ],
  ])("%s", async (_, node, expected) => {
    expect(await run(node)).toEqual(expected);
  });
});

describe("what opset 20 cannot say, and what no file may say, is refused by name", () => {
  const x = count(2, 3);
  const picture = count(1, 4, 4, 4);
  const says = { dtype: "float32", shape: [2, 3] } as const;
  test.each<[string, OneNode, RegExp]>([
    ["Attention", { op: "Attention", opset: 23, fed: { q: x, k: x, v: x }, says }, /got Attention, which is newer/],
    ["RotaryEmbedding", { op: "RotaryEmbedding", opset: 23, fed: { x }, says }, /got RotaryEmbedding, which is newer/],
    ["TensorScatter", { op: "TensorScatter", opset: 24, fed: { x }, says }, /got TensorScatter, which is newer/],
    ["random numbers", { op: "RandomNormalLike", opset: 20, fed: { x }, says }, /draws random numbers of its own/],
    ["an operator too early", { op: "Gelu", opset: 17, fed: { x } }, /operator set 17, got Gelu, which came with 20/],
    ["an operator too late", { op: "Upsample", opset: 10, fed: { x } }, /got Upsample, which was removed by 10/],
    [
      "blocks of a quantization",
      {
        op: "QuantizeLinear",
        opset: 21,
        fed: { x },
        inputs: ["x", float32([2, 1], [1, 2])],
        attributes: { axis: 1, block_size: 3 },
      },
      /QuantizeLinear\): expected one scale .*, got blocks/,
    ],
    [
      "statistics for each pixel",
      { op: "BatchNormalization", opset: 7, fed: { x, a: x, b: x, c: x, d: x }, attributes: { spatial: 0 } },
      /got spatial 0/,
    ],
    [
      "an attribute of later",
      { op: "AveragePool", opset: 9, fed: { picture }, attributes: { kernel_shape: [2, 2], ceil_mode: 0 } },
      /ceil_mode: expected .* in operator set 9/,
    ],
    ["a missing attribute", { op: "Concat", opset: 13, fed: { x } }, /expected an attribute axis/],
    [
      "an attribute of another type",
      { op: "Concat", opset: 13, fed: { x }, attributes: { axis: "1" } },
      /axis: expected an attribute of type 2, got 3/,
    ],
    ["too few inputs", { op: "Where", opset: 16, fed: { x } }, /expected 3 inputs, got 1/],
    ["too many inputs", { op: "Atan", opset: 16, fed: { x, z: x } }, /expected 1 inputs, got 2/],
    ["too many outputs", { op: "Atan", opset: 16, fed: { x }, outputs: 2 }, /expected 1 outputs, got 2/],
    [
      "a type that the operator does not take",
      { op: "And", opset: 16, fed: { x, z: x } },
      /input 1: expected bool, got float32/,
    ],
    ["Unsqueeze 9", { op: "Unsqueeze", opset: 11, fed: { x }, attributes: { axes: [9] } }, /from -3 to 2, got 9/],
    [
      "Unsqueeze 0 twice",
      { op: "Unsqueeze", opset: 13, fed: { x }, inputs: ["x", integers(0, -4)] },
      /every axis once/,
    ],
    ["Squeeze 9", { op: "Squeeze", opset: 13, fed: { x }, inputs: ["x", integers(9)] }, /from -2 to 1, got 9/],
    ["Flatten 9", { op: "Flatten", opset: 13, fed: { x }, attributes: { axis: 9 } }, /got 9/],
    ["Flatten −9", { op: "Flatten", opset: 13, fed: { x }, attributes: { axis: -9 } }, /got -9/],
    ["Softmax 9", { op: "Softmax", opset: 11, fed: { x }, attributes: { axis: 9 } }, /axis: axis must be .* got 9/],
    ["ConstantOfShape −3", { op: "ConstantOfShape", opset: 9, inputs: [integers(-3)] }, /sizes of 0 or more .* \[-3\]/],
    [
      "Split into a billion parts",
      { op: "Split", opset: 18, fed: { x }, attributes: { num_outputs: 1e9 } },
      /expected 1000000000 outputs/,
    ],
    [
      "AveragePool with enormous padding",
      {
        op: "AveragePool",
        opset: 19,
        fed: { picture },
        attributes: { kernel_shape: [3e7, 3e7], pads: [2e7, 2e7, 2e7, 2e7] },
      },
      /pads, strides and dilations of at most 4096, got 20000000/,
    ],
    [
      "a constant of four billion numbers",
      { op: "ConstantOfShape", opset: 20, inputs: [integers(2 ** 16, 2 ** 16 - 1)] },
      /expected at most \d+ elements computed from constants, got 4294901760/,
    ],
    [
      "a window that is longer than the file says",
      { op: "HannWindow", opset: 17, inputs: [integer(2 ** 31 - 1)], says: { dtype: "float32", shape: [10] } },
      /expected at most 67108864 elements computed from constants/,
    ],
    [
      "ConvTranspose with one output_padding",
      {
        op: "ConvTranspose",
        opset: 11,
        fed: { picture },
        inputs: ["picture", count(4, 1, 2, 2)],
        attributes: { output_padding: [1] },
      },
      /expected 2 numbers as output_padding, got 1/,
    ],
    [
      "LayerNormalization of axis 2³¹",
      {
        op: "LayerNormalization",
        opset: 17,
        fed: { x },
        inputs: ["x", numbers(1, 1, 1)],
        attributes: { axis: 2 ** 31 },
        says,
      },
      /axis must be an integer from -2 to 1, got 2147483648/,
    ],
    [
      "DepthToSpace of block 2⁴⁰",
      { op: "DepthToSpace", opset: 13, fed: { picture }, attributes: { blocksize: 2 ** 40 }, says: picture },
      /blocksize: expected an integer from 1 to 2147483647/,
    ],
    [
      "DepthToSpace that does not come out even",
      { op: "DepthToSpace", opset: 13, fed: { picture }, attributes: { blocksize: 3 }, says: picture },
      /expected \[B, C · 3², H, W\]/,
    ],
    [
      "more axes than anybody has",
      { op: "Abs", opset: 13, fed: { x: float32(Array(65).fill(1), [1]) } },
      /at most 64 axes/,
    ],
  ])("%s", (_, node, message) => {
    const read = () => readModel(oneNode(node), { where: "m.onnx" });
    const start = performance.now();
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^m\.onnx[^\n]*$/);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe("names stand once", () => {
  const model = oneNodeModel({ op: "Abs", opset: 13, fed: { x: numbers(1) }, inputs: ["x"] });
  const graph = model.graph!;
  const weight = { name: "w", dims: [1], data_type: 1, float_data: [1] };
  const abs = (name: string, output: string) => ({ op_type: "Abs", name, input: ["x"], output: [output] });
  test.each([
    ["nodes", { node: [abs("n", "y0"), abs("n", "z")] }, /two nodes called "n"/],
    ["tensors that nodes make", { node: [abs("a", "y0"), abs("b", "y0")] }, /two tensors called "y0"/],
    ["a node and an input", { node: [abs("a", "x")], output: graph.input }, /two tensors called "x"/],
    ["inputs", { input: [...graph.input!, ...graph.input!] }, /two tensors called "x"/],
    ["initializers", { initializer: [weight, weight] }, /two tensors called "w"/],
    ["outputs", { output: [...graph.output!, ...graph.output!] }, /two outputs called "y0"/],
  ])("%s", (_, change, message) => {
    expect(() => readModel(encodeModel({ ...model, graph: { ...graph, ...change } }))).toThrow(message);
  });

  test("a weight may stand among the inputs too, as in old files", () => {
    const input = [...graph.input!, { name: "w" }];
    const read = readModel(encodeModel({ ...model, graph: { ...graph, input, initializer: [weight] } }));
    expect(Object.keys(read.inputs)).toEqual(["x"]);
  });

  test("a name cannot break the line of a message", () => {
    const node = [{ op_type: "Nonsense", name: "a\n\u001b[2J", input: ["x"], output: ["y0"] }];
    const read = () => readModel(encodeModel({ ...model, graph: { ...graph, node } }));
    expect(read).toThrow(InputError);
    expect(read).toThrow("onnx node a ?[2J (Nonsense)");
  });
});

describe("shapes of kept operators follow from constants", () => {
  test.each<[string, OneNode, readonly number[]]>([
    ["Tile", { op: "Tile", opset: 13, fed: { x: count(2, 3) }, inputs: ["x", integers(2, 1)] }, [4, 3]],
    [
      "Resize by sizes",
      { op: "Resize", opset: 13, fed: { x: count(1, 2, 3) }, inputs: ["x", null, null, integers(1, 4, 5)] },
      [1, 4, 5],
    ],
    [
      "Resize by scales of some axes",
      {
        op: "Resize",
        opset: 18,
        fed: { x: count(1, 2, 3) },
        inputs: ["x", null, numbers(2)],
        attributes: { axes: [-1] },
      },
      [1, 2, 6],
    ],
    ["Range", { op: "Range", opset: 11, inputs: [number(0), number(1), number(0.3)] }, [4]],
    [
      "Pad that wraps",
      {
        op: "Pad",
        opset: 19,
        fed: { x: count(2, 3) },
        inputs: ["x", integers(0, 1, 0, 1)],
        attributes: { mode: "wrap" },
      },
      [2, 5],
    ],
    ["Mod", { op: "Mod", opset: 13, fed: { a: integers(1, 2) }, inputs: ["a", integer(2)] }, [2]],
    [
      "CenterCropPad",
      {
        op: "CenterCropPad",
        opset: 18,
        fed: { x: count(2, 3) },
        inputs: ["x", integers(5)],
        attributes: { axes: [1] },
      },
      [2, 5],
    ],
    [
      "AffineGrid",
      { op: "AffineGrid", opset: 20, fed: { x: count(1, 2, 3) }, inputs: ["x", integers(1, 1, 4, 5)] },
      [1, 4, 5, 2],
    ],
    ["EyeLike", { op: "EyeLike", opset: 9, fed: { x: count(2, 3) }, attributes: { dtype: 7 } }, [2, 3]],
    ["HannWindow", { op: "HannWindow", opset: 17, inputs: [integer(6)] }, [6]],
    [
      "MelWeightMatrix",
      { op: "MelWeightMatrix", opset: 17, inputs: [integer(4), integer(16), integer(8000), number(0), number(4000)] },
      [9, 4],
    ],
  ])("%s", async (_, node, shape) => {
    const [[got]] = await run(node);
    expect(got).toEqual(shape);
  });
});

test("shape arithmetic is exact to 2⁶³ and leaves division by zero to the runtime", () => {
  const large = { dtype: "int64", shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) } as const;
  const sliced = readModel(
    encodeModel({
      ...oneNodeModel({ op: "Identity", opset: 13 }),
      graph: {
        ...oneNodeModel({
          op: "Concat",
          opset: 13,
          fed: { x: count(2, 3) },
          inputs: [large, large],
          attributes: { axis: 0 },
        }).graph!,
        node: [
          { op_type: "Concat", input: ["c0", "c1"], output: ["ends"], attribute: [{ name: "axis", type: 2, i: 0 }] },
          { op_type: "Sub", input: ["ends", "ends"], output: ["starts"] },
          { op_type: "Slice", input: ["x", "starts", "ends"], output: ["y0"] },
        ],
      },
    }),
  );
  expect(sliced.outputs.y0.shape).toEqual([2, 3]);
  const divided = readModel(oneNode({ op: "Div", opset: 13, inputs: [integers(1), integers(0)] }));
  expect(divided.outputs.y0.shape).toEqual([1]);
});
