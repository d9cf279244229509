import { expect, test } from "vitest";
import { type Graph, lower, reach } from "./graph.ts";
import { constant, constantValue, input, node, nodes, type Target, type Tensor, variable } from "./tensor.ts";

const native: Target = { device: "cpu", operators: "native", convBlock: 0 };
const portable: Target = { ...native, operators: "portable" };
const scalar = { dtype: "float32", shape: [] } as const;

function plain(op: string, ...inputs: Tensor[]): Tensor {
  return node(op, inputs, { output: scalar, gradient: null });
}

/** A node that becomes `A` then `B` on portable targets, by way of another node that must be replaced. */
function logical(x: Tensor): Tensor {
  const middle = (y: Tensor) =>
    node("Middle", [y], { output: scalar, gradient: null, lower: ([y]) => [plain("B", plain("A", y!))] });
  return node("Logical", [x], {
    output: scalar,
    gradient: null,
    lower: ([x], { operators }) => (operators === "portable" ? [middle(x!)] : null),
  });
}

const operators = ({ outputs }: Graph) => reach(Object.values(outputs)).nodes.map(({ op }) => op);

test("a graph is what its outputs reach, in order of creation", () => {
  const x = input("x", []);
  const w = variable("w", []);
  const one = constant(1);
  const first = plain("First", x, one);
  plain("Unused", first);
  const last = plain("Last", plain("Second", first, w), first);
  const { nodes, leaves, constants } = reach([last, first]);
  expect(nodes.map(({ op }) => op)).toEqual(["First", "Second", "Last"]);
  expect([...leaves.keys()]).toEqual(["x", "w"]);
  expect(constants).toEqual([one]);
  expect(constantValue(one)?.data).toEqual(Float32Array.of(1));
});

test("two leaves of one name are refused", () => {
  expect(() => reach([plain("Add", input("x", []), input("x", []))])).toThrow(
    'graph: two different tensors are named "x". Declare it once and share it.',
  );
});

test("a node is kept where its rule says so, and replaced as often as needed elsewhere", () => {
  const graph = { outputs: { y: plain("End", logical(logical(input("x", [])))) } };
  expect(lower(graph, native).outputs.y).toBe(graph.outputs.y);
  expect(operators(lower(graph, portable))).toEqual(["A", "B", "A", "B", "End"]);
});

test("lowering keeps shared nodes shared", () => {
  const shared = logical(input("x", []));
  const graph = { outputs: { a: plain("Left", shared), b: plain("Right", shared), c: shared } };
  const lowered = lower(graph, portable);
  expect(operators(lowered)).toEqual(["A", "B", "Left", "Right"]);
  expect(reach([lowered.outputs.c]).nodes.map(({ op }) => op)).toEqual(["A", "B"]);
});

test("a rule may return its input, and replace several outputs at once", () => {
  const x = input("x", []);
  const both = nodes("Both", [x], {
    outputs: [scalar, scalar],
    gradient: null,
    lower: ([x]) => [x!, plain("A", x!)],
  });
  const { outputs } = lower({ outputs: { a: both[0], b: both[1] } }, portable);
  expect(outputs.a).toBe(x);
  expect(operators({ outputs })).toEqual(["A"]);
});

test("attributes that are not whole numbers must say that they are floats", () => {
  expect(() => node("Elu", [], { attributes: { alpha: 0.5 }, output: scalar, gradient: null })).toThrow(
    "Elu: attribute alpha must be integers; wrap a float as { float: x }.",
  );
});
