/** Taking pieces out of a tensor, and adding around it. */
import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { add } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { integers, reshape } from "./shape.ts";

/** A piece of one axis, as in Python's start:end:step. */
export interface Range {
  readonly axis: number;
  /** First index; negative: from the back. Default: the beginning, or the end when the step is negative. */
  readonly start?: number;
  /** Index to stop before; negative: from the back. Default: through to the end (the beginning when stepping back). */
  readonly end?: number;
  /** Not 0; negative steps go backwards. Default: 1. */
  readonly step?: number;
}

/** A range with its indices resolved: `count` indices start, start + step, … */
interface Resolved {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * Pieces of x: on each axis named, the indices start, start + step, … before end. Ends beyond the axis are cut to it.
 *
 * x: any type; ranges: at most one an axis; a range may take nothing → y: same rank; x itself where the ranges take everything.
 * ONNX `Slice`, opset 13.
 */
export function slice(x: Tensor, ranges: readonly Range[]): Tensor {
  const resolved = ranges
    .map((range) => resolve(x, range))
    .filter(({ axis, step, count }) => count !== x.shape[axis] || (step !== 1 && count > 0));
  if (new Set(resolved.map(({ axis }) => axis)).size !== resolved.length) {
    throw new InputError("slice: each axis may be named once, got one twice. Slice in two calls.");
  }
  if (resolved.length === 0) return x;
  const shape = [...x.shape];
  for (const { axis, count } of resolved) shape[axis] = count;
  const ends = resolved.map(({ axis, start, step, count }) => {
    const end = start + count * step;
    return end < 0 ? -x.shape[axis] - 1 : end; // before the first element: −1 would mean the last
  });
  const starts = resolved.map(({ start }) => start);
  const axes = resolved.map(({ axis }) => axis);
  const steps = resolved.map(({ step }) => step);
  return node("Slice", [x, integers(starts), integers(ends), integers(axes), integers(steps)], {
    output: { dtype: x.dtype, shape },
    gradient: (dy) => [putBack(dy, x, resolved), null, null, null, null],
  });
}

function resolve({ shape }: Tensor, { axis, start, end, step = 1 }: Range): Resolved {
  const along = normalizeAxis("slice", axis, shape.length);
  const size = shape[along];
  if (!Number.isInteger(step) || step === 0) {
    throw new InputError(`slice: step must be a whole number other than 0, got ${step}. Leave it out for 1.`);
  }
  if (![start, end].every((index) => index === undefined || Number.isInteger(index))) {
    throw new InputError(
      `slice: start and end must be whole numbers, got ${start}:${end} of axis ${along} in shape ${show(shape)}. Round them.`,
    );
  }
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (index: number) => Math.min(highest, Math.max(lowest, index < 0 ? index + size : index));
  const from = start === undefined ? (step > 0 ? 0 : size - 1) : clamp(start);
  const to = end === undefined ? (step > 0 ? size : -1) : clamp(end);
  const count = Math.max(0, Math.ceil((to - from) / step));
  return { axis: along, start: from, step, count };
}

/** The gradient: dy at the places it came from, zeros elsewhere. */
function putBack(dy: Tensor, x: Tensor, ranges: readonly Resolved[]): Tensor {
  const backwards = ranges.filter(({ step }) => step < 0).map(({ axis }) => axis);
  let dx = flip(dy, { axes: backwards });
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  for (const { axis, start, step, count } of ranges) {
    dx = spaceOut(dx, axis, Math.abs(step));
    before[axis] = count === 0 ? 0 : step < 0 ? start + (count - 1) * step : start;
    after[axis] = x.shape[axis] - before[axis] - dx.shape[axis];
  }
  return pad(dx, { before, after });
}

/**
 * x with the order of elements reversed along `axes`.
 *
 * x: any type → y: same shape.
 */
export function flip(x: Tensor, { axes }: { axes: readonly number[] }): Tensor {
  return slice(
    x,
    axes.map((axis) => ({ axis, step: -1 })),
  );
}

/**
 * x with step − 1 zeros between neighbours on an axis.
 *
 * x: size n on `axis` → y: size (n − 1) · step + 1 there, 0 for 0.
 */
function spaceOut(x: Tensor, axis: number, step: number): Tensor {
  const size = x.shape[axis];
  if (step === 1 || size <= 1) return x;
  const cells = reshape(x, x.shape.toSpliced(axis + 1, 0, 1)); // [..., n, 1, ...]
  const after = cells.shape.map((_, i) => (i === axis + 1 ? step - 1 : 0));
  const filled = reshape(pad(cells, { after }), x.shape.with(axis, size * step));
  return slice(filled, [{ axis, end: (size - 1) * step + 1 }]);
}

export interface PadOptions {
  /** Elements added at the beginning of each axis, one number an axis, at least 0. Default: none. */
  readonly before?: readonly number[];
  /** Elements added at the end of each axis, one number an axis, at least 0. Default: none. */
  readonly after?: readonly number[];
  /** What is added: `value`, the mirrored inside without the border itself, or the border repeated. */
  readonly mode?: "constant" | "reflect" | "edge";
  readonly value?: number;
}

/**
 * x with elements added around it.
 *
 * x: any type → y: each size grown by before and after; x itself where nothing is added.
 * ONNX `Pad`, opset 19.
 */
export function pad(x: Tensor, options: PadOptions): Tensor {
  const none = x.shape.map(() => 0);
  const { before = none, after = none, mode = "constant", value = 0 } = options;
  check(x, before, after, mode);
  if ([...before, ...after].every((count) => count === 0)) return x;
  const shape = x.shape.map((size, axis) => before[axis] + size + after[axis]);
  const inputs = [x, integers([...before, ...after])];
  if (mode === "constant" && value !== 0) inputs.push(constant(value, x.dtype));
  return node("Pad", inputs, {
    attributes: { mode },
    output: { dtype: x.dtype, shape },
    gradient: (dy) => {
      if (mode === "constant") {
        return [
          slice(
            dy,
            x.shape.map((size, axis) => ({ axis, start: before[axis], end: before[axis] + size })),
          ),
          null,
        ];
      }
      const back = mode === "reflect" ? mirrorBack : repeatBack;
      return [x.shape.reduce((dx, size, axis) => back(dx, axis, before[axis], size), dy), null];
    },
  });
}

function check(x: Tensor, before: readonly number[], after: readonly number[], mode: string): void {
  const rank = x.shape.length;
  const valid = [...before, ...after].every((count) => Number.isInteger(count) && count >= 0);
  if (before.length !== rank || after.length !== rank || !valid) {
    throw new InputError(
      `pad: before and after must each have one whole number of at least 0 for each of ${rank} axes, ` +
        `got ${show(before)} and ${show(after)}. Use slice to cut.`,
    );
  }
  const tooFar = x.shape.findIndex((size, axis) => Math.max(before[axis], after[axis]) >= size);
  if (mode === "reflect" && tooFar !== -1 && before[tooFar] + after[tooFar] > 0) {
    throw new InputError(
      `pad: reflect must add fewer elements than axis ${tooFar} has (${x.shape[tooFar]}), ` +
        `got ${before[tooFar]} and ${after[tooFar]}. Pad in two steps or use mode edge.`,
    );
  }
}

/** dy cut along an axis into what was added before, the `size` elements of x, and what was added after. */
function parts(dy: Tensor, axis: number, before: number, size: number) {
  const whole = dy.shape[axis];
  return {
    front: before > 0 ? slice(dy, [{ axis, end: before }]) : null,
    inside: slice(dy, [{ axis, start: before, end: before + size }]),
    back: before + size < whole ? slice(dy, [{ axis, start: before + size }]) : null,
  };
}

/** x with zeros around it on one axis: `offset` before it, `size` elements in all. */
function place(x: Tensor, axis: number, offset: number, size: number): Tensor {
  const before = x.shape.map((_, i) => (i === axis ? offset : 0));
  const after = x.shape.map((length, i) => (i === axis ? size - offset - length : 0));
  return pad(x, { before, after });
}

/** The gradient of reflecting one axis: element i before the border goes to the i-th inside it. */
function mirrorBack(dy: Tensor, axis: number, before: number, size: number): Tensor {
  const { front, inside, back } = parts(dy, axis, before, size);
  let dx = inside;
  if (front !== null) dx = add(dx, place(flip(front, { axes: [axis] }), axis, 1, size));
  if (back !== null) dx = add(dx, place(flip(back, { axes: [axis] }), axis, size - 1 - back.shape[axis], size));
  return dx;
}

/** The gradient of repeating the border of one axis: all that was added goes to the border. */
function repeatBack(dy: Tensor, axis: number, before: number, size: number): Tensor {
  const { front, inside, back } = parts(dy, axis, before, size);
  let dx = inside;
  if (front !== null) dx = add(dx, place(sum(front, { axes: [axis], keepDims: true }), axis, 0, size));
  if (back !== null) dx = add(dx, place(sum(back, { axes: [axis], keepDims: true }), axis, size - 1, size));
  return dx;
}
