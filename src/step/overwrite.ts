/** Which variables a program may overwrite while it runs, so that one buffer is enough for them. */
import type { Named } from "../array/ndarray.ts";
import { sameShape, sizeOf } from "../array/shape.ts";
import { behindViews, type Graph, reach, views } from "../graph/graph.ts";
import type { Node, Tensor } from "../graph/tensor.ts";

/** Operators that compute an element from the elements at its place, and have read these when they write it. */
const elementwise = new Set(["Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sqrt", "Where", "Max", "Min", "Sign"]);

/**
 * Of a lowered graph's outputs that become the variables `writes` (output → variable), those that may be written into
 * the variable's memory whatever order the runtime chooses. For every node that reads the old numbers (directly or
 * through a view), either the new ones depend on its result, so that it has run before, or it is itself the node that
 * computes them, element by element from an operand of the same shape. Old numbers that leave the graph are not safe.
 */
export function overwritable({ outputs }: Graph, writes: Named<string>): string[] {
  const { nodes, leaves } = reach(Object.values(outputs));
  const readers = readersOf(nodes);
  const leaving = new Set(Object.values(outputs));

  const safe = (output: string, name: string): boolean => {
    const old = leaves.get(name);
    if (old === undefined) return true; // Not read at all.
    const next = outputs[output];
    if (next.dtype !== old.dtype || !sameShape(next.shape, old.shape)) return false;
    const held = [old]; // Tensors that may lie in the variable's memory.
    const reading = new Set<Node>();
    for (const tensor of held) {
      if (leaving.has(tensor)) return false;
      for (const reader of readers.get(tensor) ?? []) {
        if (views.has(reader.op) && reader.inputs[0] === tensor) held.push(reader.outputs[0]);
        else reading.add(reader);
      }
    }
    const writer = behindViews(next).source;
    if (writer.kind !== "node") return false;
    if (reading.delete(writer)) {
      const operands = writer.inputs.filter((tensor) => tensor !== null && held.includes(tensor)) as Tensor[];
      const { shape } = writer.outputs[0];
      if (!elementwise.has(writer.op) || !operands.every((operand) => sameShape(operand.shape, shape))) return false;
      if (sizeOf(shape) !== sizeOf(old.shape)) return false;
    }
    return allBefore(reading, writer);
  };
  return Object.entries(writes).flatMap(([output, name]) => (safe(output, name) ? [output] : []));
}

function readersOf(nodes: readonly Node[]): Map<Tensor, Node[]> {
  const readers = new Map<Tensor, Node[]>();
  for (const node of nodes) {
    for (const tensor of new Set(node.inputs)) {
      if (tensor === null) continue;
      const list = readers.get(tensor);
      if (list === undefined) readers.set(tensor, [node]);
      else list.push(node);
    }
  }
  return readers;
}

/** Whether `writer` depends on every one of `others`. */
function allBefore(others: ReadonlySet<Node>, writer: Node): boolean {
  if (others.size === 0) return true;
  // Ids are in topological order, so nothing before the first one needs a look.
  const first = Math.min(...[...others].map(({ id }) => id));
  const seen = new Set<Node>();
  const pending = [writer];
  while (pending.length > 0) {
    for (const tensor of pending.pop()!.inputs) {
      const source = tensor?.source;
      if (source?.kind !== "node" || source.id < first || seen.has(source)) continue;
      seen.add(source);
      pending.push(source);
    }
  }
  return [...others].every((node) => seen.has(node));
}
