import type { Dtype } from "../array/dtype.ts";
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constantValue, type Tensor } from "../graph/tensor.ts";
import { arrayOf } from "./tensor-proto.ts";
import { type AttributeProto, type NodeProto, toNumber } from "./wire.ts";

/**
 * How an operator is read: graph made by calling our own operators, or null where we have none that does the same, so
 * that the node is kept as it is.
 */
export type Reader = (reading: Reading) => readonly Tensor[] | null;

/** What a file says about a tensor that a node makes. */
export interface Declared {
  readonly dtype: Dtype;
  /** null where a size is open. */
  readonly shape: Shape | null;
}

interface ReadingOptions {
  readonly domain?: string;
  readonly opset: number;
  readonly types: readonly (Declared | null)[];
  readonly where: string;
}

/** A node of a file while it is read. Attributes come with the default that ONNX gives them. */
export class Reading {
  readonly op: string;
  /** "" for ONNX itself. */
  readonly domain: string;
  readonly opset: number;
  readonly inputs: readonly (Tensor | null)[];
  /** Names of the outputs; "" where one is left out. */
  readonly outputs: readonly string[];
  /** What the file says about each output; null where it says nothing. */
  readonly types: readonly (Declared | null)[];
  readonly attributes: readonly AttributeProto[];
  /** Place in the file, for messages. */
  readonly where: string;
  readonly #byName: ReadonlyMap<string, AttributeProto>;

  constructor(
    node: NodeProto,
    inputs: readonly (Tensor | null)[],
    { domain = "", opset, types, where }: ReadingOptions,
  ) {
    this.op = node.op_type ?? "";
    this.domain = domain;
    this.opset = opset;
    this.inputs = inputs;
    this.outputs = node.output ?? [];
    this.types = types;
    this.attributes = node.attribute ?? [];
    this.where = where;
    this.#byName = new Map(this.attributes.map((attribute) => [attribute.name ?? "", attribute]));
    if (this.#byName.size < this.attributes.length) {
      throw new InputError(`${where}: expected every attribute once, got one twice. The file is damaged.`);
    }
  }

  /** Throws InputError when the node has no such input. */
  input(position: number): Tensor {
    const tensor = this.inputs[position] ?? null;
    if (tensor === null) {
      const count = this.inputs.length;
      throw new InputError(
        `${this.where}: expected an input ${position + 1}, got ${count} inputs. The file is damaged.`,
      );
    }
    return tensor;
  }

  /** How many outputs the file asks for: up to the last that it names. */
  get outputCount(): number {
    return this.outputs.findLastIndex((name) => name !== "") + 1;
  }

  optional(position: number): Tensor | undefined {
    return this.inputs[position] ?? undefined;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  integer(name: string, otherwise: number): number {
    const attribute = this.#byName.get(name);
    return attribute === undefined ? otherwise : toNumber(attribute.i);
  }

  integers(name: string): number[] | undefined {
    return this.#byName.get(name)?.ints?.map(toNumber);
  }

  /** One integer or a list, exact also beyond 2⁵³. */
  bigIntegers(name: string): bigint[] {
    const { i, ints } = this.#byName.get(name) ?? {};
    return (i === undefined ? (ints ?? []) : [i]).map((value) => BigInt(value));
  }

  float(name: string, otherwise: number): number {
    const attribute = this.#byName.get(name);
    return attribute === undefined ? otherwise : (attribute.f ?? 0);
  }

  floats(name: string): number[] | undefined {
    const list = this.#byName.get(name)?.floats;
    return list === undefined ? undefined : [...list];
  }

  text(name: string, otherwise: string): string {
    const bytes = this.#byName.get(name)?.s;
    return bytes === undefined ? otherwise : new TextDecoder().decode(bytes);
  }

  array(name: string): NdArray | undefined {
    const tensor = this.#byName.get(name)?.t;
    return tensor === undefined ? undefined : arrayOf(tensor, `${this.where} ${name}`);
  }

  /** The numbers of a constant input; undefined where the input is left out, null where it is computed. */
  numbers(position: number): number[] | undefined | null {
    const tensor = this.optional(position);
    if (tensor === undefined) return undefined;
    const value = constantValue(tensor);
    return value === null ? null : toNumbers(value);
  }

  /** What was an attribute in old operator sets and is an input in new ones; null where it is computed. */
  integersOrInput(name: string, position: number): number[] | undefined | null {
    return this.integers(name) ?? this.numbers(position);
  }
}
