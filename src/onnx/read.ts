/** ONNX models as graphs of ours. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { Scope } from "../graph/scope.ts";
import { constant, constantValue, input, type Tensor } from "../graph/tensor.ts";
import { declaredTypes, opsetOf, sizesBy, typeOf } from "./declared.ts";
import { checkFixed, readNode } from "./read-node.ts";
import type { Reader } from "./reading.ts";
import { arrayOf, type ExternalReader } from "./tensor-proto.ts";
import { rolesOf } from "./weight-roles.ts";
import { decodeModel, type ModelProto, type NodeProto, type ValueInfoProto } from "./wire.ts";

export interface ReadOptions {
  /** What to call the file in messages. */
  readonly where?: string;
  /** Sizes for axes that the model leaves open, by the names it gives them. */
  readonly sizes?: Named<number>;
  /**
   * Tensors that stand for inputs of the model, by their names: its graph goes on from them. They say how large the
   * axes are that the model leaves open. Default: inputs that are fed.
   */
  readonly inputs?: Named<Tensor>;
  /**
   * Where weights become parameters, so that the model can be trained on: float32 initializers of more than one number,
   * under their names in the file, with its numbers as first values (whatever the seed). Running statistics of batch
   * norms become averages that stay as they are. Default: all are constants.
   */
  readonly parameters?: Scope;
  /** Reads tensors that are stored in files beside the model. */
  readonly external?: ExternalReader;
}

/** For whoever takes a model apart. */
export interface ProtoOptions extends ReadOptions {
  /** Numbers of initializers, where they have been read already. */
  readonly arrays?: ReadonlyMap<string, NdArray>;
  /** How to read operators of ONNX in other ways than ours; null leaves one to us. */
  readonly readers?: Named<Reader>;
  /** Collects what cannot be read, by tensor, with the reason; the rest is read without it. Default: that is an error. */
  readonly unread?: Map<string, InputError>;
}

export interface ReadModel extends Graph {
  /** What must be fed, or what stands for it, by name. */
  readonly inputs: Named<Tensor>;
  readonly metadata: Named<string>;
  /** Nodes that give floats and let no gradient through, by their places in the file: what lies before learns nothing. */
  readonly withoutGradient: readonly string[];
}

