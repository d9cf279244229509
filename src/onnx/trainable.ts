/** ONNX models as they can be trained on, whatever their exporter does with weights. */
import { allocate, onnxTypes } from "../array/dtype.ts";
import { fromNumbers, type NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { dependents } from "./subgraph.ts";
import { arrayOf, type ExternalReader } from "./tensor-proto.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./wire.ts";

export interface TrainableModel {
  readonly model: ModelProto;
  /** Numbers of the initializers; those that we have no array for are missing. */
  readonly arrays: ReadonlyMap<string, NdArray>;
}

/**
 * A model whose weights are initializers of float32: numbers that nodes `Constant` give (as Paddle's exporter writes all
 * weights) become initializers, half floats become float32. What is done to the image `image` before the first layer
 * (a mean, a scale) stays as it is: its numbers become nodes `Constant`, which are not trained.
 */
export function trainableModel(
  model: ModelProto,
  { where, external, image }: { where: string; external?: ExternalReader; image: string },
): TrainableModel {
  const graph = model.graph!;
  const hoisted: TensorProto[] = [];
  const others: NodeProto[] = [];
  for (const node of graph.node ?? []) {
    const value = node.op_type === "Constant" ? node.attribute?.find(({ name }) => name === "value")?.t : undefined;
    if (value === undefined || !isFloat(value.data_type)) others.push(node);
    else hoisted.push({ ...value, name: node.output?.[0] ?? "" });
  }
  const arrays = new Map<string, NdArray>();
  const initializer = [...(graph.initializer ?? []), ...hoisted].map((tensor) => {
    const name = tensor.name ?? "";
    const array = read(tensor, `${where} ${name}`, external);
    if (array !== null) arrays.set(name, array);
    return { ...tensor, data_type: wide(tensor.data_type) };
  });
  const wider: GraphProto = {
    ...graph,
    node: named(others.map(widerNode)),
    initializer,
    input: graph.input?.map(widerInfo),
    output: graph.output?.map(widerInfo),
    value_info: graph.value_info?.map(widerInfo),
  };
  return { model: { ...model, graph: withConstants(wider, preparation(wider, image), arrays) }, arrays };
}

/** Nodes without a name get that of their output: messages name them, and places change when others are left out. */
function named(nodes: readonly NodeProto[]): NodeProto[] {
  const taken = new Set(nodes.map(({ name }) => name));
  return nodes.map((node) => {
    const [output = ""] = node.output ?? [];
    return (node.name ?? "") !== "" || taken.has(output) ? node : { ...node, name: output };
  });
}

const [half, float] = [onnxTypes.float16, onnxTypes.float32];

function isFloat(type: number | undefined): boolean {
  return type === half || type === float;
}

function wide<T extends number | undefined>(type: T): T | number {
  return type === half ? float : type;
}

/** Null for tensors of kinds that we have no array for: whoever needs them says so. */
function read(tensor: TensorProto, where: string, external?: ExternalReader): NdArray | null {
  try {
    return widened(arrayOf(tensor, where, external));
  } catch (error) {
    if (error instanceof InputError && tensor.data_location !== 1) return null;
    throw error;
  }
}

/** Half floats as float32; other arrays as they are. */
function widened(array: NdArray): NdArray {
  if (array.dtype !== "float16") return array;
  const data = allocate("float32", array.data.length) as Float32Array;
  for (let i = 0; i < data.length; i++) data[i] = halfToNumber(Number(array.data[i]));
  return { dtype: "float32", shape: array.shape, data };
}

/** Sign, 5 bits of exponent, 10 of fraction (IEEE 754 binary16). */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

function widerInfo(info: ValueInfoProto): ValueInfoProto {
  const tensor = info.type?.tensor_type;
  return tensor?.elem_type === half ? { ...info, type: { tensor_type: { ...tensor, elem_type: float } } } : info;
}

function widerNode(node: NodeProto): NodeProto {
  const attribute = node.attribute?.map((each) => {
    if (node.op_type === "Cast" && each.name === "to" && Number(each.i) === half) return { ...each, i: float };
    if (each.t?.data_type !== half) return each;
    const { dims, name } = each.t;
    const values = widened(arrayOf(each.t, node.name ?? ""));
    return { ...each, t: protoOf(values, name, dims) };
  });
  return { ...node, attribute };
}

function protoOf({ dtype, data }: NdArray, name: string | undefined, dims: TensorProto["dims"]): TensorProto {
  return {
    name,
    dims,
    data_type: onnxTypes[dtype],
    raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

const arithmetic = new Set(["Add", "Sub", "Mul", "Div"]);
const movement = new Set(["Transpose", "Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Pad", "Slice"]);

/** Initializers that make the image what the first layer takes. */
function preparation(graph: GraphProto, image: string): ReadonlySet<string> {
  const raw = new Set([image]);
  const seen = dependents(graph, [image]);
  const fixed = new Set<string>();
  for (const { op_type = "", input = [], output = [] } of graph.node ?? []) {
    if (!input.some((name) => raw.has(name)) || input.some((name) => seen.has(name) && !raw.has(name))) continue;
    if (!arithmetic.has(op_type) && !movement.has(op_type)) continue;
    for (const name of output) raw.add(name);
    for (const name of input) if (!raw.has(name)) fixed.add(name);
  }
  return fixed;
}

/** These initializers as nodes `Constant`. */
function withConstants(
  graph: GraphProto,
  names: ReadonlySet<string>,
  arrays: ReadonlyMap<string, NdArray>,
): GraphProto {
  const fixed = (graph.initializer ?? []).filter(({ name = "" }) => names.has(name) && arrays.has(name));
  if (fixed.length === 0) return graph;
  const constants = fixed.map(({ name = "", dims }): NodeProto => {
    const t = protoOf(arrays.get(name) ?? fromNumbers("float32", [0], []), undefined, dims);
    return { op_type: "Constant", input: [], output: [name], attribute: [{ name: "value", type: 4, t }] };
  });
  return {
    ...graph,
    node: [...constants, ...(graph.node ?? [])],
    initializer: graph.initializer?.filter((each) => !fixed.includes(each)),
    // Old files name their initializers among the inputs.
    input: graph.input?.filter(({ name = "" }) => !constants.some(({ output }) => output?.[0] === name)),
  };
}
