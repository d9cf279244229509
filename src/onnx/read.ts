/** ONNX models as graphs of ours. */
import type { Named } from "../array/ndarray.ts";
import { type Shape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { type Attribute, constant, input, nodes, type Tensor, type TensorType } from "../graph/tensor.ts";
import { fold } from "./fold.ts";
import { elementwiseReaders } from "./operators/elementwise.ts";
import { layerReaders, microsoftReaders } from "./operators/layers.ts";
import { shapeReaders } from "./operators/shapes.ts";
import { type Reader, Reading } from "./reading.ts";
import { arrayOf, dtypeOf, type ExternalReader, shapeOf } from "./tensor-proto.ts";
import { attributeType, decodeModel, type GraphProto, type NodeProto, toNumber, type ValueInfoProto } from "./wire.ts";

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
  "": { ...elementwiseReaders, ...shapeReaders, ...layerReaders },
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
  for (const initializer of graph.initializer ?? []) {
    const name = initializer.name ?? "";
    tensors.set(name, constant(arrayOf(initializer, `${where} ${name}`, external)));
  }
  const inputs: Record<string, Tensor> = {};
  for (const info of graph.input ?? []) {
    const name = info.name ?? "";
    if (tensors.has(name)) continue;
    const type = typeOf(info, sizes, `${where} input ${name}`);
    if (type === null) {
      throw new InputError(
        `${where} input ${name}: expected a type and a shape, got none. Export the model with shapes.`,
      );
    }
    inputs[name] = input(name, type.shape, type.dtype);
    tensors.set(name, inputs[name]);
  }
  const known = declaredTypes(graph, sizes, where);
  for (const [i, node] of (graph.node ?? []).entries()) {
    const place = `${where} node ${node.name || i + 1} (${node.op_type ?? "?"})`;
    const outputs = readNode(node, tensors, known, opset, place);
    (node.output ?? []).forEach((name, position) => {
      if (name !== "") tensors.set(name, outputs[position]);
    });
  }

  const outputs: Record<string, Tensor> = {};
  for (const { name = "" } of graph.output ?? []) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new InputError(`${where}: expected a node that makes output "${name}", got none. The file is damaged.`);
    }
    outputs[name] = tensor;
  }
  const metadata: Record<string, string> = {};
  for (const { key = "", value = "" } of model.metadata_props ?? []) metadata[key] = value;
  return { outputs, inputs, metadata };
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
): Map<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const info of [...value_info, ...output]) {
    const name = info.name ?? "";
    try {
      const type = typeOf(info, sizes, `${where} ${name}`);
      if (type !== null) types.set(name, type);
    } catch (error) {
      // A description that we cannot use matters only if a node needs it.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return types;
}

function typeOf({ type }: ValueInfoProto, sizes: Named<number>, where: string): TensorType | null {
  const tensor = type?.tensor_type;
  if (tensor == null || tensor.shape == null) return null;
  const dtype = dtypeOf(tensor.elem_type, where);
  const shape: Shape = (tensor.shape.dim ?? []).map(({ dim_value, dim_param = "" }, axis) => {
    const size = dim_param === "" ? dim_value : sizes[dim_param];
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

function readNode(
  proto: NodeProto,
  tensors: ReadonlyMap<string, Tensor>,
  known: ReadonlyMap<string, TensorType>,
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
  const inputs = (proto.input ?? []).map((name) => {
    const tensor = name === "" ? null : tensors.get(name);
    if (tensor === undefined) {
      throw new InputError(`${where}: expected an earlier node that makes "${name}", got none. The file is damaged.`);
    }
    return tensor;
  });
  const reading = new Reading(proto, inputs, opset, where);
  let results: readonly Tensor[] | null = null;
  try {
    const folded = domain === "" ? fold(reading) : null;
    results = folded === null ? (Object.hasOwn(family, reading.op) ? family[reading.op](reading) : null) : [folded];
  } catch (error) {
    if (error instanceof InputError && !error.message.startsWith(where))
      throw new InputError(`${where}: ${error.message}`);
    throw error;
  }
  results ??= keptNode(proto, inputs, domain, known, where);
  if (results.length < reading.outputs.length) {
    throw new InputError(
      `${where}: expected ${results.length} outputs, got ${reading.outputs.length}. The file is damaged.`,
    );
  }
  // What the file says about a result is a check of our own reading of it.
  reading.outputs.forEach((name, i) => {
    const declared = known.get(name);
    if (
      declared !== undefined &&
      (declared.dtype !== results[i].dtype || show(declared.shape) !== show(results[i].shape))
    ) {
      const expected = `${declared.dtype} ${show(declared.shape)}`;
      throw new InputError(
        `${where}: expected ${expected} as the file says, got ${results[i].dtype} ${show(results[i].shape)}. The file contradicts itself.`,
      );
    }
  });
  return results;
}

/** A node as it is, for operators that we do not have. */
function keptNode(
  proto: NodeProto,
  inputs: readonly (Tensor | null)[],
  domain: string,
  known: ReadonlyMap<string, TensorType>,
  where: string,
): readonly Tensor[] {
  const outputs = (proto.output ?? []).map((name, i): TensorType => {
    const type =
      known.get(name) ?? (name === "" ? { dtype: "float32" as const, shape: [] } : sameAsInput(proto, inputs));
    if (type === null) {
      throw new InputError(
        `${where}: expected the file to tell the shape of output ${i + 1}, got none. Run ONNX shape inference on the model first.`,
      );
    }
    return type;
  });
  const attributes: Record<string, Attribute> = {};
  for (const attribute of proto.attribute ?? []) {
    const name = attribute.name ?? "";
    attributes[name] = attributeOf(attribute, `${where} ${name}`);
  }
  return nodes(proto.op_type ?? "", inputs, { attributes, domain, gradient: null, outputs });
}

/** Element-wise operators that we do not have, whose output is like their input. */
const unary = new Set(
  "Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cosh Elu HardSigmoid HardSwish Hardmax LRN Mish PRelu Selu Shrink Sinh Softsign Tan ThresholdedRelu".split(
    " ",
  ),
);

function sameAsInput({ op_type = "", domain = "" }: NodeProto, [first]: readonly (Tensor | null)[]): TensorType | null {
  return domain === "" && unary.has(op_type) && first != null ? { dtype: first.dtype, shape: first.shape } : null;
}

function attributeOf(attribute: NonNullable<NodeProto["attribute"]>[number], where: string): Attribute {
  switch (attribute.type) {
    case attributeType.int:
      return toNumber(attribute.i);
    case attributeType.ints:
      return (attribute.ints ?? []).map(toNumber);
    case attributeType.float:
      return { float: attribute.f ?? 0 };
    case attributeType.string:
      return new TextDecoder().decode(attribute.s ?? new Uint8Array());
    case attributeType.tensor:
      return { value: arrayOf(attribute.t ?? {}, where) };
    default:
      throw new InputError(
        `${where}: expected numbers, text or a tensor as attribute, got another kind (${attribute.type ?? 0}), such as a subgraph. Export the model without it.`,
      );
  }
}
