import { describe, expect, test } from "vitest";
import { count, integer, integers, number, numbers, type OneNode, runNode } from "../../test/support/onnx-node.ts";
import { float32, fromNumbers } from "../array/ndarray.ts";

type Expected = readonly (readonly [readonly number[], readonly number[]])[];

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
    expect(await runNode(node)).toEqual(expected);
  });
});
