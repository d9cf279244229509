/**
 * Test support: checks an operator's numbers and gradients.
 *
 * A gradient is compared with central differences along random directions u and v: v · Jᵀu, which the gradient rules
 * give, against u · (f(x + εv/2) − f(x − εv/2)) / ε. The gradient's own gradient is checked in the same way. All of
 * it runs in ONNX Runtime, once for each target, so that every way of lowering an operator is covered.
 */
import { describe, expect, test } from "vitest";
import { type Dtype, isFloat } from "../../src/array/dtype.ts";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { type Shape, show, sizeOf } from "../../src/array/shape.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { InputError } from "../../src/errors.ts";
import { constant, input, type Target, type Tensor } from "../../src/graph/tensor.ts";
import { add, mul, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";

/** An input drawn at random, uniformly from `range` (default [−1, 1)). */
export interface Drawn {
  readonly shape: Shape;
  readonly range?: readonly [number, number];
}

/** How a case applies the operator to its inputs, in their order. */
export type Build = (...inputs: Tensor[]) => Tensor;

/** Any operator, also one with options after its tensors. */
type Operator = (...inputs: never[]) => Tensor;

export interface Case {
  /** What is special about it, for the test's name. Default: the shapes of the inputs. */
  readonly title?: string;
  /** Shapes (drawn from [−1, 1)), shapes with a range, or given numbers. Float inputs take the case's dtype. */
  readonly inputs: readonly (Shape | Drawn | NdArray)[];
  /** This case's own way to apply the operator, where options differ between cases. */
  readonly build?: Build;
  /** The plain reference: what comes out, as an array or its elements; bool as 0 and 1. */
  readonly forward?: (...inputs: NdArray[]) => NdArray | readonly number[];
  /** Inputs whose gradient is checked. Default: all of a float type; none: []. */
  readonly differentiable?: readonly number[];
  /** Exact gradients of the sum of the outputs, compared instead of differences: for ties, kinks, straight-through. */
  readonly gradients?: readonly (readonly number[] | null)[];
  /** Whether the gradient of the gradient is checked. Default: yes. */
  readonly second?: boolean;
  /** Default float64, whose differences are sharp; float32 where ONNX Runtime's CPU has no double. */
  readonly dtype?: "float32" | "float64";
  /** Relative error allowed of outputs. Default 1e-9 in float64, 2e-5 in float32. */
  readonly tolerance?: number;
  /** Relative error allowed of directional derivatives. Default 2e-6 in float64, 5e-3 in float32. */
  readonly gradientTolerance?: number;
  /** Machines to lower for; all run on the CPU here. Default: the CPU's own operators, and the GPU's standard ones. */
  readonly targets?: readonly Target[];
}

const defaultTargets: readonly Target[] = [
  { device: "cpu", operators: "native", convBlock: 0 },
  { device: "webgpu", operators: "portable", convBlock: 0 },
];

/** Declares one test for each case of the operator `name`. `common` holds settings shared by all cases. */
export function checkOp(name: string, build: Build, cases: readonly Case[], common?: Partial<Case>): void;
export function checkOp(name: string, build: Operator, cases: readonly Case[], common?: Partial<Case>): void;
export function checkOp(name: string, build: Operator, cases: readonly Case[], common: Partial<Case> = {}): void {
  describe(name, () => {
    cases.forEach((given, index) => {
      const settings = { ...common, ...given };
      const shapes = given.inputs.map((x) => show("shape" in x ? x.shape : x)).join(", ");
      test(`${settings.title ?? shapes} (case ${index + 1})`, () =>
        checkCase(`${name} ${index}`, build as Build, settings));
    });
  });
}

/** Declares one test for each call that must throw an InputError with this message (or part of it). */
export function checkErrors(name: string, calls: readonly (readonly [string | RegExp, () => unknown])[]): void {
  test.each(calls)(`${name} says %s`, (message, call) => {
    expect(call).toThrow(message);
    expect(call).toThrow(InputError);
  });
}

/** Fails when anything that the case says about the operator is not so. `seed` names its random numbers. */
export async function checkCase(seed: string, common: Build, given: Case): Promise<void> {
  const { build = common, dtype = "float64", targets = defaultTargets } = given;
  const { tolerance = dtype === "float64" ? 1e-9 : 2e-5 } = given;
  const arrays = given.inputs.map((x, i) => draw(x, new Random(seed, i), dtype));
  const plan = planCase(seed, build, arrays, given, dtype);

  let first: Named<NdArray> | null = null;
  for (const target of targets) {
    const where = `on ${target.device}, ${target.operators}`;
    const results = await evaluate(plan.outputs, plan.feeds, { target });
    const y = results.y;
    expect(show(y.shape), `shape ${where}`).toBe(show(plan.outputs.y.shape));
    if (given.forward !== undefined) {
      const expected = given.forward(...arrays);
      if ("shape" in expected) expect(show(y.shape), "shape of the reference").toBe(show(expected.shape));
      expectNear(toNumbers(y), "shape" in expected ? toNumbers(expected) : expected, tolerance, `outputs ${where}`);
    }
    given.gradients?.forEach((expected, i) => {
      if (expected !== null) expectNear(toNumbers(results[`dx${i}`]), expected, tolerance, `gradient ${i} ${where}`);
    });
    const gradientTolerance = given.gradientTolerance ?? (dtype === "float64" ? 2e-6 : 5e-3);
    for (const pair of plan.pairs) comparePair(pair, results, plan.epsilon, gradientTolerance, where);
    first ??= results;
    for (const key of plan.exact) {
      expectNear(
        toNumbers(results[key]),
        toNumbers(first[key]),
        tolerance * 10,
        `${key} ${where}, against the first target`,
      );
    }
  }
}

/** A directional derivative twice: `slope` by the rules; `plus` and `minus` for the difference, weighed by `weights`. */
interface Pair {
  readonly what: string;
  readonly slope: string;
  readonly plus: string;
  readonly minus: string;
  readonly weights: readonly number[];
}

interface Plan {
  readonly outputs: Record<string, Tensor>;
  readonly feeds: Record<string, NdArray>;
  readonly pairs: Pair[];
  /** Outputs that must agree between targets. */
  readonly exact: string[];
  readonly epsilon: number;
}

/** One graph that holds all that a case needs: the operator, its gradients, and the operator at shifted inputs. */
function planCase(seed: string, build: Build, arrays: readonly NdArray[], given: Case, dtype: Dtype): Plan {
  const xs = arrays.map((array, i) => input(`x${i}`, array.shape, array.dtype));
  const feeds: Record<string, NdArray> = Object.fromEntries(arrays.map((array, i) => [`x${i}`, array]));
  const y = build(...xs);
  const plan: Plan = { outputs: { y }, feeds, pairs: [], exact: ["y"], epsilon: dtype === "float64" ? 1e-4 : 1e-2 };
  const differentiable = (given.differentiable ?? xs.map((_, i) => i)).filter((i) => isFloat(xs[i].dtype));
  if (!isFloat(y.dtype) || differentiable.length === 0) return plan;

  if (given.gradients !== undefined) {
    gradients(sum(y), xs).forEach((dx, i) => {
      plan.outputs[`dx${i}`] = dx;
    });
    return plan;
  }

  const random = new Random(seed, "directions");
  const direction = (shape: Shape) => constant(draw({ shape }, random, dtype));
  const wrt = differentiable.map((i) => xs[i]);
  const uArray = draw({ shape: y.shape }, random, y.dtype);
  const u = input("u", y.shape, y.dtype);
  feeds.u = uArray;
  const dxs = gradients(y, wrt, { seed: u });
  differentiable.forEach((i, k) => {
    const v = direction(xs[i].shape);
    const shifted = (sign: number) =>
      build(...xs.map((x, j) => (j === i ? add(x, mul(v, (sign * plan.epsilon) / 2)) : x)));
    Object.assign(plan.outputs, { [`dx${i}`]: dxs[k], [`slope${i}`]: sum(mul(dxs[k], v)) });
    Object.assign(plan.outputs, { [`plus${i}`]: shifted(1), [`minus${i}`]: shifted(-1) });
    plan.exact.push(`dx${i}`);
    const names = { slope: `slope${i}`, plus: `plus${i}`, minus: `minus${i}` };
    plan.pairs.push({ what: `gradient of input ${i}`, ...names, weights: toNumbers(uArray) });
  });
  if (given.second ?? true) planSecond(plan, build, xs, u, differentiable, direction);
  return plan;
}

/** The same once more for h(x, u) = Σ w · dx, which is linear in u. */
function planSecond(
  plan: Plan,
  build: Build,
  xs: readonly Tensor[],
  u: Tensor,
  differentiable: readonly number[],
  direction: (shape: Shape) => Tensor,
): void {
  const weights = differentiable.map((i) => direction(xs[i].shape));
  const h = (points: readonly Tensor[], seed: Tensor) => {
    const wrt = differentiable.map((i) => points[i]);
    return gradients(build(...points), wrt, { seed })
      .map((dx, k) => sum(mul(dx, weights[k])))
      .reduce((a, b) => add(a, b));
  };
  const wrt = [...differentiable.map((i) => xs[i]), u];
  const slopes = gradients(h(xs, u), wrt);
  const vs = wrt.map(({ shape }) => direction(shape));
  const shifted = (sign: number) => {
    const moved = wrt.map((x, k) => add(x, mul(vs[k], (sign * plan.epsilon) / 2)));
    return h(
      xs.map((x, i) => (differentiable.includes(i) ? moved[differentiable.indexOf(i)] : x)),
      moved[moved.length - 1],
    );
  };
  plan.outputs.slopeSecond = slopes.map((dx, k) => sum(mul(dx, vs[k]))).reduce((a, b) => add(a, b));
  plan.outputs.plusSecond = shifted(1);
  plan.outputs.minusSecond = shifted(-1);
  plan.pairs.push({
    what: "gradient of the gradient",
    slope: "slopeSecond",
    plus: "plusSecond",
    minus: "minusSecond",
    weights: [1],
  });
}

function comparePair(pair: Pair, results: Named<NdArray>, epsilon: number, tolerance: number, where: string): void {
  const plus = toNumbers(results[pair.plus]);
  const minus = toNumbers(results[pair.minus]);
  const terms = plus.map((value, i) => (pair.weights[i] * (value - minus[i])) / epsilon);
  const expected = terms.reduce((total, term) => total + term, 0);
  // Errors of the terms do not cancel as the terms themselves may, so their size is the yardstick.
  const scale = Math.max(
    1e-2,
    terms.reduce((total, term) => total + Math.abs(term), 0),
  );
  const slope = toNumbers(results[pair.slope])[0];
  const error = Math.abs(slope - expected) / scale;
  const numbers = `${slope} by the rule, ${expected} by differences`;
  expect(error, `${pair.what} ${where}: ${numbers}`).toBeLessThanOrEqual(tolerance);
}

function draw(x: Shape | Drawn | NdArray, random: Random, dtype: Dtype): NdArray {
  if ("data" in x) return isFloat(x.dtype) ? fromNumbers(dtype, x.shape, toNumbers(x)) : x;
  const { shape, range: [low, high] = [-1, 1] } = "shape" in x ? x : { shape: x };
  return fromNumbers(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.between(low, high)),
  );
}

/** Element by element, relative to the size of the expected numbers; infinities and NaN must be the same. */
export function expectNear(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what = "numbers",
): void {
  expect(actual.length, `${what}: count`).toBe(expected.length);
  const scale = Math.max(1e-6, ...expected.filter(Number.isFinite).map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    const message = `${what}: element ${i} is ${actual[i]}, expected ${expected[i]}`;
    if (!Number.isFinite(expected[i])) expect(actual[i], message).toBe(expected[i]);
    else expect(Math.abs(actual[i] - expected[i]) / scale, message).toBeLessThanOrEqual(tolerance);
  }
}
