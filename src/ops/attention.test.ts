import { describe, expect, test } from "vitest";
import { type Case, checkErrors, checkOp, expectNear } from "../../test/support/check.ts";
import { at, build } from "../../test/support/check-plain.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { type Shape, sizeOf } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input, type Target, type Tensor } from "../graph/tensor.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { attention, matmul, softmax } from "./index.ts";

/** The definition, query by query. */
function plainAttention(scale: number) {
  return (q: NdArray, k: NdArray, v: NdArray): NdArray => {
    const [keys, values] = v.shape.slice(-2);
    return build([...q.shape.slice(0, -1), values], (index) => {
      const [i, j] = index.slice(-2);
      const rest = index.slice(0, -2);
      let [total, weighted] = [0, 0];
      for (let s = 0; s < keys; s++) {
        let score = 0;
        for (let c = 0; c < q.shape.at(-1)!; c++) score += at(q, [...rest, i, c]) * at(k, [...rest, s, c]);
        const power = Math.exp(scale * score);
        total += power;
        weighted += power * at(v, [...rest, s, j]);
      }
      return weighted / total;
    });
  };
}

/** q, k and v of T queries, S keys, widths d and e. */
const shapes = (leading: Shape, [t, s, d, e]: readonly number[]): Shape[] => [
  [...leading, t, d],
  [...leading, s, d],
  [...leading, s, e],
];
const inOnePiece = Number.POSITIVE_INFINITY;
const settings: [string, Shape, number[], number, number][] = [
  ["in one piece", [2], [5, 3, 4, 2], 0.5, inOnePiece],
  ["in one piece, no batch", [], [3, 4, 2, 2], 1, inOnePiece],
  ["two matrices a tile, three in all", [3], [4, 3, 2, 2], 0.5, 24],
  ["one matrix a tile", [2, 3], [2, 3, 2, 3], -0.7, 7],
  ["runs of rows that do not divide them", [2], [5, 3, 4, 2], 0.5, 6],
  ["one row a tile", [2], [3, 2, 3, 2], 2, 1],
  ["rows longer than a tile", [1, 2], [2, 5, 2, 1], 0.5, 3],
  ["no batch", [], [7, 3, 2, 2], 1, 9],
  ["one query", [4], [1, 3, 2, 2], 1, 3],
  ["one key", [2], [3, 1, 2, 2], 1, 2],
];
const cases: Case[] = settings.map(([title, leading, sizes, scale, chunkElements]) => ({
  title: `${title}, T S d e = ${sizes}`,
  inputs: shapes(leading, sizes),
  build: (q, k, v) => attention(q, k, v, { scale, chunkElements }),
  forward: plainAttention(scale),
}));
checkOp("attention", attention, cases);
// Float32 on the CPU goes through ONNX Runtime's FusedMatMul. With one key all gradients but dv's are 0, and rounding.
checkOp("attention", attention, cases.slice(0, -1), { dtype: "float32" });

const portable: Target = { device: "webgpu", operators: "portable", convBlock: 0 };
const lowered = (outputs: Record<string, Tensor>, target: Target = plainTarget) =>
  reach(Object.values(lower({ outputs }, target).outputs)).nodes;
const operators = (y: Tensor, target: Target) => lowered({ y }, target).map(({ op }) => op);
const [q, k, v] = shapes([2, 3], [10, 8, 4, 5]).map((shape, i) => input(`x${i}`, shape));
const dy = input("dy", [2, 3, 10, 5]);

test.each([plainTarget, portable])("few scores are the plain operators, on $device", (target) => {
  const plain = matmul(softmax(matmul(q, k, { transposeB: true, scale: 0.5 })), v);
  const graph = (y: Tensor) => operators(gradients(y, [q, k, v], { seed: dy })[1], target);
  const y = attention(q, k, v, { scale: 0.5, chunkElements: 480 });
  expect(operators(y, target)).toEqual(operators(plain, target));
  expect(graph(y)).toEqual(graph(plain));
});

