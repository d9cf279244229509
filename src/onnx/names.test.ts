import { describe, expect, test } from "vitest";
import { numbers, oneNodeModel } from "../../test/support/onnx-node.ts";
import { InputError } from "../errors.ts";
import { readModel } from "./read.ts";
import { encodeModel } from "./wire.ts";

describe("names stand once", () => {
  const model = oneNodeModel({ op: "Abs", opset: 13, fed: { x: numbers(1) }, inputs: ["x"] });
  const graph = model.graph!;
  const weight = { name: "w", dims: [1], data_type: 1, float_data: [1] };
  const abs = (name: string, output: string) => ({ op_type: "Abs", name, input: ["x"], output: [output] });
  test.each([
    ["nodes", { node: [abs("n", "y0"), abs("n", "z")] }, /two nodes called "n"/],
    ["tensors that nodes make", { node: [abs("a", "y0"), abs("b", "y0")] }, /two tensors called "y0"/],
    ["a node and an input", { node: [abs("a", "x")], output: graph.input }, /two tensors called "x"/],
    ["inputs", { input: [...graph.input!, ...graph.input!] }, /two tensors called "x"/],
    ["initializers", { initializer: [weight, weight] }, /two tensors called "w"/],
    ["outputs", { output: [...graph.output!, ...graph.output!] }, /two outputs called "y0"/],
  ])("%s", (_, change, message) => {
    expect(() => readModel(encodeModel({ ...model, graph: { ...graph, ...change } }))).toThrow(message);
  });

  test("a weight may stand among the inputs too, as in old files", () => {
    const input = [...graph.input!, { name: "w" }];
    const read = readModel(encodeModel({ ...model, graph: { ...graph, input, initializer: [weight] } }));
    expect(Object.keys(read.inputs)).toEqual(["x"]);
  });

  test("a name cannot break the line of a message", () => {
    const node = [{ op_type: "Nonsense", name: "a\n\u001b[2J", input: ["x"], output: ["y0"] }];
    const read = () => readModel(encodeModel({ ...model, graph: { ...graph, node } }));
    expect(read).toThrow(InputError);
    expect(read).toThrow("onnx node a ?[2J (Nonsense)");
  });
});
