/** Graphs as ONNX models: opset 20, IR version 9. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { type Graph, reach } from "../graph/graph.ts";
import type { Attribute, Leaf, Node, Tensor } from "../graph/tensor.ts";
import { ConstantPool } from "./constants.ts";
import { tensorProto, valueInfo } from "./tensor-proto.ts";
import {
  type AttributeProto,
  attributeType,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./wire.ts";

const irVersion = 9;
/** Protocol buffers end at 2 GB; the graph itself needs some of it. */
const largest = 2 ** 31 - 2 ** 25;
/** The operator set of ONNX in which models are written. */
export const writtenOpset = 20;
const opsets: Named<number> = { "": writtenOpset, "com.microsoft": 1, "com.microsoft.nchwc": 1 };

export interface WriteOptions {
  /** Inputs and variables whose numbers become part of the model. */
  readonly embed?: ReadonlyMap<string, NdArray> | Named<NdArray>;
  /** Key and value pairs kept in the file (`metadata_props`). */
  readonly metadata?: Named<string>;
  /** The graph's name in viewers. */
  readonly name?: string;
  /** Before every inner name, so that a graph can be part of another one. Inputs and outputs keep their names. */
  readonly prefix?: string;
}

export interface WrittenGraph {
  readonly graph: GraphProto;
  /** Operator sets that the nodes need, as `ModelProto.opset_import`. */
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Names that must be fed at each run. */
  readonly inputs: readonly string[];
  /** Names that the runtime keeps: variables that are not embedded. */
  readonly variables: readonly string[];
}

export interface WrittenModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly variables: readonly string[];
}

/**
 * A lowered graph as the bytes of an ONNX model. Inputs and variables become graph inputs, unless `embed` has numbers
 * for them; constants become initializers, equal ones one. Throws InputError above 2 GB, see `external-weights.ts`.
 */
export function writeModel(graph: Graph, options: WriteOptions = {}): WrittenModel {
  const written = graphProto(graph, options);
  const { inputs, variables } = written;
  const size = (written.graph.initializer ?? []).reduce((sum, { raw_data }) => sum + (raw_data?.length ?? 0), 0);
  if (size >= largest) {
    throw new InputError(
      `onnx: expected at most ${largest} bytes of weights in one file, got ${size}. Write them to a second file.`,
    );
  }
  return { bytes: encodeModel(modelProto(written, options)), inputs, variables };
}

