/** Graphs of dynamic sizes, written node by node as ONNX has them. Our own symbols have static shapes only. */
import type { Dtype } from "../array/dtype.ts";
import { fromNumbers, type NdArray } from "../array/ndarray.ts";
import { dataTypeOf, tensorProto } from "./tensor-proto.ts";
import {
  type AttributeProto,
  attributeType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./wire.ts";

/** Integers, a string, or the body of a `Loop` or `If`. */
export type NodeAttribute = number | readonly number[] | string | GraphProto | { readonly float: number };

/** Collects the nodes of one graph; bodies of loops have a writer each, and see the names of the graphs around them. */
export interface NodeWriter {
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  /** Adds a node and gives the name of its (first) output. "" leaves an optional input out. */
  add(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, NodeAttribute>>): string;
  /** The same for a node of several outputs. */
  addMany(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, NodeAttribute>>,
  ): string[];
  /** Gives `value` the name that a graph output must have. */
  output(value: string, name: string): void;
  constant(array: NdArray): string;
  /** An int64 constant: a scalar for a number, one axis for a list. */
  integers(values: number | readonly number[]): string;
}

/** prefix: starts every name that this writer makes; names must differ from those of all graphs around. */
export function nodeWriter(prefix: string): NodeWriter {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const integerNames = new Map<string, string>();
  const addMany: NodeWriter["addMany"] = (op, inputs, outputs, attributes = {}) => {
    const name = `${prefix}${op}_${nodes.length + 1}`;
    const output = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : `${name}:${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    nodes.push({ op_type: op, name, input: inputs, output, attribute });
    return output;
  };
  const constant = (array: NdArray) => {
    const name = `${prefix}constant_${initializers.length + 1}`;
    initializers.push(tensorProto(array, name));
    return name;
  };
  return {
    nodes,
    initializers,
    addMany,
    add: (op, inputs, attributes) => addMany(op, inputs, 1, attributes)[0],
    output: (value, name) => {
      nodes.push({ op_type: "Identity", name: `${prefix}${name}`, input: [value], output: [name] });
    },
    constant,
    integers: (values) => {
      const list = typeof values === "number" ? [values] : values;
      const shape = typeof values === "number" ? [] : [values.length];
      const key = `${shape}:${list}`;
      const known = integerNames.get(key);
      if (known !== undefined) return known;
      const name = constant(fromNumbers("int64", shape, list));
      integerNames.set(key, name);
      return name;
    },
  };
}

/** A value whose sizes are left open. */
export function openValue(name: string, dtype: Dtype): ValueInfoProto {
  return { name, type: { tensor_type: { elem_type: dataTypeOf(dtype) } } };
}

/** A scalar, as the counter and the condition of a loop are. */
export function scalarValue(name: string, dtype: Dtype): ValueInfoProto {
  return { name, type: { tensor_type: { elem_type: dataTypeOf(dtype), shape: { dim: [] } } } };
}

/** The numbers of `dtype` for the attribute `to` of `Cast`. */
export const castTo = dataTypeOf;

function attributeProto(name: string, value: NodeAttribute): AttributeProto {
  if (typeof value === "number") return { name, type: attributeType.int, i: value };
  if (typeof value === "string") return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeType.float, f: value.float };
  if ("length" in value) return { name, type: attributeType.ints, ints: [...value] };
  return { name, type: attributeType.graph, g: value };
}
