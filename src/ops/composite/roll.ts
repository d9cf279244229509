import { normalizeAxis } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { concat } from "../concat.ts";
import { slice } from "../slice.ts";

/**
 * x shifted along axes, what leaves at one end coming back at the other: yᵢ = xᵢ₋ₛ.
 *
 * x: any type; shifts: whole numbers, one for each of `axes` → y: same shape.
 */
export function roll(x: Tensor, { shifts, axes }: { shifts: readonly number[]; axes: readonly number[] }): Tensor {
  if (shifts.length !== axes.length || !shifts.every(Number.isInteger)) {
    throw new InputError(
      `roll: expected one whole shift for each of ${axes.length} axes, got ${shifts}. Match the lists.`,
    );
  }
  return axes.reduce((y, axis, i) => {
    const along = normalizeAxis("roll", axis, x.shape.length);
    const size = x.shape[along];
    const cut = size === 0 ? 0 : ((-shifts[i] % size) + size) % size;
    if (cut === 0) return y;
    return concat([slice(y, [{ axis: along, start: cut }]), slice(y, [{ axis: along, end: cut }])], { axis: along });
  }, x);
}
