/** Models of one node, made by hand: what other programs write and our writer does not. */
import { float32, fromNumbers, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { readModel } from "../../src/onnx/read.ts";
import { tensorProto, valueInfo } from "../../src/onnx/tensor-proto.ts";
import { type AttributeProto, attributeType, encodeModel, type ModelProto } from "../../src/onnx/wire.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";

export const integers = (...values: number[]) => fromNumbers("int64", [values.length], values);
export const integer = (value: number) => fromNumbers("int64", [], [value]);
export const number = (value: number) => float32([], [value]);
export const numbers = (...values: number[]) => float32([values.length], values);
export const count = (...shape: number[]) =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

type Value = number | string | readonly number[] | { readonly float: number } | { readonly floats: readonly number[] };

export interface OneNode {
  readonly op: string;
  readonly opset: number;
  /** Fed at each run, by name; every other input is a constant. */
  readonly fed?: Readonly<Record<string, NdArray>>;
  /** In order: names of fed ones, constants, null for one that is left out. */
  readonly inputs?: readonly (string | NdArray | null)[];
  readonly attributes?: Readonly<Record<string, Value>>;
  /** How many outputs: y0, y1, … Default: 1. */
  readonly outputs?: number;
  /** What the file says about y0. */
  readonly says?: Pick<NdArray, "dtype" | "shape">;
}

export function oneNodeModel({ op, opset, fed = {}, inputs, attributes = {}, outputs = 1, says }: OneNode): ModelProto {
  const given = inputs ?? Object.keys(fed);
  const names = given.map((input, i) => (input === null ? "" : typeof input === "string" ? input : `c${i}`));
  const output = Array.from({ length: outputs }, (_, i) => `y${i}`);
  return {
    ir_version: 9,
    opset_import: [{ domain: "", version: opset }],
    graph: {
      name: "one",
      initializer: given.flatMap((input, i) =>
        input === null || typeof input === "string" ? [] : [tensorProto(input, names[i])],
      ),
      input: Object.entries(fed).map(([name, array]) => valueInfo(name, array)),
      node: [{ op_type: op, input: names, output, attribute: Object.entries(attributes).map(attributeProto) }],
      output: output.map((name, i) => (i === 0 && says !== undefined ? valueInfo(name, says) : { name })),
    },
  };
}

export function oneNode(node: OneNode): Uint8Array {
  return encodeModel(oneNodeModel(node));
}

function attributeProto([name, value]: [string, Value]): AttributeProto {
  if (typeof value === "number") return { name, type: attributeType.int, i: value };
  if (typeof value === "string") return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeType.float, f: value.float };
  if ("floats" in value) return { name, type: attributeType.floats, floats: value.floats };
  return { name, type: attributeType.ints, ints: value };
}

/** Reads the model, writes it as we write models, runs that, and gives shape and numbers of every output. */
export async function runNode(node: OneNode): Promise<[shape: readonly number[], values: readonly number[]][]> {
  const { outputs } = readModel(oneNode(node));
  const results = await evaluate(outputs, node.fed);
  return Object.values(results).map((result) => [result.shape, toNumbers(result)]);
}
