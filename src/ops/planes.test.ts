import { expect, test } from "vitest";
import { checkOp } from "../../test/support/check.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { input, type Target } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { planeDot, planeMoments } from "./planes.ts";

/** Planes of 256 pixels or more are multiplied as rows where the blocked layout shows that there is a kernel for it. */
const targets: readonly Target[] = [
  { device: "cpu", operators: "native", convBlock: 16 },
  { device: "cpu", operators: "native", convBlock: 0 },
  { device: "webgpu", operators: "portable", convBlock: 0 },
];
const common = { dtype: "float32", gradientTolerance: 1e-2, tolerance: 1e-4, targets } as const;
const shapes = [
  [2, 3, 16, 17],
  [1, 5, 300],
  [3, 2, 4, 5],
  [2, 3],
] as const;

checkOp(
  "planeDot",
  (a, b) => planeDot(a, b),
  shapes.map((shape) => ({ inputs: [shape, shape] })),
  common,
);

checkOp(
  "planeMoments",
  (x) => planeMoments(x).squares,
  shapes.map((shape) => ({ inputs: [shape] })),
  common,
);

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
