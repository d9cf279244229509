/** Cutting a graph into parts that run one after the other, with the host at work in between. */
import type { Named } from "../array/ndarray.ts";
import { reach, rewired, views } from "../graph/graph.ts";
import { type Node, type Tensor, variable } from "../graph/tensor.ts";

/** One part. What later parts need of it is kept in the engine's store meanwhile. */
export interface Part {
  readonly outputs: Named<Tensor>;
  /** Outputs that are kept, by the names of their store entries. */
  readonly saves: Named<string>;
}

/** Repeating these is cheaper than keeping a second copy. */
const repeated = new Set([...views, "Expand"]);

/**
 * A lowered graph in parts: part i computes the tensors `cuts[i]` and what they depend on, the last part all the rest
 * of `outputs`. What is computed in one part and used in a later one crosses over through the store, except for views
 * and for what depends on variables alone (rearranged weights), which are computed again.
 */
export function splitGraph(cuts: readonly Named<Tensor>[], outputs: Named<Tensor>): Part[] {
  const goals = [...cuts, outputs];
  const all = reach(goals.flatMap((goal) => Object.values(goal))).nodes;
  const partOf = new Map<Node, number>();
  goals.forEach((goal, part) => {
    for (const node of reach(Object.values(goal)).nodes) if (!partOf.has(node)) partOf.set(node, part);
  });
  const fixed = dependsOnVariablesAlone(all);
  const repeats = (node: Node) => repeated.has(node.op) || fixed.has(node);

  const saved = new Map<Tensor, { readonly name: string; readonly stand: Tensor }>();
  const saves: Record<string, Tensor>[] = goals.map(() => ({}));
  const save = (tensor: Tensor, part: number): Tensor => {
    let entry = saved.get(tensor);
    if (entry === undefined) {
      const name = `saved/${saved.size + 1}`;
      entry = { name, stand: variable(name, tensor.shape, tensor.dtype) };
      saved.set(tensor, entry);
      saves[part][name] = tensor;
    }
    return entry.stand;
  };

  // From the last part to the first, so that a part knows all that it has to save when its turn comes.
  const parts: Part[] = [];
  for (let part = goals.length - 1; part >= 0; part--) {
    const wanted = [...Object.values(goals[part]), ...Object.values(saves[part])];
    const stands = rebuild(wanted, all, (node) => {
      const home = partOf.get(node)!;
      return home === part || (home < part && repeats(node)) ? null : (tensor) => save(tensor, home);
    });
    const results: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(goals[part])) results[name] = stands.get(tensor) ?? tensor;
    const kept: Record<string, string> = {};
    for (const [name, tensor] of Object.entries(saves[part])) {
      // An output may not be called like a variable that the graph reads.
      kept[`save:${name}`] = name;
      results[`save:${name}`] = stands.get(tensor) ?? tensor;
    }
    parts.unshift({ outputs: results, saves: kept });
  }
  return parts;
}

/**
 * The graph of `wanted` with some nodes replaced: where `substitute(node)` is not null, it gives a stand-in for each of
 * the node's outputs, and nothing before that node is needed.
 */
function rebuild(
  wanted: readonly Tensor[],
  all: readonly Node[],
  substitute: (node: Node) => ((tensor: Tensor) => Tensor) | null,
): Map<Tensor, Tensor> {
  const needed = new Set(wanted);
  const stands = new Map<Tensor, Tensor>();
  const kept: Node[] = [];
  for (let i = all.length - 1; i >= 0; i--) {
    const node = all[i];
    const used = node.outputs.filter((tensor) => needed.has(tensor));
    if (used.length === 0) continue;
    const replacement = substitute(node);
    if (replacement !== null) for (const tensor of used) stands.set(tensor, replacement(tensor));
    else {
      kept.push(node);
      for (const tensor of node.inputs) if (tensor !== null) needed.add(tensor);
    }
  }
  for (const node of kept.reverse()) {
    const outputs = rewired(node, stands);
    node.outputs.forEach((tensor, i) => {
      if (outputs[i] !== tensor) stands.set(tensor, outputs[i]);
    });
  }
  return stands;
}

function dependsOnVariablesAlone(all: readonly Node[]): Set<Node> {
  const fixed = new Set<Node>();
  for (const node of all) {
    const still = node.inputs.every((tensor) => {
      if (tensor === null) return true;
      return tensor.source.kind === "node" ? fixed.has(tensor.source) : tensor.source.kind !== "input";
    });
    if (still) fixed.add(node);
  }
  return fixed;
}
