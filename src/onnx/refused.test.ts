import { describe, expect, test } from "vitest";
import { count, integer, integers, numbers, type OneNode, oneNode } from "../../test/support/onnx-node.ts";
import { float32 } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { readModel } from "./read.ts";

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
      /expected float32 \[10\] as the file says, got float32 \[2147483647\]/,
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
