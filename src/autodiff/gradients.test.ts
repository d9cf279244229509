import { expect, test } from "vitest";
import { float32, fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { reach } from "../graph/graph.ts";
import { input, node, type Tensor, variable } from "../graph/tensor.ts";
import { add, exp, matmul, mul, relu, sin, split, stopGradient, sum, topK } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { gradients } from "./gradients.ts";

const numbers = async (tensors: readonly Tensor[], feeds: Named<NdArray>) => {
  const outputs = Object.fromEntries(tensors.map((tensor, i) => [`out${i}`, tensor]));
  const results = await evaluate(outputs, feeds);
  return tensors.map((_, i) => toNumbers(results[`out${i}`]));
};

const x = input("x", [2]);
const feeds = { x: float32([2], [2, 3]) };

test("a tensor used several times gets the sum of what comes back", async () => {
  const y = sum(add(mul(x, x), add(mul(x, 5), x))); // x² + 6x
  expect(await numbers(gradients(y, [x]), feeds)).toEqual([[10, 12]]);
});

test("parameters, inputs and tensors on the way have gradients", async () => {
  const w = variable("w", [2]);
  const product = mul(w, x);
  const y = sum(mul(product, product));
  const dx = gradients(y, [w, x, product]);
  expect(await numbers(dx, { ...feeds, w: float32([2], [1, -1]) })).toEqual([
    [8, -18],
    [4, 6],
    [4, -6],
  ]);
});

test("the loss's own gradient is the seed", async () => {
  const y = sum(x);
  expect(await numbers(gradients(y, [y]), feeds)).toEqual([[1]]);
});

test("what the loss does not depend on has a gradient of zeros", async () => {
  const other = input("other", [3]);
  expect(await numbers(gradients(sum(x), [other, stopGradient(x)]), feeds)).toEqual([
    [0, 0, 0],
    [0, 0],
  ]);
});

test("a loss that is no scalar counts every element, or as the seed weighs them", async () => {
  const y = mul(x, 3);
  const seed = input("seed", [2]);
  expect(await numbers(gradients(y, [x]), feeds)).toEqual([[3, 3]]);
  expect(await numbers(gradients(y, [x], { seed }), { ...feeds, seed: float32([2], [1, -2]) })).toEqual([[3, -6]]);
});

test("gradients can be differentiated again and again", async () => {
  let y: Tensor = sum(mul(mul(x, x), mul(x, x))); // x⁴ → 4x³ → 12x² → 24x → 24
  const rounds = [];
  for (let i = 0; i < 4; i++) {
    const [dx] = gradients(y, [x]);
    rounds.push(dx);
    y = sum(dx);
  }
  expect(await numbers(rounds, feeds)).toEqual([
    [32, 108],
    [48, 108],
    [48, 72],
    [24, 24],
  ]);
});

test("a Hessian-vector product comes from the gradient of a product", async () => {
  const v = input("v", [2]);
  const [dx] = gradients(sum(sin(x)), [x]);
  const [product] = gradients(sum(mul(dx, stopGradient(v))), [x]);
  const [values] = await numbers([product], { ...feeds, v: float32([2], [1, -1]) });
  expect(values[0]).toBeCloseTo(-Math.sin(2), 6);
  expect(values[1]).toBeCloseTo(Math.sin(3), 6);
});

test("outputs of one operator that meet again share its gradient", async () => {
  const [a, b] = split(x, [1, 1], { axis: 0 });
  expect(await numbers(gradients(sum(mul(a, b)), [x]), feeds)).toEqual([[3, 2]]);
});

test("whole numbers such as top-k's indices pass nothing back", async () => {
  expect(await numbers(gradients(topK(x, 1).indices, [x]), feeds)).toEqual([[0, 0]]);
});

test("nothing is computed for what nobody asked for", () => {
  const w = variable("w", [4, 4]);
  const image = input("image", [8, 4]);
  const [dw] = gradients(sum(relu(matmul(image, w))), [w]);
  const products = reach([dw]).nodes.filter(({ op }) => op.includes("MatMul"));
  expect(products).toHaveLength(2); // forward, and the weight's gradient; none for the image
});

test("a rule that returns the wrong shape or type is named", () => {
  const wrong = (result: Tensor) => node("Wrong", [x], { output: x, gradient: () => [result] });
  expect(() => gradients(wrong(input("d", [3])), [x])).toThrow(
    "gradient of Wrong: input 0 is float32 [2], but its gradient float32 [3].",
  );
  expect(() => gradients(wrong(input("d", [2], "float64")), [x])).toThrow("but its gradient float64 [2].");
});

test("a seed that does not fit is refused", () => {
  expect(() => gradients(exp(x), [x], { seed: input("seed", [3]) })).toThrow(
    "gradients: seed must be float32 [2] as the loss is, got float32 [3].",
  );
});

test("a long chain is walked without running out of stack", async () => {
  let y: Tensor = x;
  for (let i = 0; i < 5000; i++) y = add(y, 1);
  const [dx] = gradients(sum(y), [x]);
  expect(await numbers([dx], { x: fromNumbers("float32", [2], [0, 0]) })).toEqual([[1, 1]]);
});
