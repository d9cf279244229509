import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Named, type NdArray, scalar, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { constant, input, node, type Tensor, variable } from "../graph/tensor.ts";
import {
  add,
  clip,
  div,
  greater,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  sqrt,
  square,
  sub,
  where,
} from "../ops/index.ts";
import { elementwiseModel } from "./elementwise.ts";
import { operations, pieceLength } from "./elementwise-kernel.ts";
import { elementwiseSession } from "./elementwise-session.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { openEngine } from "./open.ts";

const drawn = (length: number, seed: number) =>
  float32([length], new Random(seed, "elementwise").fillNormal(new Float32Array(length)));
/** Numbers that arithmetic is seldom tried on. */
const strange = [0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, 1e-30, 0.1];

async function run(outputs: Named<Tensor>, feeds: Named<NdArray>) {
  const model = elementwiseModel({ outputs });
  if (model === null) throw new Error("expected a graph that is elementwise.");
  return elementwiseSession(model).run(feeds, Object.fromEntries(Object.keys(outputs).map((name) => [name, null])));
}

const cases: Record<string, (a: Tensor, b: Tensor, s: Tensor) => Tensor> = {
  Add: (a, b, s) => add(add(a, b), s),
  Sub: (a, b, s) => sub(sub(s, a), b),
  Mul: (a, b, s) => mul(mul(a, b), s),
  Div: (a, b, s) => div(div(s, a), b),
  Neg: (a) => neg(a),
  Sqrt: (a, _, s) => mul(sqrt(a), sqrt(s)),
  Min: (a, b, s) => minimum(add(a, b), minimum(s, 0.5)),
  Max: (a, b, s) => maximum(add(a, b), maximum(s, 0.5)),
  Clip: (a, _, s) => mul(clip(a, { min: -0.5, max: 0.25 }), clip(s, { min: 0, max: 0.5 })),
  Greater: (a, b, s) => where(greater(s, 0), a, b),
  Where: (a, b, s) => add(where(greater(s, 10), a, b), where(greater(s, 10), s, square(s))),
};

describe("each operator has ONNX Runtime's bits", () => {
  test("all are tried", () => expect(Object.keys(cases).sort()).toEqual(Object.keys(operations).sort()));

  test.each(Object.entries(cases))("%s", async (_, of) => {
    for (const length of [2, 3, 4, pieceLength - 1, 2 * pieceLength + 5]) {
      const [a, b, s] = [input("a", [length]), input("b", [length]), input("s", [])];
      const feeds = { a: drawn(length, 1), b: drawn(length, 2), s: scalar(0.7) };
      const outputs = { y: of(a, b, s) };
      const [ours, theirs] = [await run(outputs, feeds), await evaluate(outputs, feeds)];
      expect(toNumbers(ours.y)).toEqual(toNumbers(theirs.y));
    }
  });

  test.each(["Add", "Sub", "Mul", "Div", "Neg", "Sqrt"])(
    "%s of zeros, infinities, NaN and the smallest numbers",
    async (name) => {
      const pairs = strange.flatMap((x) => strange.map((y) => [x, y] as const));
      const [a, b, s] = [input("a", [pairs.length]), input("b", [pairs.length]), input("s", [])];
      const feeds = {
        a: float32(
          [pairs.length],
          pairs.map(([x]) => x),
        ),
        b: float32(
          [pairs.length],
          pairs.map(([, y]) => y),
        ),
        s: scalar(-1e-3),
      };
      const outputs = { y: cases[name](a, b, s) };
      expect(toNumbers((await run(outputs, feeds)).y)).toEqual(toNumbers((await evaluate(outputs, feeds)).y));
    },
  );

  test("of single numbers, too", async () => {
    const [a, b, s] = [input("a", [1]), input("b", [1]), input("s", [])];
    const feeds = { a: float32([1], [0.3]), b: float32([1], [-1.7]), s: scalar(0.7) };
    const outputs = Object.fromEntries(Object.entries(cases).map(([name, of]) => [name, of(a, b, s)]));
    const [ours, theirs] = [await run(outputs, feeds), await evaluate(outputs, feeds)];
    for (const name of Object.keys(outputs)) expect([name, ours[name]]).toEqual([name, theirs[name]]);
  });
});

