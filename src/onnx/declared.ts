/** What a file says of itself: its operator set; types and shapes, for given sizes of the axes that it leaves open. */
import type { Named } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import type { Declared } from "./reading.ts";
import { dtypeOf, shapeOf } from "./tensor-proto.ts";
import { type GraphProto, toNumber, type ValueInfoProto } from "./wire.ts";

/** Operator sets of ONNX that we know. */
const oldest = 7;
const newest = 25;

/** The operator set of ONNX that the file is written in. Throws InputError for one that we do not know. */
export function opsetOf(
  imports: readonly { domain?: string; version?: Parameters<typeof toNumber>[0] }[],
  where: string,
): number {
  let opset = 0;
  for (const { domain = "", version } of imports) if (domain === "" || domain === "ai.onnx") opset = toNumber(version);
  if (opset < oldest || opset > newest) {
    throw new InputError(
      `${where}: expected ONNX operator set ${oldest} to ${newest}, got ${opset}. Export the model with opset 20.`,
    );
  }
  return opset;
}

/** How large the model's open axes are, by the names it gives them, with these tensors as inputs. */
export function sizesBy({ input = [] }: GraphProto, stands: Named<Tensor>): Record<string, number> {
  const sizes: [string, number][] = [];
  for (const { name = "", type } of input) {
    if (!Object.hasOwn(stands, name)) continue;
    for (const [axis, { dim_param = "" }] of (type?.tensor_type?.shape?.dim ?? []).entries()) {
      const size = stands[name].shape[axis];
      if (dim_param !== "" && size !== undefined) sizes.push([dim_param, size]);
    }
  }
  return Object.fromEntries(sizes);
}

/** Types of inner values and outputs, where the file has them. */
export function declaredTypes(
  { value_info = [], output = [] }: GraphProto,
  sizes: Named<number>,
  where: string,
): Map<string, Declared> {
  const types = new Map<string, Declared>();
  for (const info of [...value_info, ...output]) {
    const name = info.name ?? "";
    // A description that we cannot use matters only if a node needs it.
    const type = unlessRefused(() => typeOf(info, sizes, `${where} ${name}`));
    const dtype = unlessRefused(() => dtypeOf(info.type?.tensor_type?.elem_type, where));
    if (type !== null) types.set(name, type);
    else if (dtype !== null) types.set(name, { dtype, shape: null });
  }
  return types;
}

function unlessRefused<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** What a file says of a tensor; null where it tells no shape. `sizes`: of open axes, by name. */
export function typeOf({ type }: ValueInfoProto, sizes: Named<number>, where: string): TensorType | null {
  const tensor = type?.tensor_type;
  if (tensor == null || tensor.shape == null) return null;
  const dtype = dtypeOf(tensor.elem_type, where);
  const shape: Shape = (tensor.shape.dim ?? []).map(({ dim_value, dim_param = "" }, axis) => {
    const size = dim_param === "" ? dim_value : Object.hasOwn(sizes, dim_param) ? sizes[dim_param] : undefined;
    if (size === undefined) {
      const name = dim_param === "" ? "open" : `called ${dim_param}`;
      throw new InputError(
        `${where}: expected a size for axis ${axis}, which is ${name}, got none. Say how large it is.`,
      );
    }
    return toNumber(size);
  });
  return { dtype, shape: shapeOf(shape, where) };
}
