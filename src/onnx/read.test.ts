import { describe, expect, test } from "vitest";
import { normal } from "../../test/support/normal.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { InputError } from "../errors.ts";
import { lower } from "../graph/graph.ts";
import { constant, input, type Leaf, type Target } from "../graph/tensor.ts";
import * as ops from "../ops/index.ts";
import { readModel } from "./read.ts";
import { tensorProto, valueInfo } from "./tensor-proto.ts";
import { decodeModel, encodeModel, type ModelProto } from "./wire.ts";
import { writeModel } from "./write.ts";

const portable: Target = { device: "cpu", operators: "portable", convBlock: 0 };

const m = input("m", [4, 6]);

describe("reader", () => {
  const good = writeModel(
    lower({ outputs: { y: ops.add(ops.mul(m, 2), constant(normal([6], "c"))) } }, portable),
  ).bytes;
  const change = (edit: (model: ModelProto) => void) => {
    const model = structuredClone(decodeModel(good));
    edit(model);
    return encodeModel(model);
  };

  test("shape arithmetic of other programs becomes constants", async () => {
    const model: ModelProto = {
      ...decodeModel(good),
      graph: {
        name: "foreign",
        input: [valueInfo("x", { dtype: "float32", shape: [-1, 6] })],
        output: [valueInfo("y", { dtype: "float32", shape: [-1, -1] })],
        initializer: [
          tensorProto(fromNumbers("int64", [], [0]), "zero"),
          tensorProto(fromNumbers("int64", [1], [-1]), "rest"),
        ],
        node: [
          { op_type: "Shape", input: ["x"], output: ["shape"] },
          { op_type: "Gather", input: ["shape", "zero"], output: ["batch"] },
          {
            op_type: "Constant",
            output: ["axes"],
            attribute: [{ name: "value", type: 4, t: tensorProto(fromNumbers("int64", [1], [0])) }],
          },
          { op_type: "Unsqueeze", input: ["batch", "axes"], output: ["front"] },
          {
            op_type: "Concat",
            input: ["front", "rest"],
            output: ["sizes"],
            attribute: [{ name: "axis", type: 2, i: 0 }],
          },
          { op_type: "Reshape", input: ["x", "sizes"], output: ["y"] },
        ],
      },
    };
    const { outputs } = readModel(encodeModel(model), { sizes: { "x:0": 4 } });
    expect(outputs.y.shape).toEqual([4, 6]);
    expect((outputs.y.source as Leaf).name).toBe("x");
    expect(() => readModel(encodeModel(model))).toThrow(/input x: expected a size for axis 0, which is called x:0/);
  });

  test("64-bit integers are exact, also outside raw bytes", () => {
    const largest = (2n ** 63n - 1n).toString();
    const bytes = change(({ graph }) => {
      graph!.initializer = [...graph!.initializer!, { name: "big", dims: [1], data_type: 7, int64_data: [largest] }];
      graph!.output = [valueInfo("big", { dtype: "int64", shape: [1] })];
    });
    expect((readModel(bytes).outputs.big.source as Leaf).value?.data[0]).toBe(2n ** 63n - 1n);
  });

  test.each<[string, (model: ModelProto) => void, RegExp]>([
    [
      "an unknown operator",
      ({ graph }) => {
        graph!.node = [{ op_type: "Mystery", input: ["m"], output: ["y"] }];
      },
      /node 1 \(Mystery\): expected an operator of ONNX, got "Mystery"/,
    ],
    [
      "an operator that we do not have without a shape",
      ({ graph }) => {
        graph!.node = [{ op_type: "NonZero", input: ["m"], output: ["y"] }];
        graph!.output = [{ name: "y" }];
        graph!.value_info = [];
      },
      /node 1 \(NonZero\): expected the file to tell the shape of output 1/,
    ],
    [
      "a node that comes too early",
      ({ graph }) => {
        graph!.node = [...graph!.node!].reverse();
      },
      /expected an earlier node that makes "Mul_1"/,
    ],
    [
      "an output that nothing makes",
      ({ graph }) => {
        graph!.output = [valueInfo("z", m)];
      },
      /expected a node that makes output "z"/,
    ],
    [
      "a weight that is too short",
      ({ graph }) => {
        graph!.initializer = [
          { ...graph!.initializer![0], raw_data: new Uint8Array(2) },
          ...graph!.initializer!.slice(1),
        ];
      },
      /expected \d+ bytes of numbers, got 2/,
    ],
    [
      "a weight with negative sizes",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], dims: [-3] }];
      },
      /expected sizes of 0 or more/,
    ],
    [
      "a weight of astronomic size",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], dims: [2 ** 40, 2 ** 40] }];
      },
      /expected sizes of 0 or more and at most/,
    ],
    [
      "a weight outside the folder",
      ({ graph }) => {
        const external = [{ key: "location", value: "../../etc/passwd" }];
        graph!.initializer = [
          { ...graph!.initializer![0], raw_data: undefined, data_location: 1, external_data: external },
        ];
      },
      /location "..\/..\/etc\/passwd"/,
    ],
    [
      "text as a weight",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], data_type: 8 }];
      },
      /expected an element type out of/,
    ],
    [
      "an operator set of long ago",
      (model) => {
        model.opset_import = [{ domain: "", version: 3 }];
      },
      /expected ONNX operator set 7 to 25, got 3/,
    ],
    [
      "a foreign domain",
      ({ graph }) => {
        graph!.node = [{ ...graph!.node![0], domain: "ai.onnx.ml" }];
      },
      /got one of domain "ai.onnx.ml"/,
    ],
    [
      "shapes that contradict each other",
      ({ graph }) => {
        graph!.output = [valueInfo("y", { dtype: "float32", shape: [5, 5] })];
      },
      /expected float32 \[5, 5\] as the file says, got float32 \[4, 6\]/,
    ],
    [
      "operands that do not go together",
      ({ graph }) => {
        graph!.initializer = graph!.initializer!.map((tensor) =>
          tensor.dims === undefined ? tensor : { ...tensor, dims: [3], raw_data: new Uint8Array(12) },
        );
        graph!.value_info = [];
      },
      /\(Add\): Add: shapes must be equal or 1/,
    ],
    [
      "a subgraph",
      ({ graph }) => {
        graph!.node = [
          { op_type: "If", input: ["m"], output: ["y"], attribute: [{ name: "then_branch", type: 5, g: {} }] },
        ];
      },
      /got If, which holds a graph of its own/,
    ],
  ])("%s is an error of one line", (_, edit, message) => {
    const read = () => readModel(change(edit), { where: "model.onnx" });
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^model\.onnx[^\n]*$/);
  });

  test("no cut or flipped byte is more than an error of one line", () => {
    const random = new Random(5, "damage");
    for (let i = 0; i < 300; i++) {
      const bytes = new Uint8Array(i % 3 === 0 ? good.slice(0, random.integer(good.length)) : good);
      if (i % 3 !== 0 && bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        readModel(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as Error).message).not.toContain("\n");
      }
    }
  });
});
