import { expect, test } from "vitest";
import { float32, fromNumbers, toNumbers } from "../array/ndarray.ts";
import { constant, input, node, variable } from "../graph/tensor.ts";
import { evaluate } from "./evaluate.ts";

test("a graph of nodes gives its numbers", async () => {
  const x = input("x", [2, 2]);
  const w = variable("w", [2]);
  const y = node("Add", [x, w], { gradient: null, output: { dtype: "float32", shape: [2, 2] } });
  const z = node("Mul", [y, constant(2)], { gradient: null, output: { dtype: "float32", shape: [2, 2] } });
  const { sum, twice } = await evaluate(
    { sum: y, twice: z },
    { x: float32([2, 2], [1, 2, 3, 4]), w: float32([2], [10, 20]) },
  );
  expect(toNumbers(sum)).toEqual([11, 22, 13, 24]);
  expect(toNumbers(twice)).toEqual([22, 44, 26, 48]);
});

test("leaves, constants and repeated tensors can be outputs", async () => {
  const x = input("x", [2], "int64");
  const c = constant(fromNumbers("bool", [1], [1]));
  const results = await evaluate({ a: x, b: x, c, d: c }, { x: fromNumbers("int64", [2], [5, -6]) });
  expect(Object.values(results).map(toNumbers)).toEqual([[5, -6], [5, -6], [1], [1]]);
});

test("what ONNX Runtime refuses is one line", async () => {
  const x = input("x", [2]);
  const y = node("NoSuchOperator", [x], { gradient: null, output: { dtype: "float32", shape: [2] } });
  await expect(evaluate({ y }, { x: float32([2], [1, 2]) })).rejects.toThrow(/^graph: .*NoSuchOperator.*$/);
});
