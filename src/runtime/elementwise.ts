/**
 * Graphs that compute each number from the numbers at its place and from scalars: the update of a training step. ONNX Runtime walks through
 * memory once for each of their nodes, ten times for Adam. Here such a graph becomes one loop for each parameter: the same
 * operations in the same order, so the same bits.
 */
import type { Named } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { behindViews, type Graph, reach, views } from "../graph/graph.ts";
import type { Leaf, Node, Tensor, TensorType } from "../graph/tensor.ts";
import { type Kernel, type Operand, operations } from "./elementwise-kernel.ts";

interface NamedType extends TensorType {
  readonly name: string;
}

/** As plain data, so that it can go to another thread. */
export interface ElementwiseModel {
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  /** Numbers by place: constants first, then what each input of one element holds, then what is computed of these. */
  readonly scalars: {
    readonly constants: readonly number[];
    readonly inputs: readonly string[];
    readonly computed: readonly { readonly op: string; readonly operands: readonly number[] }[];
    /** Outputs of one element: name → place. */
    readonly outputs: Named<number>;
  };
  readonly loops: readonly Loop[];
  readonly kernels: readonly Kernel[];
}

/** One kernel over arrays of one length. */
export interface Loop {
  /** Which of the model's. */
  readonly kernel: number;
  readonly length: number;
  /** Names of what it reads and writes, in the kernel's order, and places of the scalars that it needs. */
  readonly reads: readonly string[];
  readonly scalars: readonly number[];
  readonly writes: readonly string[];
}

type Entry = readonly [name: string, tensor: Tensor];

const isScalar = ({ shape }: Tensor) => sizeOf(shape) === 1;

/** A lowered graph in that form; null where it has anything else in it. */
export function elementwiseModel({ outputs }: Graph): ElementwiseModel | null {
  const reached = reach(Object.values(outputs));
  // What ONNX Runtime would broadcast slowly is flattened: of no matter here.
  const nodes = reached.nodes.filter(({ op }) => !views.has(op));
  const entries = Object.entries(outputs).map(([name, tensor]): Entry => [name, behindViews(tensor)]);
  const read = new Set([...nodes.flatMap(operandsOf), ...entries.map(([, tensor]) => tensor)]);
  const constants = [...read].filter(({ source }) => source.kind === "constant");
  const leaves = [...reached.leaves.values()];
  if (!constants.every(isScalar) || !nodes.every(isElementwise)) return null;
  if (![...leaves, ...constants, ...Object.values(outputs)].every(({ dtype }) => dtype === "float32")) return null;

  const places = new Map<Tensor, number>();
  const place = (tensor: Tensor) => places.set(tensor, places.size);
  for (const tensor of constants) place(tensor);
  const fed = leaves.filter(isScalar);
  for (const tensor of fed) place(tensor);
  const computed = nodes.filter(({ outputs: [result] }) => isScalar(result));
  for (const { outputs: results } of computed) place(results[0]);

  const kernels: Kernel[] = [];
  const known = new Map<string, number>();
  const loops = separate(entries.filter(([, tensor]) => !isScalar(tensor))).map((group): Loop => {
    const { kernel, ...loop } = loopOf(group, places);
    const key = JSON.stringify(kernel);
    if (!known.has(key)) known.set(key, kernels.push(kernel) - 1);
    return { ...loop, kernel: known.get(key)! };
  });
  const typed = ([name, { dtype, shape }]: Entry): NamedType => ({ name, dtype, shape });
  return {
    inputs: [...reached.leaves].map(typed),
    outputs: Object.entries(outputs).map(typed),
    scalars: {
      constants: constants.map(({ source }) => Number((source as Leaf).value!.data[0])),
      inputs: fed.map(({ source }) => (source as Leaf).name),
      computed: computed.map((node) => ({
        op: node.op,
        operands: operandsOf(node).map((tensor) => places.get(tensor)!),
      })),
      outputs: Object.fromEntries(
        entries.filter(([, tensor]) => isScalar(tensor)).map(([name, tensor]) => [name, places.get(tensor)!]),
      ),
    },
    loops,
    kernels,
  };
}

const operandsOf = ({ inputs }: Node) => inputs.flatMap((tensor) => (tensor === null ? [] : [behindViews(tensor)]));

/** Whether a node computes an element from the elements at its place, all float32; conditions may be scalars alone. */
function isElementwise(node: Node): boolean {
  const { op, domain, inputs, outputs } = node;
  const [result] = outputs;
  if (domain !== "" || operations[op] === undefined || inputs.includes(null) || outputs.length > 1) return false;
  if (result.dtype !== "float32" && !isScalar(result)) return false;
  return inputs.every((tensor) => {
    const { dtype, shape } = tensor!;
    return isScalar(tensor!) || (dtype === "float32" && sizeOf(shape) === sizeOf(result.shape));
  });
}

/** Outputs in groups that share no array and nothing that is computed of one. */
function separate(outputs: readonly Entry[]): (readonly Entry[])[] {
  const parents = new Map<Node | Leaf, Node | Leaf>();
  const first = (source: Node | Leaf): Node | Leaf => {
    let at = source;
    while (parents.get(at) !== undefined) at = parents.get(at)!;
    return at;
  };
  const join = (one: Node | Leaf, other: Node | Leaf) => {
    const [a, b] = [first(one), first(other)];
    if (a !== b) parents.set(a, b);
  };
  for (const node of reach(outputs.map(([, tensor]) => tensor)).nodes) {
    if (isScalar(node.outputs[0])) continue; // All may share scalars.
    for (const tensor of operandsOf(node)) if (!isScalar(tensor)) join(node, tensor.source);
  }
  const groups = new Map<Node | Leaf, Entry[]>();
  for (const entry of outputs) {
    const home = first(entry[1].source);
    groups.set(home, [...(groups.get(home) ?? []), entry]);
  }
  return [...groups.values()];
}

/** The kernel of outputs that belong together, and what it is given. */
function loopOf(
  group: readonly Entry[],
  places: ReadonlyMap<Tensor, number>,
): Omit<Loop, "kernel"> & { kernel: Kernel } {
  const { nodes } = reach(group.map(([, tensor]) => tensor));
  const operandOf = new Map<Tensor, Operand>();
  const reads: string[] = [];
  const scalars: number[] = [];
  const operand = (tensor: Tensor): Operand => {
    const known = operandOf.get(tensor);
    if (known !== undefined) return known;
    const at = places.get(tensor);
    const found: Operand =
      at === undefined
        ? { kind: "read", index: reads.push((tensor.source as Leaf).name) - 1 }
        : { kind: "scalar", index: scalars.push(at) - 1 };
    operandOf.set(tensor, found);
    return found;
  };
  const computed: { op: string; operands: Operand[] }[] = [];
  for (const node of nodes) {
    if (views.has(node.op) || places.has(node.outputs[0])) continue;
    const index = computed.push({ op: node.op, operands: operandsOf(node).map(operand) }) - 1;
    operandOf.set(node.outputs[0], { kind: "computed", index });
  }
  const writes = group.map(([, tensor]) => operand(tensor));
  return {
    kernel: { reads: reads.length, scalars: scalars.length, computed, writes },
    length: sizeOf(group[0][1].shape),
    ...{ reads, scalars, writes: group.map(([name]) => name) },
  };
}
