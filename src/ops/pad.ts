import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { integers } from "./composite/integers.ts";
import { mirrorBack, repeatBack } from "./composite/pad-gradient.ts";
import { slice } from "./slice.ts";

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
