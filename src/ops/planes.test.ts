import { expect, test } from "vitest";
import { checkOp } from "../../test/support/check.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { input, type Target } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { batchNorm, groupNorm } from "./norm.ts";
import { planeDot, planeMoments } from "./planes.ts";

/** Planes of 256 pixels or more are multiplied as rows where the blocked layout shows that there is a kernel for it. */
const targets: readonly Target[] = [
  { device: "cpu", operators: "native", convBlock: 16 },
  { device: "cpu", operators: "native", convBlock: 0 },
  { device: "webgpu", operators: "portable", convBlock: 0 },
];
const common = { dtype: "float32", gradientTolerance: 1e-2, targets } as const;
const shapes = [
  [2, 4, 16, 17],
  [1, 4, 300],
  [3, 4, 4, 5],
] as const;
const vector = { shape: [4], range: [0.5, 1.5] } as const;
const cases = shapes.map((shape) => ({ inputs: [shape, vector, [4]] }));

checkOp("batchNorm, planes of all sizes", (x, gamma, beta) => batchNorm(x, gamma, beta).y, cases, common);

checkOp("groupNorm, planes of all sizes", (x, gamma, beta) => groupNorm(x, gamma, beta, { groups: 2 }), cases, common);

test("a row times a row is the sum of products of each plane, as elsewhere", async () => {
  const shape = [2, 3, 16, 17];
  const [a, b] = ["a", "b"].map((name) =>
    float32(shape, new Random(1, name).fillNormal(new Float32Array(2 * 3 * 16 * 17))),
  );
  const dot = planeDot(input("a", shape), input("b", shape));
  const [rows, ...others] = await Promise.all(
    targets.map(async (target) => toNumbers((await evaluate({ dot }, { a, b }, { target })).dot)),
  );
  for (const other of others) {
    expect(Math.max(...other.map((value, i) => Math.abs(rows[i] - value)))).toBeLessThan(1e-3);
  }
});

test("rows times rows add up squares of a large plane to five digits", async () => {
  const [channels, size] = [4, 512];
  const x = new Random(1, "x").fillNormal(new Float32Array(channels * size * size));
  const shape = [1, channels, size, size];
  const { squares } = await evaluate(
    { squares: planeMoments(input("x", shape)).squares },
    { x: float32(shape, x) },
    { target: targets[0] },
  );
  toNumbers(squares).forEach((found, c) => {
    const exact = x.subarray(c * size * size, (c + 1) * size * size).reduce((sum, value) => sum + value * value, 0);
    expect(Math.abs(found / exact - 1)).toBeLessThan(1e-5);
  });
});
