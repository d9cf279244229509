import { describe, expect, test } from "vitest";
import { count, integers, number, numbers, type OneNode, runNode } from "../../test/support/onnx-node.ts";
import { float32 } from "../array/ndarray.ts";

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
    const got = await runNode(node);
    expect(got.map(([shape]) => shape)).toEqual(expected.map(([shape]) => shape));
    got.forEach(([, values], i) => {
      expected[i][1].forEach((value, j) => {
        expect((values as number[])[j]).toBeCloseTo(value, 4);
      });
    });
  });
});
