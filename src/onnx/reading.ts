import { type NdArray, toNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { constantValue, type Tensor } from "../graph/tensor.ts";
import { arrayOf } from "./tensor-proto.ts";
import { type AttributeProto, type NodeProto, toNumber } from "./wire.ts";

/**
 * How an operator is read: graph made by calling our own operators, or null where we have none that does the same, so
 * that the node is kept as it is.
 */
export type Reader = (reading: Reading) => readonly Tensor[] | null;

/** A node of a file while it is read. Attributes come with the default that ONNX gives them. */
export class Reading {
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly (Tensor | null)[];
  /** Names of the outputs; "" where one is left out. */
  readonly outputs: readonly string[];
  /** Place in the file, for messages. */
  readonly where: string;
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(node: NodeProto, inputs: readonly (Tensor | null)[], opset: number, where: string) {
    this.op = node.op_type ?? "";
    this.opset = opset;
    this.inputs = inputs;
    this.outputs = node.output ?? [];
    this.where = where;
    this.#attributes = new Map((node.attribute ?? []).map((attribute) => [attribute.name ?? "", attribute]));
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

  optional(position: number): Tensor | undefined {
    return this.inputs[position] ?? undefined;
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  integer(name: string, otherwise: number): number {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? otherwise : toNumber(attribute.i);
  }

  integers(name: string): number[] | undefined {
    return this.#attributes.get(name)?.ints?.map(toNumber);
  }

  float(name: string, otherwise: number): number {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? otherwise : (attribute.f ?? 0);
  }

  floats(name: string): number[] | undefined {
    const list = this.#attributes.get(name)?.floats;
    return list === undefined ? undefined : [...list];
  }

  text(name: string, otherwise: string): string {
    const bytes = this.#attributes.get(name)?.s;
    return bytes === undefined ? otherwise : new TextDecoder().decode(bytes);
  }

  array(name: string): NdArray | undefined {
    const tensor = this.#attributes.get(name)?.t;
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
