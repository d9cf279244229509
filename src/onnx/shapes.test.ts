import { describe, expect, test } from "vitest";
import {
  count,
  integer,
  integers,
  number,
  numbers,
  type OneNode,
  oneNode,
  oneNodeModel,
  runNode,
} from "../../test/support/onnx-node.ts";
import { readModel } from "./read.ts";
import { encodeModel } from "./wire.ts";

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
    const [[got]] = await runNode(node);
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
