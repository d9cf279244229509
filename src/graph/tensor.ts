/**
 * Symbols of a graph. A `Tensor` has a static shape and no numbers; a `Node` is one operator applied to tensors.
 * A graph is whatever its outputs can reach, so nothing is registered anywhere and unused nodes vanish by themselves.
 */
import type { Dtype } from "../array/dtype.ts";
import { type NdArray, scalar } from "../array/ndarray.ts";
import { placeOf, type Shape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly source: Node | Leaf;
  /** Which output of `source` this is. */
  readonly output: number;
}

/** Where numbers come in: fed at each run (`input`), kept by the runtime (`variable`), or fixed (`constant`). */
export interface Leaf {
  readonly kind: "input" | "variable" | "constant";
  readonly id: number;
  readonly name: string;
  /** The numbers of a constant. */
  readonly value: NdArray | null;
  /** What graphs ask of the numbers that are fed; see `expectRange`. */
  readonly expects: ValueRange[];
}

/** Which integers may be fed: least … most, and `except`. */
export interface ValueRange {
  /** What they are, for the message. */
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly except: number;
}

/** What a graph is built for; rules that differ between machines read it when the graph is lowered. */
export interface Target {
  readonly device: "cpu" | "cuda" | "webgpu" | "coreml" | "dml";
  /** `portable` keeps to standard ONNX operators (exported models, WebGPU); `native` may use ONNX Runtime's own. */
  readonly operators: "native" | "portable";
  /** Channels in a block of ONNX Runtime's blocked convolution layout: 16, 8, or 0 where it cannot be used. */
  readonly convBlock: number;
}

/** ONNX attribute values. A plain number is an integer; wrap floats so that 1.0 is not mistaken for 1. */
export type Attribute = number | readonly number[] | string | { readonly float: number } | { readonly value: NdArray };

/**
 * Gradient rule: from the gradient `dy` of the first output `y` to one gradient per input, null where there is none.
 * Operators of several outputs find all of them in `dys` (null where an output is unused) and `ys`.
 * Rules return graph, so gradients of gradients need nothing more. What nobody asks for is never computed.
 */
export type Gradient = (
  dy: Tensor,
  y: Tensor,
  all: { readonly dys: readonly (Tensor | null)[]; readonly ys: readonly Tensor[] },
) => readonly (Tensor | null)[];

/**
 * How a node is written for a target: replacement outputs built from `inputs` by calling other operators, or null to
 * keep the node as it is. A node whose `op` is not in ONNX ("logical", such as a convolution's weight gradient) must
 * always be replaced.
 */
export type Lowering = (inputs: readonly (Tensor | null)[], target: Target) => readonly Tensor[] | null;

export interface Node {
  readonly kind: "node";
  readonly id: number;
  readonly op: string;
  /** "" for ONNX itself. */
  readonly domain: string;
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Tensor[];
  readonly gradient: Gradient | null;
  readonly lower: Lowering | null;
}

/** Element type and shape, of something that is or will be a tensor. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

let lastId = 0;

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  /** Null: not differentiable, and nothing flows back (the operator's doc says why). */
  readonly gradient: Gradient | null;
  readonly lower?: Lowering;
}

/** Applies an operator with one output. Inputs exist before their node, so ids are in topological order. */
export function node(
  op: string,
  inputs: readonly (Tensor | null)[],
  options: NodeOptions & { output: TensorType },
): Tensor {
  return nodes(op, inputs, { ...options, outputs: [options.output] })[0];
}

/** Applies an operator with several outputs. */
export function nodes(
  op: string,
  inputs: readonly (Tensor | null)[],
  { attributes = {}, domain = "", gradient, lower, outputs }: NodeOptions & { outputs: readonly TensorType[] },
): readonly Tensor[] {
  for (const [name, value] of Object.entries(attributes)) {
    const numbers = typeof value === "number" ? [value] : Array.isArray(value) ? (value as readonly number[]) : [];
    if (!numbers.every(Number.isInteger))
      throw new Error(`${op}: attribute ${name} must be integers; wrap a float as { float: x }.`);
  }
  const tensors: Tensor[] = [];
  const source: Node = {
    kind: "node",
    id: ++lastId,
    op,
    domain,
    inputs,
    attributes,
    outputs: tensors,
    gradient,
    lower: lower ?? null,
  };
  for (const { dtype, shape } of outputs) tensors.push({ dtype, shape, source, output: tensors.length });
  return tensors;
}

function leaf(kind: Leaf["kind"], name: string, type: TensorType, value: NdArray | null): Tensor {
  return { dtype: type.dtype, shape: type.shape, source: { kind, id: ++lastId, name, value, expects: [] }, output: 0 };
}

/** A tensor that is fed at each run. */
export function input(name: string, shape: Shape, dtype: Dtype = "float32"): Tensor {
  return leaf("input", name, { dtype, shape }, null);
}

/** A tensor that the runtime keeps between runs under `name`: a parameter, an optimizer's state, a running average. */
export function variable(name: string, shape: Shape, dtype: Dtype = "float32"): Tensor {
  return leaf("variable", name, { dtype, shape }, null);
}

/** Fixed numbers inside the graph. */
export function constant(value: NdArray | number, dtype: Dtype = "float32"): Tensor {
  const array = typeof value === "number" ? scalar(value, dtype) : value;
  return leaf("constant", "", array, array);
}

/** Operators that leave every integer as it is. */
const keepsIntegers = new Set(["Cast", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Slice", "Expand"]);

/**
 * Says which integers x may hold. Where x is an input, or an input seen in another order or type, whoever feeds it looks
 * (`checkRange`): on the host, once, a fraction of what a check within the graph would cost. Otherwise nothing happens.
 */
export function expectRange(x: Tensor, range: ValueRange): void {
  let { source } = x;
  while (source.kind === "node" && keepsIntegers.has(source.op) && source.inputs[0] !== null) {
    source = source.inputs[0].source;
  }
  // Several losses may say the same of one input.
  const known = (other: ValueRange) =>
    (Object.keys(range) as (keyof ValueRange)[]).every((key) => other[key] === range[key]);
  if (source.kind === "input" && !source.expects.some(known)) source.expects.push(range);
}

/** Throws InputError, with place and value, unless `array` holds what graphs ask of the input x. */
export function checkRange(x: Tensor, array: NdArray): void {
  const { name, expects } = x.source as Leaf;
  for (const { what, least, most, except } of expects) {
    const { data } = array;
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      if ((value >= least && value <= most) || value === except) continue;
      throw new InputError(
        `${name}: expected ${what} from ${least} to ${most}, or ${except}, got ${value} at ${show(placeOf(i, array.shape))}. ` +
          `Correct it, or give ${except} where nothing is to be learned.`,
      );
    }
  }
}

/** The numbers of a constant tensor, or null if it is computed or fed. */
export function constantValue(x: Tensor): NdArray | null {
  return x.source.kind === "constant" ? x.source.value : null;
}