test("parameters of one form have one kernel, and one loop each for all that is made of them", () => {
  const s = input("s", []);
  const outputs: Record<string, Tensor> = {};
  for (const [i, length] of [5, 9000, 17].entries()) {
    const [p, m] = [variable(`p${i}`, [length]), variable(`m${i}`, [length])];
    outputs[`m${i}`] = add(mul(m, 0.9), p);
    outputs[`p${i}`] = sub(p, mul(outputs[`m${i}`], s));
  }
  const { kernels, loops } = elementwiseModel({ outputs })!;
  expect(kernels.length).toBe(1);
  expect(loops.map(({ length, writes }) => [length, writes])).toEqual([
    [5, ["m0", "p0"]],
    [9000, ["m1", "p1"]],
    [17, ["m2", "p2"]],
  ]);
});

test("other shapes of the same numbers, and copies, take nothing", async () => {
  const [p, g, copy] = [variable("p", [6, 4, 1, 1]), variable("g", [6, 4, 1, 1]), variable("copy", [3])];
  const flat = sub(reshape(p, [24]), reshape(g, [24]));
  const outputs = {
    next: reshape(flat, [6, 4, 1, 1]),
    copied: node("Identity", [copy], { output: copy, gradient: null }),
  };
  const ofShape = (shape: number[], seed: number) => ({ ...drawn(sizeOf(shape), seed), shape });
  const feeds = { p: ofShape(p.shape as number[], 5), g: ofShape(g.shape as number[], 6), copy: ofShape([3], 7) };
  const results = await run(outputs, feeds);
  expect(results.next).toEqual((await evaluate(outputs, feeds)).next);
  expect(toNumbers(results.copied)).toEqual(toNumbers(feeds.copy));
  expect(elementwiseModel({ outputs })!.loops.map(({ reads }) => reads)).toEqual([["p", "g"], ["copy"]]);
});

test("results may go over what they are made of", async () => {
  const length = 3 * pieceLength + 2;
  const [p, m] = [variable("p", [length]), variable("m", [length])];
  const outputs = { p: sub(p, m), m: add(m, p) };
  const feeds = () => ({ p: drawn(length, 3), m: drawn(length, 4) });
  const apart = await run(outputs, feeds());
  const over = feeds();
  const results = await elementwiseSession(elementwiseModel({ outputs })!).run(over, over);
  expect(results.p).toBe(over.p);
  expect(results).toEqual(apart);
});

test.each<[string, () => Tensor]>([
  ["a product of matrices", () => add(matmul(variable("x", [4, 4]), variable("y", [4, 4])), 1)],
  ["rows against columns", () => add(variable("x", [4, 1]), variable("y", [1, 4]))],
  ["rows against a matrix", () => add(variable("x", [4]), variable("y", [4, 4]))],
  ["a fixed array", () => add(variable("x", [2]), constant(float32([2], [1, 2])))],
  ["integers", () => add(variable("x", [2], "int64"), variable("y", [2], "int64"))],
  ["a condition for each number", () => where(greater(variable("x", [2]), 0), variable("y", [2]), 0)],
])("%s: left to ONNX Runtime", (_, build) => {
  expect(elementwiseModel({ outputs: { y: build() } })).toBeNull();
});

describe("in the engine's thread", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  test("reads and overwrites the store", async () => {
    const [x, rate] = [variable("x", [3]), input("rate", [])];
    const outputs = { next: mul(x, rate), first: add(rate, 1) };
    await engine.put({ x: float32([3], [1, 2, 3]) });
    const program = await engine.load(elementwiseModel({ outputs })!, ["x"], {
      writes: { next: "x" },
      inPlace: ["next"],
    });
    for (const expected of [
      [2, 4, 6],
      [4, 8, 12],
    ]) {
      expect(await program.run({ rate: scalar(2) })).toEqual({ first: scalar(3) });
      expect(toNumbers((await engine.get(["x"])).x)).toEqual(expected);
    }
    await program.release();
  });
});