/** The model around a graph, as a plain object. */
export function modelProto({ graph, opsets }: WrittenGraph, { metadata = {} }: WriteOptions = {}): ModelProto {
  return {
    ir_version: irVersion,
    producer_name: "tessera",
    opset_import: opsets,
    graph,
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/**
 * A lowered graph as a plain object, for a model of its own or for the body of a `Loop` or `If` made by hand. In a
 * body, what is not embedded and not among the body's inputs must be taken out of `graph.input` by the caller: names
 * are then looked up in the graph around it.
 */
export function graphProto(
  { outputs }: Graph,
  { embed, name = "tessera", prefix = "" }: WriteOptions = {},
): WrittenGraph {
  const reached = reach(Object.values(outputs));
  const names = nameTensors(outputs, reached.nodes, reached.leaves, prefix);
  const embedded = (leaf: string) =>
    embed instanceof Map ? embed.get(leaf) : (embed as Named<NdArray> | undefined)?.[leaf];

  const initializers: TensorProto[] = [];
  const fed: ValueInfoProto[] = [];
  const inputs: string[] = [];
  const variables: string[] = [];
  for (const [leafName, tensor] of reached.leaves) {
    names.set(tensor, leafName);
    const value = embedded(leafName);
    if (value !== undefined) {
      if (value.dtype !== tensor.dtype || !sameShape(value.shape, tensor.shape)) {
        const got = `${value.dtype} ${show(value.shape)}`;
        throw new InputError(
          `${leafName}: expected ${tensor.dtype} ${show(tensor.shape)}, got ${got}. The weights belong to another model.`,
        );
      }
      initializers.push(tensorProto(value, leafName));
      continue;
    }
    fed.push(valueInfo(leafName, tensor));
    ((tensor.source as Leaf).kind === "input" ? inputs : variables).push(leafName);
  }

  const pool = new ConstantPool(`${prefix}constant`);
  for (const tensor of reached.constants) names.set(tensor, pool.nameOf((tensor.source as Leaf).value!));
  initializers.push(...pool.tensors);

  const used = new Set<Tensor>(Object.values(outputs));
  for (const { inputs } of reached.nodes) for (const tensor of inputs) if (tensor !== null) used.add(tensor);
  const nodes = reached.nodes.map((node) => nodeProto(node, names, used, prefix));
  // An output that is a leaf, a constant, or another output as well cannot just take a name of its own.
  for (const [output, tensor] of Object.entries(outputs)) {
    const source = names.get(tensor)!;
    if (source !== output)
      nodes.push({ op_type: "Identity", name: `${prefix}Identity_${output}`, input: [source], output: [output] });
  }

  const outputNames = new Set(Object.keys(outputs));
  const inner: ValueInfoProto[] = [];
  for (const node of reached.nodes) {
    for (const tensor of node.outputs) {
      const tensorName = names.get(tensor)!;
      if (isWritten(tensor, used) && !outputNames.has(tensorName)) inner.push(valueInfo(tensorName, tensor));
    }
  }
  const domains = new Set(["", ...reached.nodes.map(({ domain }) => domain)]);
  return {
    graph: {
      name,
      node: nodesNamedOnce(nodes),
      initializer: initializers,
      input: fed,
      output: Object.entries(outputs).map(([output, tensor]) => valueInfo(output, tensor)),
      value_info: inner,
    },
    opsets: [...domains].map((domain) => ({ domain, version: opsets[domain] ?? 1 })),
    inputs,
    variables,
  };
}

/** Outputs may be called as we count nodes ("2"), and their nodes then as others. */
function nodesNamedOnce(nodes: readonly NodeProto[]): readonly NodeProto[] {
  const taken = new Set<string>();
  return nodes.map((node) => {
    let name = node.name ?? "";
    while (taken.has(name)) name += "'";
    taken.add(name);
    return { ...node, name };
  });
}

/** Every node output gets a name: that of the graph output it is, or operator and number. */
function nameTensors(
  outputs: Named<Tensor>,
  nodes: readonly Node[],
  leaves: ReadonlyMap<string, Tensor>,
  prefix: string,
): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [output, tensor] of Object.entries(outputs)) {
    const clash = leaves.get(output);
    if (clash !== undefined && clash !== tensor) {
      throw new Error(`onnx: "${output}" is both an input and an output of the graph. Give the output another name.`);
    }
    if (tensor.source.kind === "node" && !names.has(tensor)) names.set(tensor, output);
  }
  const taken = new Set([...leaves.keys(), ...Object.keys(outputs)]);
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const count = (counts.get(node.op) ?? 0) + 1;
    counts.set(node.op, count);
    for (const tensor of node.outputs) {
      if (names.has(tensor)) continue;
      let name = `${prefix}${node.op}_${count}${node.outputs.length > 1 ? `:${tensor.output}` : ""}`;
      while (taken.has(name)) name += "'";
      names.set(tensor, name);
    }
  }
  return names;
}

/** Operators whose outputs from this position on may be left out; asking for them costs time. */
const requiredOutputs: Named<number> = { LayerNormalization: 1, MaxPool: 1, Dropout: 1, BatchNormalization: 1 };

/** False for outputs that nobody uses and that their operator may leave out. */
function isWritten(tensor: Tensor, used: ReadonlySet<Tensor>): boolean {
  const { op, domain } = tensor.source as Node;
  return used.has(tensor) || domain !== "" || tensor.output < (requiredOutputs[op] ?? Number.POSITIVE_INFINITY);
}

function nodeProto(
  node: Node,
  names: ReadonlyMap<Tensor, string>,
  used: ReadonlySet<Tensor>,
  prefix: string,
): NodeProto {
  const input = node.inputs.map((tensor) => (tensor === null ? "" : names.get(tensor)!));
  while (input.at(-1) === "") input.pop();
  const output = node.outputs.map((tensor) => (isWritten(tensor, used) ? names.get(tensor)! : ""));
  while (output.at(-1) === "") output.pop();
  const name = output.find((text) => text !== "") ?? node.op;
  return {
    op_type: node.op,
    name: name.startsWith(`${prefix}${node.op}_`) ? name.split(":")[0] : `${prefix}${node.op}_${name}`,
    domain: node.domain === "" ? undefined : node.domain,
    input,
    output,
    attribute: Object.entries(node.attributes).map(([key, value]) => attributeProto(key, value)),
  };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: attributeType.int, i: value };
  if (typeof value === "string") return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeType.float, f: value.float };
  if ("value" in value) return { name, type: attributeType.tensor, t: tensorProto(value.value) };
  return { name, type: attributeType.ints, ints: [...value] };
}
