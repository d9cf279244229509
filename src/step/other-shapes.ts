/**
 * Variables that a graph only looks at in another shape, and results that it only puts into one. ONNX Runtime copies a graph's input to
 * reshape it, and a result to be an output; the arrays of the store can be looked at in any shape.
 */
import type { Named } from "../array/ndarray.ts";
import { type Shape, sameShape, show } from "../array/shape.ts";
import { behindViews, type Graph, reach, rewired, views } from "../graph/graph.ts";
import { type Leaf, type Tensor, variable } from "../graph/tensor.ts";

export interface OtherShapes extends Graph {
  /** Variables of the graph that are entries of the store in another shape: variable → entry. */
  readonly reads: Named<string>;
  /** Outputs whose entry has another shape: output → that of the entry. */
  readonly shapes: Named<Shape>;
}

/** The same lowered graph without these copies. `written`: the outputs that become entries of the store. */
export function withoutViews({ outputs }: Graph, written: readonly string[]): OtherShapes {
  const entries = new Map<string, string>();
  const seen = new Map<string, Tensor>();
  /** The variable behind a view, in its shape. */
  const inShape = (leaf: Tensor, { shape, dtype }: Tensor): Tensor => {
    if (sameShape(leaf.shape, shape)) return leaf;
    const { name } = leaf.source as Leaf;
    const alias = `${name} as ${show(shape)}`;
    entries.set(alias, name);
    if (!seen.has(alias)) seen.set(alias, variable(alias, shape, dtype));
    return seen.get(alias)!;
  };

  const stands = new Map<Tensor, Tensor>();
  for (const node of reach(Object.values(outputs)).nodes) {
    const [result] = node.outputs;
    const behind = behindViews(result);
    if (views.has(node.op) && behind.source.kind === "variable") stands.set(result, inShape(behind, result));
    else {
      const results = rewired(node, stands);
      node.outputs.forEach((tensor, i) => {
        if (results[i] !== tensor) stands.set(tensor, results[i]);
      });
    }
  }

  const shapes: Record<string, Shape> = {};
  const named = Object.entries(outputs).map(([name, tensor]) => {
    const behind = behindViews(tensor);
    // A leaf that leaves the graph has to be copied.
    if (behind.source.kind !== "node") return [name, tensor] as const;
    const isOther = written.includes(name) && !sameShape(behind.shape, tensor.shape);
    if (isOther) shapes[name] = tensor.shape;
    const result = isOther ? behind : tensor;
    return [name, stands.get(result) ?? result] as const;
  });
  // A view of a view is not read itself.
  const { leaves } = reach(named.map(([, tensor]) => tensor));
  const reads = Object.fromEntries([...entries].filter(([alias]) => leaves.has(alias)));
  return { outputs: Object.fromEntries(named), reads, shapes };
}
