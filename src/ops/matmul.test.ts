import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build } from "../../test/support/check-plain.ts";
import type { NdArray } from "../array/ndarray.ts";
import { broadcastShapes } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input, type Target, type Tensor } from "../graph/tensor.ts";
import { plainTarget } from "../runtime/evaluate.ts";
import { matmul } from "./index.ts";

interface Options {
  transposeA?: boolean;
  transposeB?: boolean;
  scale?: number;
}

/** The definition: each element a sum of products over the shared axis. */
function product({ transposeA, transposeB, scale = 1 }: Options) {
  return (a: NdArray, b: NdArray): NdArray => {
    const [rowsA, columnsA] = a.shape.slice(-2);
    const [rowsB, columnsB] = b.shape.slice(-2);
    const batch = broadcastShapes("test", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const inner = transposeA ? rowsA : columnsA;
    return build([...batch, transposeA ? columnsA : rowsA, transposeB ? rowsB : columnsB], (index) => {
      const [i, j] = index.slice(-2);
      const rest = index.slice(0, -2);
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum +=
          at(a, [...rest, ...(transposeA ? [k, i] : [i, k])]) * at(b, [...rest, ...(transposeB ? [j, k] : [k, j])]);
      }
      return scale * sum;
    });
  };
}

const shapes: [number[], number[]][] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 3],
    [3, 1],
  ],
  [
    [5, 2, 3],
    [3, 4],
  ],
  [
    [2, 5, 2, 3],
    [3, 4],
  ],
  [
    [2, 3],
    [5, 3, 4],
  ],
  [
    [5, 2, 3],
    [5, 3, 4],
  ],
  [
    [2, 1, 2, 3],
    [5, 3, 4],
  ],
];
const flags: Options[] = [
  {},
  { transposeA: true },
  { transposeB: true },
  { transposeA: true, transposeB: true, scale: 0.5 },
  { scale: -2 },
];
const swap = (shape: number[], yes?: boolean) => (yes ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape);
const cases: Case[] = shapes.flatMap(([a, b]) =>
  flags.map((options) => ({
    title: `[${a}] by [${b}] ${JSON.stringify(options)}`,
    inputs: [swap(a, options.transposeA), swap(b, options.transposeB)],
    build: (x: Tensor, y: Tensor) => matmul(x, y, options),
    forward: product(options),
  })),
);
checkOp("matmul", matmul, cases);
// Float32 on the CPU goes through ONNX Runtime's FusedMatMul.
checkOp("matmul", matmul, cases.slice(10, 20), { dtype: "float32" });

const portable: Target = { device: "webgpu", operators: "portable", convBlock: 0 };
const operators = (y: Tensor, target: Target) =>
  reach(Object.values(lower({ outputs: { y } }, target).outputs)).nodes.map(({ op }) => op);

test("transposes and scale are one operator on the CPU", () => {
  const y = matmul(input("a", [3, 2]), input("b", [3, 4]), { transposeA: true, scale: 2 });
  expect(operators(y, plainTarget)).toEqual(["FusedMatMul"]);
});

test("elsewhere they are standard operators, and the scale multiplies the smallest tensor", () => {
  const y = matmul(input("a", [3, 2]), input("b", [3, 400]), { transposeA: true, scale: 2 });
  const { nodes } = reach(Object.values(lower({ outputs: { y } }, portable).outputs));
  expect(nodes.map(({ op }) => op)).toEqual(["Transpose", "Mul", "MatMul"]);
  expect(nodes[1].outputs[0].shape).toEqual([2, 3]);
});

test("the gradient of a weight shared by a batch is one matrix product", () => {
  const w = input("w", [3, 4]);
  const [dw] = gradients(matmul(input("x", [8, 5, 3]), w), [w], { seed: input("dy", [8, 5, 4]) });
  expect(operators(dw, plainTarget).filter((op) => op.includes("MatMul") || op.includes("Reduce"))).toEqual([
    "FusedMatMul",
  ]);
});

const x = input("x", [2, 3]);
checkErrors("matmul", [
  [
    "matmul: columns of a must equal rows of b, got 3 and 2 ([2, 3] and [2, 3]). Check the transposes.",
    () => matmul(x, x),
  ],
  ["got 2 and 3 ([2, 3] transposed and [2, 3] transposed)", () => matmul(x, x, { transposeA: true, transposeB: true })],
  [
    "matmul: a and b must have at least two axes, got [2, 3] and [3]. Unsqueeze vectors.",
    () => matmul(x, input("y", [3])),
  ],
  ["matmul: a and b must have one type, got float32 and float64", () => matmul(x, input("y", [3, 1], "float64"))],
  ["matmul: x must be a float tensor, got int64", () => matmul(input("y", [3, 1], "int64"), x)],
  ["matmul: shapes must be equal or 1 on each axis", () => matmul(input("y", [2, 2, 2]), input("z", [3, 2, 2]))],
]);
