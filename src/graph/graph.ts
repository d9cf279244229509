import type { Named } from "../array/ndarray.ts";
import { type Leaf, type Node, nodes, type Target, type Tensor } from "./tensor.ts";

/** Named outputs; the inputs are whatever leaves they reach. */
export interface Graph {
  readonly outputs: Named<Tensor>;
}

export interface Reached {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** Inputs and variables by name, in order of creation. */
  readonly leaves: ReadonlyMap<string, Tensor>;
  readonly constants: readonly Tensor[];
}

/** Everything that `outputs` depend on, short of what `known` holds. Throws when two different leaves share a name. */
export function reach(outputs: Iterable<Tensor>, known?: ReadonlyMap<Tensor, unknown>): Reached {
  const seen = new Set<Node | Leaf>();
  const found: Node[] = [];
  const leaves: Tensor[] = [];
  const constants: Tensor[] = [];
  const pending = [...outputs];
  while (pending.length > 0) {
    const tensor = pending.pop()!;
    const { source } = tensor;
    if (seen.has(source) || known?.has(tensor)) continue;
    seen.add(source);
    if (source.kind === "node") {
      found.push(source);
      for (const dependency of source.inputs) if (dependency !== null) pending.push(dependency);
    } else if (source.kind === "constant") constants.push(tensor);
    else leaves.push(tensor);
  }
  found.sort((a, b) => a.id - b.id);
  leaves.sort((a, b) => a.source.id - b.source.id);
  constants.sort((a, b) => a.source.id - b.source.id);
  const byName = new Map<string, Tensor>();
  for (const tensor of leaves) {
    const { name } = tensor.source as Leaf;
    if (byName.has(name))
      throw new Error(`graph: two different tensors are named "${name}". Declare it once and share it.`);
    byName.set(name, tensor);
  }
  return { nodes: found, leaves: byName, constants };
}

/**
 * Rewrites a graph for a target: every node with a lowering rule is replaced by what the rule returns, repeatedly,
 * until only operators that the target runs are left.
 */
export function lower({ outputs }: Graph, target: Target): Graph {
  const replaced = new Map<Tensor, Tensor>();
  const visit = (roots: Iterable<Tensor>) => {
    for (const original of reach(roots, replaced).nodes) {
      if (original.outputs.every((tensor) => replaced.has(tensor))) continue;
      const expansion = original.lower?.(inputsOf(original, replaced), target) ?? null;
      if (expansion !== null) visit(expansion);
      const results = expansion?.map((tensor) => replaced.get(tensor) ?? tensor) ?? rewired(original, replaced);
      original.outputs.forEach((tensor, i) => {
        replaced.set(tensor, results[i]);
      });
      for (const tensor of results) if (!replaced.has(tensor)) replaced.set(tensor, tensor);
    }
  };
  visit(Object.values(outputs));
  return {
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, replaced.get(tensor) ?? tensor]),
    ),
  };
}

/** Operators that only look at numbers in another way; the runtime may give their result the memory of their input. */
export const views: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/** The tensor that a chain of views looks at. */
export function behindViews(tensor: Tensor): Tensor {
  let seen = tensor;
  while (seen.source.kind === "node" && views.has(seen.source.op)) seen = seen.source.inputs[0]!;
  return seen;
}

function inputsOf({ inputs }: Node, stands: ReadonlyMap<Tensor, Tensor>): (Tensor | null)[] {
  return inputs.map((tensor) => (tensor === null ? null : (stands.get(tensor) ?? tensor)));
}

/** The outputs of a node that reads what stands for its inputs: its own where nothing does. */
export function rewired(node: Node, stands: ReadonlyMap<Tensor, Tensor>): readonly Tensor[] {
  const inputs = inputsOf(node, stands);
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node.outputs;
  return nodes(node.op, inputs, { ...node, lower: node.lower ?? undefined });
}

/**
 * What becomes of `tensors`, and of all before them, where each key of `replacements` is read as its value everywhere.
 */
export function replacing(
  tensors: Iterable<Tensor>,
  replacements: ReadonlyMap<Tensor, Tensor>,
): (tensor: Tensor) => Tensor {
  const stands = new Map(replacements);
  for (const node of reach(tensors).nodes) {
    const results = rewired(node, stands);
    node.outputs.forEach((tensor, i) => {
      if (results[i] !== tensor) stands.set(tensor, results[i]);
    });
  }
  return (tensor) => stands.get(tensor) ?? tensor;
}
