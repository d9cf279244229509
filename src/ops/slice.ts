import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { flip } from "./composite/flip.ts";
import { integers } from "./composite/integers.ts";
import { spaceOut } from "./composite/space-out.ts";
import { pad } from "./pad.ts";

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
