/** ONNX models as graphs of ours. */
import type { Named } from "../array/ndarray.ts";
import { type Shape, sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { constant, constantValue, input, type Tensor, type TensorType } from "../graph/tensor.ts";
import { fold } from "./fold.ts";
import { keep } from "./keep.ts";
import { conversions } from "./operators/conversions.ts";
import { elementwiseReaders } from "./operators/elementwise.ts";
import { indexingReaders } from "./operators/indexing.ts";
import { layerReaders, microsoftReaders } from "./operators/layers.ts";
import { reductionReaders } from "./operators/reductions.ts";
import { shapeReaders } from "./operators/shapes.ts";
import { type Declared, type Reader, Reading } from "./reading.ts";
import { checkNode, signatureOf } from "./signature.ts";
import { arrayOf, dtypeOf, type ExternalReader, shapeOf } from "./tensor-proto.ts";
import { decodeModel, type GraphProto, type NodeProto, toNumber, type ValueInfoProto } from "./wire.ts";

export interface ReadOptions {
  /** What to call the file in messages. */
  readonly where?: string;
  /** Sizes for axes that the model leaves open, by the names it gives them. */
  readonly sizes?: Named<number>;
  /** Reads tensors that are stored in files beside the model. */
  readonly external?: ExternalReader;
}

export interface ReadModel extends Graph {
  /** What must be fed, by name; initializers are constants. */
  readonly inputs: Named<Tensor>;
  readonly metadata: Named<string>;
}

const readers: Named<Named<Reader>> = {
  "": {
    ...elementwiseReaders,
    ...reductionReaders,
    ...shapeReaders,
    ...indexingReaders,
    ...layerReaders,
    ...conversions,
  },
  "com.microsoft": microsoftReaders,
  "com.microsoft.nchwc": {},
};

/** Operator sets of ONNX that we know. */
const oldest = 7;
const newest = 25;

/**
 * Reads an ONNX model by calling our own operators again, so that the graph can be lowered for any target and has
 * gradients. Operators that we do not have become nodes as they are, without a gradient, if the file tells the shapes
 * of their outputs.
 *
 * Throws InputError for files that are damaged, not ONNX, or use what we cannot keep: subgraphs, sparse tensors,
 * functions, axes without a size, operator sets other than ONNX's 7 to 25 and ONNX Runtime's.
 */
export function readModel(bytes: Uint8Array, { where = "onnx", sizes = {}, external }: ReadOptions = {}): ReadModel {
  const model = decodeModel(bytes, where);
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
  for (const initializer of graph.initializer ?? []) {
    const name = initializer.name ?? "";
    define(name, constant(arrayOf(initializer, `${where} ${name}`, external)));
  }
  const initialized = new Set(tensors.keys());
  const inputs: [string, Tensor][] = [];
  for (const info of graph.input ?? []) {
    const name = info.name ?? "";
    // Old files name their weights among the inputs, too.
    if (initialized.delete(name)) continue;
    const type = typeOf(info, sizes, `${where} input ${name}`);
    if (type === null) {
      throw new InputError(
        `${where} input ${name}: expected a type and a shape, got none. Export the model with shapes.`,
      );
    }
    const tensor = input(name, type.shape, type.dtype);
    inputs.push([name, tensor]);
    define(name, tensor);
  }
  const known = declaredTypes(graph, sizes, where);
  const names = new Set<string>();
  // What depends on constants alone: the runtime computes it before anything is fed.
  const fixed = new Set<Tensor>();
  for (const [i, node] of (graph.node ?? []).entries()) {
    const { name = "", op_type = "?", output = [] } = node;
    if (name !== "" && names.has(name)) throw repeated(where, "node", name);
    names.add(name);
    const place = `${where} node ${name || i + 1} (${op_type})`;
    const given = inputsOf(node, tensors, place);
    const outputs = readNode(node, given, known, opset, place);
    if (given.every((tensor) => tensor === null || fixed.has(tensor) || constantValue(tensor) !== null)) {
      for (const tensor of outputs) fixed.add(checkFixed(tensor, place));
    }
    output.forEach((name, position) => {
      if (name !== "") define(name, outputs[position]);
    });
  }

  const outputs = new Map<string, Tensor>();
  for (const { name = "" } of graph.output ?? []) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new InputError(`${where}: expected a node that makes output "${name}", got none. The file is damaged.`);
    }
    if (outputs.has(name)) throw repeated(where, "output", name);
    outputs.set(name, tensor);
  }
  const metadata = Object.fromEntries((model.metadata_props ?? []).map(({ key = "", value = "" }) => [key, value]));
  return { outputs: Object.fromEntries(outputs), inputs: Object.fromEntries(inputs), metadata };
}

function repeated(where: string, what: string, name: string): InputError {
  return new InputError(`${where}: expected every name once, got two ${what}s called "${name}". The file is damaged.`);
}

function opsetOf(
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

/** Types of inner values and outputs, where the file has them. */
function declaredTypes(
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

function typeOf({ type }: ValueInfoProto, sizes: Named<number>, where: string): TensorType | null {
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

/** What a model computes from its own constants alone may have so many elements: 256 MB of float32. */
const largestFixed = 2 ** 26;

function checkFixed(tensor: Tensor, where: string): Tensor {
  const count = sizeOf(tensor.shape);
  if (count <= largestFixed) return tensor;
  throw new InputError(
    `${where}: expected at most ${largestFixed} elements computed from constants, got ${count}. Export the model with smaller ones, or as inputs.`,
  );
}

function readNode(
  proto: NodeProto,
  inputs: readonly (Tensor | null)[],
  known: ReadonlyMap<string, Declared>,
  opset: number,
  where: string,
): readonly Tensor[] {
  const domain = proto.domain === "ai.onnx" ? "" : (proto.domain ?? "");
  const family = readers[domain];
  if (family === undefined) {
    throw new InputError(
      `${where}: expected an operator of ONNX or ONNX Runtime, got one of domain "${domain}". Export without it.`,
    );
  }
  const types = (proto.output ?? []).map((name) => known.get(name) ?? null);
  const reading = new Reading(proto, inputs, { domain, opset, types, where });
  const results = within(where, () => {
    if (domain === "") checkNode(reading, signatureOf(reading.op, opset, where));
    const folded = domain === "" ? fold(reading) : null;
    if (folded !== null) return [folded];
    return (Object.hasOwn(family, reading.op) ? family[reading.op](reading) : null) ?? keep(reading);
  });
  if (results.length < reading.outputCount) {
    throw new InputError(
      `${where}: expected ${results.length} outputs, got ${reading.outputCount}. The file is damaged.`,
    );
  }
  results.forEach((result, i) => {
    shapeOf(result.shape, `${where} output ${i + 1}`);
    // What the file says about a result is a check of our own reading of it.
    const declared = types[i] ?? null;
    if (declared === null) return;
    const { dtype, shape } = { ...declared, shape: declared.shape ?? result.shape };
    if (dtype !== result.dtype || !sameShape(shape, result.shape)) {
      const expected = `${dtype} ${show(shape)}`;
      throw new InputError(
        `${where}: expected ${expected} as the file says, got ${result.dtype} ${show(result.shape)}. The file contradicts itself.`,
      );
    }
  });
  return results;
}

/** Runs `read`; what our operators say about wrong inputs gets the place in the file before it. */
function within(where: string, read: () => readonly Tensor[]): readonly Tensor[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError && !error.message.startsWith(oneLine(where)))
      throw new InputError(`${where}: ${error.message}`);
    throw error;
  }
}