describe("many scores", () => {
  const chunkElements = 30;
  const y = attention(q, k, v, { scale: 0.5, chunkElements });
  const [dq, dk, dv] = gradients(y, [q, k, v], { seed: dy });

  test("no larger piece of them is ever computed, forward or backward", () => {
    const sizes = lowered({ y, dq, dk, dv }).flatMap(({ op, outputs }) =>
      op === "Softmax" ? outputs.map(({ shape }) => sizeOf(shape)) : [],
    );
    expect(sizes.length).toBe(2 * 6 * 4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(chunkElements);
  });

  test("standard operators only, where the target wants them", () => {
    const domains = lowered({ y, dq, dk, dv }, portable).map(({ domain }) => domain);
    expect(new Set(domains)).toEqual(new Set([""]));
  });

  test("going back, no tile is begun before the one before is done", () => {
    const backward = lowered({ dq, dk, dv }).filter(({ outputs }) => reach(outputs).leaves.has("dy"));
    // Products that must have been computed before, of five a tile.
    const productsDone = (x: Tensor) =>
      reach([x]).nodes.filter((n) => n.op === "FusedMatMul" && backward.includes(n)).length;
    const tiles = Array.from({ length: 24 }, (_, i) => 5 * i + 1);
    const probabilities = backward.filter(({ op }) => op === "Softmax");
    expect(probabilities.map(({ outputs }) => productsDone(outputs[0]))).toEqual(tiles);
    const slopes = backward.filter(({ op }) => op === "Sub");
    expect(slopes.map(({ inputs }) => productsDone(inputs[0]!))).toEqual(tiles);
  });
});

test("in tiles or in one piece, float32 numbers are the same but for rounding, also where scores are large", async () => {
  const arrays = shapes([2], [37, 29, 16, 8]).map((shape, i) =>
    float32(
      shape,
      new Random("attention", i).fillNormal(new Float32Array(sizeOf(shape))).map((x) => 4 * x),
    ),
  );
  const feeds = Object.fromEntries(arrays.map((array, i) => [`x${i}`, array]));
  const run = (chunkElements: number) => {
    const xs = arrays.map(({ shape }, i) => input(`x${i}`, shape));
    const y = attention(xs[0], xs[1], xs[2], { chunkElements });
    const [dq, dk, dv] = gradients(y, xs);
    return evaluate({ y, dq, dk, dv }, feeds);
  };
  const [whole, tiles] = [await run(inOnePiece), await run(100)];
  for (const name of Object.keys(whole)) expectNear(toNumbers(tiles[name]), toNumbers(whole[name]), 1e-5, name);
});

test("gradients near the largest float32 number do not become NaN by what orders the tiles", async () => {
  const [q, k, v] = [
    [1, 3, 2],
    [1, 2, 2],
    [1, 2, 1],
  ].map((shape, i) => input(`x${i}`, shape));
  const seed = input("dy", [1, 3, 1]);
  const y = attention(q, k, v, { chunkElements: 2 });
  const [dq, dk, dv] = gradients(y, [q, k, v], { seed });
  const feeds = {
    x0: float32([1, 3, 2], new Float32Array(6).fill(1)),
    x1: float32([1, 2, 2], new Float32Array([1, 1, -1, -1])),
    x2: float32([1, 2, 1], new Float32Array([1, -1])),
    dy: float32([1, 3, 1], new Float32Array([1.4e38, -1.4e38, 1.4e38])),
  };
  const results = await evaluate({ dq, dk, dv }, feeds);
  for (const name of ["dq", "dk", "dv"]) expect(toNumbers(results[name]).every(Number.isFinite), name).toBe(true);
});

const of = (shape: Shape) => input("x", shape);
checkErrors("attention", [
  [
    "attention: expected q [..., T, d], k [..., S, d] and v [..., S, e] of one type with equal leading axes, got float32 [2, 3], float32 [4, 2], float32 [4, 1]. Reshape or cast them.",
    () => attention(of([2, 3]), of([4, 2]), of([4, 1])),
  ],
  ["got float32 [2, 3], float32 [4, 3], float32 [5, 1]", () => attention(of([2, 3]), of([4, 3]), of([5, 1]))],
  ["got float32 [3], float32 [4, 3], float32 [4, 1]", () => attention(of([3]), of([4, 3]), of([4, 1]))],
  ["float32 [1, 2, 3], float32 [2, 4, 3]", () => attention(of([1, 2, 3]), of([2, 4, 3]), of([2, 4, 1]))],
  ["float64 [4, 3]", () => attention(of([2, 3]), input("k", [4, 3], "float64"), of([4, 1]))],
  ["attention: x must be a float tensor, got int64", () => attention(input("q", [2, 3], "int64"), q, q)],
  ["attention: chunkElements must be 1 or above, got 0. Leave it out.", () => attention(q, k, v, { chunkElements: 0 })],
]);
