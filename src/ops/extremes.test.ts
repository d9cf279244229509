/** Largest and smallest numbers where some are NaN or infinite: nothing may hide a NaN, forward or back. */
import { describe, expect, test } from "vitest";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

const targets = [
  { device: "cpu", operators: "native", convBlock: 0 },
  { device: "webgpu", operators: "portable", convBlock: 0 },
] as const;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** y, and the gradient of its sum, for given numbers. */
async function run(build: (x: Tensor) => Tensor, shape: number[], numbers: number[], target: (typeof targets)[number]) {
  const x = input("x", shape);
  const y = build(x);
  const got = await evaluate(
    { y, dx: gradients(ops.sum(y), [x])[0] },
    { x: fromNumbers("float32", shape, numbers) },
    { target },
  );
  return { y: toNumbers(got.y), dx: toNumbers(got.dx) };
}

const rows = [
  [1, nan, 2, 4, 3],
  [nan, 1, 2, 4, 3],
  [1, 2, 3, 4, nan],
  [infinity, nan, -infinity, 0, 1],
  [nan, nan, nan, nan, nan],
  [-infinity, infinity, infinity, 1, 2],
  [-infinity, -infinity, -infinity, -infinity, -infinity],
  [5, -5, 5, 0, 1],
];

describe.each(targets)("on $device, $operators", (target) => {
  test.each(rows)("max and min of %j, %j, %j, %j, %j", async (...row) => {
    for (const [reduce, f] of [
      [ops.max, Math.max],
      [ops.min, Math.min],
    ] as const) {
      const expected = f(...row); // JavaScript's own let NaN win
      const { y, dx } = await run(reduce, [5], row, target);
      expect(y).toEqual([expected]);
      const chosen = row.map((value) => Object.is(value, expected) || value === expected);
      const share = 1 / chosen.filter(Boolean).length;
      expect(dx).toEqual(chosen.map((is) => (is ? Math.fround(share) : 0)));
    }
  });

  test("a NaN is found wherever it stands in long rows", async () => {
    const random = new Random(3, "rows");
    for (const length of [7, 16, 33, 100]) {
      const numbers = Array.from({ length: 3 * length }, () => random.between(-1, 1));
      const place = Math.floor(random.between(0, length));
      numbers[length + place] = nan;
      const { y, dx } = await run((x) => ops.max(x, { axes: [1] }), [3, length], numbers, target);
      expect(y.map(Number.isNaN)).toEqual([false, true, false]);
      expect(dx[length + place]).toBe(1);
    }
  });

  test.each(rows)("topK of %j, %j, %j, %j, %j", async (...row) => {
    const order = (a: number, b: number) =>
      Object.is(a, b) ? 0 : Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a < b ? -1 : a > b ? 1 : 0;
    for (const largest of [true, false]) {
      const sorted = [...row].sort((a, b) => (largest ? order(b, a) : order(a, b)));
      const { y, dx } = await run((x) => ops.topK(x, 3, { largest }).values, [5], row, target);
      expect(y).toEqual(sorted.slice(0, 3));
      row.forEach((value, i) => {
        if (dx[i] === 1) expect(sorted.slice(0, 3).some((taken) => Object.is(taken, value))).toBe(true);
      });
      expect(dx.reduce((a, b) => a + b)).toBe(3);
    }
  });

  test("maxPool shows a NaN in every window that holds it, and sends the gradient there", async () => {
    for (const place of [0, 1, 5, 7, 11, 24]) {
      const numbers = Array.from({ length: 25 }, (_, i) => -1 - ((i * 7) % 25));
      numbers[place] = nan;
      const { y, dx } = await run(
        (x) => ops.maxPool(x, { kernel: 3, strides: 2, padding: 1 }),
        [1, 1, 5, 5],
        numbers,
        target,
      );
      const [row, column] = [Math.floor(place / 5), place % 5];
      const met = y.map((_, i) => Math.abs(2 * Math.floor(i / 3) - row) <= 1 && Math.abs(2 * (i % 3) - column) <= 1);
      expect(y.map(Number.isNaN)).toEqual(met);
      expect(dx[place]).toBe(met.filter(Boolean).length);
      expect(dx.reduce((a, b) => a + b)).toBe(9);
    }
  });

  test("maxPool keeps infinities", async () => {
    const { y, dx } = await run(
      (x) => ops.maxPool(x, { kernel: 2 }),
      [1, 1, 2, 4],
      [1, infinity, -infinity, -infinity, 2, 3, -infinity, -infinity],
      target,
    );
    expect(y).toEqual([infinity, -infinity]);
    expect(dx).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
  });

  test.each([
    [[-infinity, -infinity], -infinity],
    [[infinity, 0], infinity],
    [[infinity, -infinity], infinity],
    [[-infinity, 2], 2],
    [[nan, 0], nan],
    [[3e38, 3e38], 3e38],
  ])("logSumExp of %j is %d", async (numbers, expected) => {
    const { y } = await run((x) => ops.logSumExp(x), [2], numbers, target);
    expect(y).toEqual([Math.fround(expected)]);
  });

  test("isNan finds what is not a number", async () => {
    const { y } = await run((x) => ops.cast(ops.isNan(x), "float32"), [4], [nan, infinity, 0, -1], target);
    expect(y).toEqual([1, 0, 0, 0]);
  });
});

test("whole numbers keep their operators", async () => {
  const x = input("x", [4], "int32");
  const feeds = { x: fromNumbers("int32", [4], [3, -7, 9, 0]) };
  const { values } = ops.topK(x, 2);
  const got = await evaluate({ max: ops.max(x), min: ops.min(x), values }, feeds);
  expect([got.max, got.min, got.values].flatMap(toNumbers)).toEqual([9, -7, 9, 3]);
});

test.each(targets)("sign shows what is not a number, $operators", async (target) => {
  const { y } = await run((x) => ops.add(ops.sign(x), 0), [4], [nan, infinity, -2, 0], target);
  expect(y).toEqual([nan, 1, -1, 0]);
});
