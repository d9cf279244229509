import type { Dtype } from "../array/dtype.ts";
import { type Named, type NdArray, zeros } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { type Shape, sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Model } from "../graph/scope.ts";
import type { TensorType } from "../graph/tensor.ts";
import { copyOf } from "../runtime/copy.ts";
import type { UpdateGraph } from "./update.ts";

/** A tensor that the engine's store keeps for the training. */
export interface StepVariable {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /**
   * `parameter`: of the model, trained or frozen. `running`: averages that the model keeps (batch norm). `optimizer`:
   * state of the optimizer. `average`: moving average of a parameter, named `average/<parameter>`. `scratch`: nothing
   * that outlives a step. All but the last are needed to go on as if never stopped.
   */
  readonly kind: "parameter" | "running" | "optimizer" | "average" | "scratch";
}

interface Owners {
  readonly model: Model;
  readonly update: UpdateGraph;
  readonly variables: readonly StepVariable[];
}

/**
 * What the variables of a training step start from, each in a buffer of its own: `given` by name, otherwise drawn with
 * Random(seed, "init", stream) for parameters, zeros or a copy of the parameter for what belongs to one.
 */
export function initialValues(
  { model, update, variables }: Owners,
  seed: number,
  given: Named<NdArray>,
): Named<NdArray> {
  const values: Record<string, NdArray> = {};
  const start = (name: string, type: TensorType, make: () => NdArray) => {
    const value = given[name] === undefined ? make() : copyOf(checked(name, given[name], type));
    values[name] = { ...value, shape: type.shape };
  };
  for (const { name, stream, tensor, initializer } of model.parameters.values()) {
    // A copy: an initializer may hold on to the numbers that it gives.
    start(name, tensor, () => copyOf(initializer(tensor.shape, new Random(seed, "init", stream))));
  }
  for (const { name, tensor, slot, parameter } of update.state) {
    start(name, tensor, () =>
      slot.start === "parameter" ? copyOf(values[parameter]) : zeros("float32", tensor.shape),
    );
  }
  for (const [name, followed] of Object.entries(update.averages))
    start(name, values[followed], () => copyOf(values[followed]));
  for (const { name, dtype, shape, kind } of variables) if (kind === "scratch") values[name] = zeros(dtype, shape);
  return values;
}

function checked(name: string, array: NdArray, { dtype, shape }: TensorType): NdArray {
  if (array.dtype === dtype && sameShape(array.shape, shape)) return array;
  const got = `${array.dtype} ${show(array.shape)}`;
  throw new InputError(`${name}: expected ${dtype} ${show(shape)}, got ${got}. The numbers belong to another model.`);
}