export interface ReadProto extends ReadModel {
  /** All tensors by their names in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Reads an ONNX model by calling our own operators again, so that the graph can be lowered for any target and has
 * gradients. Operators that we do not have become nodes as they are, without a gradient, if the file tells the shapes
 * of their outputs; `withoutGradient` lists them.
 *
 * Throws InputError for files that are damaged, not ONNX, or use what we cannot keep: subgraphs, sparse tensors,
 * functions, axes without a size, operator sets other than ONNX's 7 to 25 and ONNX Runtime's. Also for `inputs` that the
 * model does not have, or has of another type.
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): ReadModel {
  const { tensors: _, ...read } = readProto(decodeModel(bytes, options.where), options);
  return read;
}

/** `readModel` of a model that is decoded. */
export function readProto(model: ModelProto, options: ProtoOptions = {}): ReadProto {
  const { where = "onnx", inputs: stands = {}, parameters, external, arrays, unread } = options;
  const graph = model.graph!;
  const opset = opsetOf(model.opset_import ?? [], where);
  if ((model.functions ?? []).length + (graph.sparse_initializer ?? []).length > 0) {
    throw new InputError(
      `${where}: expected plain tensors and operators, got functions or sparse tensors. Export the model without them.`,
    );
  }

  const tensors = new Map<string, Tensor>();
  const define = (name: string, tensor: Tensor) => {
    if (tensors.has(name)) throw repeated(where, "tensor", name);
    tensors.set(name, tensor);
  };
  const attempt = (names: readonly string[], read: () => void) => {
    try {
      read();
    } catch (error) {
      if (unread === undefined || !(error instanceof InputError)) throw error;
      for (const name of names) unread.set(name, error);
    }
  };
  const roles = rolesOf(graph, where);
  for (const initializer of graph.initializer ?? []) {
    const name = initializer.name ?? "";
    if (tensors.has(name)) throw repeated(where, "tensor", name);
    attempt([name], () => {
      const value = arrays?.get(name) ?? arrayOf(initializer, `${where} ${name}`, external);
      const role = roles.get(name);
      const weight = role && parameters?.[role](name, value.shape, () => value);
      define(name, weight ?? constant(value));
    });
  }
  const initialized = new Set((graph.initializer ?? []).map(({ name = "" }) => name));
  const own = (graph.input ?? []).map(({ name = "" }) => name).filter((name) => !initialized.has(name));
  const foreign = Object.keys(stands).find((name) => !own.includes(name));
  if (foreign !== undefined) {
    throw new InputError(
      `${where}: expected inputs that the model has (${own.join(", ")}), got "${foreign}". Use their names.`,
    );
  }
  const sizes = { ...sizesBy(graph, stands), ...options.sizes };
  const inputs: [string, Tensor][] = [];
  for (const info of graph.input ?? []) {
    const name = info.name ?? "";
    // Old files name their weights among the inputs, too.
    if (initialized.delete(name)) continue;
    attempt([name], () => {
      const tensor = inputTensor(info, Object.hasOwn(stands, name) ? stands[name] : null, sizes, where);
      inputs.push([name, tensor]);
      define(name, tensor);
    });
  }
  const known = declaredTypes(graph, sizes, where);
  const names = new Set<string>();
  const withoutGradient: string[] = [];
  // What depends on constants alone: the runtime computes it before anything is fed.
  const fixed = new Set<Tensor>();
  for (const [i, node] of (graph.node ?? []).entries()) {
    const { name = "", op_type = "?", output = [] } = node;
    if (name !== "" && names.has(name)) throw repeated(where, "node", name);
    names.add(name);
    const place = `${where} node ${name || i + 1} (${op_type})`;
    attempt(output, () => {
      const lost = unread && node.input?.find((name) => unread.has(name));
      if (lost !== undefined) throw unread!.get(lost)!;
      const given = inputsOf(node, tensors, place);
      const outputs = readNode(node, given, known, { opset, where: place, own: options.readers });
      if (outputs.some(stopsGradient)) withoutGradient.push(place);
      if (given.every((tensor) => tensor === null || fixed.has(tensor) || constantValue(tensor) !== null)) {
        for (const tensor of outputs) fixed.add(checkFixed(tensor, place));
      }
      output.forEach((name, position) => {
        if (name !== "") define(name, outputs[position]);
      });
    });
  }

  const outputs = new Map<string, Tensor>();
  for (const { name = "" } of graph.output ?? []) {
    const tensor = tensors.get(name);
    if (unread?.has(name)) continue;
    if (tensor === undefined) {
      throw new InputError(`${where}: expected a node that makes output "${name}", got none. The file is damaged.`);
    }
    if (outputs.has(name)) throw repeated(where, "output", name);
    outputs.set(name, tensor);
  }
  const metadata = Object.fromEntries((model.metadata_props ?? []).map(({ key = "", value = "" }) => [key, value]));
  return {
    outputs: Object.fromEntries(outputs),
    inputs: Object.fromEntries(inputs),
    metadata,
    withoutGradient,
    tensors,
  };
}

/** The input that a file describes, or what stands for it. */
function inputTensor(info: ValueInfoProto, stand: Tensor | null, sizes: Named<number>, where: string): Tensor {
  const name = info.name ?? "";
  const type = typeOf(info, sizes, `${where} input ${name}`);
  if (type === null) {
    throw new InputError(
      `${where} input ${name}: expected a type and a shape, got none. Export the model with shapes.`,
    );
  }
  const tensor = stand ?? input(name, type.shape, type.dtype);
  if (tensor.dtype !== type.dtype || !sameShape(tensor.shape, type.shape)) {
    const [expected, got] = [type, tensor].map(({ dtype, shape }) => `${dtype} ${show(shape)}`);
    throw new InputError(`${where} input ${name}: expected ${expected}, got ${got}. Give it what the model takes.`);
  }
  return tensor;
}

function stopsGradient({ dtype, source }: Tensor): boolean {
  return dtype.startsWith("float") && source.kind === "node" && source.gradient === null;
}

function repeated(where: string, what: string, name: string): InputError {
  return new InputError(`${where}: expected every name once, got two ${what}s called "${name}". The file is damaged.`);
}

function inputsOf(
  { input = [] }: NodeProto,
  tensors: ReadonlyMap<string, Tensor>,
  where: string,
): readonly (Tensor | null)[] {
  return input.map((name) => {
    const tensor = name === "" ? null : tensors.get(name);
    if (tensor === undefined) {
      throw new InputError(`${where}: expected an earlier node that makes "${name}", got none. The file is damaged.`);
    }
    return tensor;
  });
}
