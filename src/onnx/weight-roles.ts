/** Which of a model's initializers are weights, for models that are trained on. */
import { sizeOf } from "../array/shape.ts";
import { dataTypeOf, shapeOf } from "./tensor-proto.ts";
import type { GraphProto } from "./wire.ts";

/** As what a scope declares it: trained, or a running average that batch norms read. */
export type WeightRole = "parameter" | "average";

/** Inputs that are read as numbers when the graph is built: they are settings, not weights. */
const settings: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Upsample: [1], OneHot: [2] };

/** Running mean and variance. */
const averages: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/**
 * Initializers of float32 numbers, more than one, that nodes read, and what they are. One that any node reads as
 * settings is none; one that a batch norm reads as its running mean or variance is an average.
 */
export function rolesOf({ initializer = [], node = [] }: GraphProto, where: string): ReadonlyMap<string, WeightRole> {
  const numbers = new Set(
    initializer
      .filter(({ data_type, dims }) => data_type === dataTypeOf("float32") && sizeOf(shapeOf(dims, where)) > 1)
      .map(({ name = "" }) => name),
  );
  const roles = new Map<string, WeightRole>();
  for (const { op_type = "", domain = "", input = [] } of node) {
    const reads = (table: Readonly<Record<string, readonly number[]>>, position: number) =>
      (domain === "" || domain === "ai.onnx") && Object.hasOwn(table, op_type) && table[op_type].includes(position);
    for (const [position, name] of input.entries()) {
      if (!numbers.has(name)) continue;
      if (reads(settings, position)) {
        numbers.delete(name);
        roles.delete(name);
      } else if (reads(averages, position)) roles.set(name, "average");
      else if (!roles.has(name)) roles.set(name, "parameter");
    }
  }
  return roles;
}
