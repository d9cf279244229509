/** Graphs for inference: what depends on weights alone is computed once, batch norms become part of convolutions. */
import { bytesOf } from "../../array/dtype.ts";
import type { Named, NdArray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { type Graph, reach } from "../../graph/graph.ts";
import { constant, type Node, node, nodes, type Tensor } from "../../graph/tensor.ts";
import { writeModel } from "../../onnx/write.ts";
import { add, mul, pow, reshape, sub } from "../../ops/index.ts";
import type { Engine } from "../../runtime/engine.ts";

/** Computing a constant ahead may not make the model larger than this, unless its inputs are as large. */
const freeBytes = 64 * 1024;

/**
 * The graph with every value that depends on `weights` and constants alone replaced by its numbers.
 *
 * graph: lowered. weights: by variable name; those the graph does not need are ignored.
 */
export async function foldGraph(engine: Engine, graph: Graph, weights: Named<NdArray>): Promise<Graph> {
  const joined = foldBatchNorms(graph);
  const wanted = foldable(joined);
  if (wanted.length === 0) return joined;
  const outputs = Object.fromEntries(wanted.map((tensor, i) => [`folded:${i}`, tensor]));
  const program = await engine.load(writeModel({ outputs }, { embed: weights }).bytes, []);
  try {
    const values = await program.run({});
    const known = new Map(wanted.map((tensor, i) => [tensor, constant(values[`folded:${i}`])]));
    return rewrite(joined, (original) => (known.has(original.outputs[0]) ? [known.get(original.outputs[0])!] : null));
  } finally {
    await program.release();
  }
}

/**
 * Values that depend on weights and constants alone, and that something else needs. What is left of a chain counts, not
 * its links: a text tower on constant words becomes its few vectors, whatever is computed on the way, and a value that
 * would be larger than all that it is computed from is left to be computed.
 */
function foldable({ outputs }: Graph): Tensor[] {
  const reached = reach(Object.values(outputs));
  /** Leaves that a fixed value is computed from. */
  const leaves = new Map<Tensor, ReadonlySet<Tensor>>();
  const leavesOf = (tensor: Tensor): ReadonlySet<Tensor> | undefined => {
    const { kind } = tensor.source;
    return kind === "node" || kind === "input" ? leaves.get(tensor) : new Set([tensor]);
  };
  for (const { inputs, outputs: results } of reached.nodes) {
    const given = inputs.filter((tensor) => tensor !== null).map(leavesOf);
    if (results.length !== 1 || given.length === 0 || given.includes(undefined)) continue;
    leaves.set(results[0], new Set(given.flatMap((each) => [...(each ?? [])])));
  }
  const needed = new Set<Tensor>();
  const pending = Object.values(outputs).filter((tensor) => leaves.has(tensor));
  for (const { inputs, outputs: results } of reached.nodes) {
    if (results.some((tensor) => leaves.has(tensor))) continue;
    for (const tensor of inputs) if (tensor !== null && leaves.has(tensor)) pending.push(tensor);
  }
  const seen = new Set<Tensor>();
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const before = [...(leaves.get(tensor) ?? [])].reduce((sum, leaf) => sum + bytesIn(leaf), 0);
    if (bytesIn(tensor) <= Math.max(before, freeBytes)) needed.add(tensor);
    // Too large as a whole: perhaps what it is computed from is not.
    else if (tensor.source.kind === "node") {
      for (const each of tensor.source.inputs) if (each !== null && leaves.has(each)) pending.push(each);
    }
  }
  return [...needed];
}

function bytesIn({ dtype, shape }: Tensor): number {
  return sizeOf(shape) * bytesOf(dtype);
}

/**
 * Conv → BatchNormalization with fixed vectors as one Conv: with s = γ / √(σ² + ε), w′ = s·w and b′ = s·(b − μ) + β.
 */
function foldBatchNorms(graph: Graph): Graph {
  const { nodes: all } = reach(Object.values(graph.outputs));
  const uses = new Map<Tensor, number>();
  for (const { inputs } of all) for (const x of inputs) if (x !== null) uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const x of Object.values(graph.outputs)) uses.set(x, (uses.get(x) ?? 0) + 1);
  const dependsOnInput = new Set<Tensor>();
  for (const { inputs, outputs } of all) {
    const depends = inputs.some((x) => x !== null && (x.source.kind === "input" || dependsOnInput.has(x)));
    if (depends) for (const y of outputs) dependsOnInput.add(y);
  }
  return rewrite(graph, (original, inputs) => {
    const [before] = original.inputs;
    if (original.op !== "BatchNormalization" || before?.source.kind !== "node" || before.source.op !== "Conv")
      return null;
    const vectors = original.inputs.slice(1);
    const weight = before.source.inputs[1];
    if (uses.get(before) !== 1 || weight === null || before.source.domain !== "") return null;
    if ([weight, ...vectors].some((x) => x === null || dependsOnInput.has(x) || x.source.kind === "input")) return null;
    const convolution = inputs[0]!.source as Node;
    const [x, w, bias] = convolution.inputs;
    const [gamma, beta, mean, variance] = inputs.slice(1) as Tensor[];
    const { epsilon } = original.attributes;
    const scale = mul(
      gamma,
      pow(add(variance, typeof epsilon === "object" && "float" in epsilon ? epsilon.float : 1e-5), -0.5),
    );
    const scaled = mul(w!, reshape(scale, [w!.shape[0], ...w!.shape.slice(1).map(() => 1)]));
    const shift = add(mul(scale, bias === null || bias === undefined ? mul(mean, -1) : sub(bias, mean)), beta);
    return [node("Conv", [x, scaled, shift], { attributes: convolution.attributes, output: before, gradient: null })];
  });
}

/** The graph with the outputs of some nodes replaced; `replace` is given each node and its rewritten inputs. */
function rewrite(
  { outputs }: Graph,
  replace: (original: Node, inputs: readonly (Tensor | null)[]) => readonly Tensor[] | null,
): Graph {
  const replaced = new Map<Tensor, Tensor>();
  const now = (tensor: Tensor) => replaced.get(tensor) ?? tensor;
  for (const original of reach(Object.values(outputs)).nodes) {
    const inputs = original.inputs.map((tensor) => (tensor === null ? null : now(tensor)));
    const same = inputs.every((tensor, i) => tensor === original.inputs[i]);
    const { lower, ...rest } = original;
    const results =
      replace(original, inputs) ??
      (same ? original.outputs : nodes(original.op, inputs, { ...rest, lower: lower ?? undefined }));
    original.outputs.forEach((tensor, i) => {
      replaced.set(tensor, results[i]);
    });
  }
  return { outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, now(tensor)])) };
}
