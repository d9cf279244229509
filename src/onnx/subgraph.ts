/** Parts of ONNX graphs, before any of it is read. */
import type { GraphProto } from "./wire.ts";

/** The part of a graph that `outputs` need, which become its outputs; all else is left out. */
export function graphBefore(graph: GraphProto, outputs: readonly string[]): GraphProto {
  const { node = [], initializer = [], input = [], value_info = [] } = graph;
  const wanted = new Set(outputs);
  // Nodes come in the order in which they can run, so that one way back finds everything.
  const kept = node
    .toReversed()
    .filter((each) => {
      if (!each.output?.some((name) => name !== "" && wanted.has(name))) return false;
      for (const name of each.input ?? []) wanted.add(name);
      return true;
    })
    .toReversed();
  const needed = ({ name = "" }: { name?: string }) => wanted.has(name);
  const described = new Map([...value_info, ...(graph.output ?? [])].map((info) => [info.name ?? "", info]));
  return {
    ...graph,
    node: kept,
    initializer: initializer.filter(needed),
    input: input.filter(needed),
    output: outputs.map((name) => described.get(name) ?? { name }),
    value_info: value_info.filter((info) => needed(info) && !outputs.includes(info.name ?? "")),
  };
}

/** Names of all tensors that depend on one of `sources`, these among them. */
export function dependents({ node = [] }: GraphProto, sources: Iterable<string>): ReadonlySet<string> {
  const found = new Set(sources);
  for (const { input = [], output = [] } of node) {
    if (input.some((name) => found.has(name))) for (const name of output) if (name !== "") found.add(name);
  }
  return found;
}
