import { expect, test } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { attention, conv, convTranspose, matmul, resize } from "../src/ops/index.ts";
import { operationsOf, stepOperations } from "./operations.ts";
import { models } from "./training-step/models.ts";

test.each([
  ["a product", matmul(input("a", [5, 2, 3]), input("b", [3, 4])), 2 * 5 * 2 * 3 * 4],
  ["one of a transposed matrix", matmul(input("a", [3, 2]), input("b", [3, 4]), { transposeA: true }), 2 * 2 * 3 * 4],
  ["a convolution", conv(input("x", [2, 4, 8, 8]), input("w", [6, 4, 3, 3]), { padding: 1 }), 2 * 768 * 36],
  ["one of two groups", conv(input("x", [2, 4, 8, 8]), input("w", [6, 2, 3, 3]), { groups: 2 }), 2 * 432 * 18],
  ["a transposed one", convTranspose(input("x", [2, 4, 8, 8]), input("w", [4, 6, 2, 2]), { strides: 2 }), 2 * 512 * 24],
  ["resizing", resize(input("x", [1, 1, 8, 8]), [16, 16], { mode: "bilinear" }), 0],
])("%s has the operations of its definition", (_, y, expected) => {
  expect(operationsOf([y])).toBe(expected);
});

const withGradients = (y: Tensor, operands: readonly Tensor[]) =>
  operationsOf([y, ...gradients(y, operands, { seed: input("dy", y.shape) })]);

test.each([
  ["a product", matmul, [6, 3], [3, 4]],
  ["a convolution", conv, [2, 4, 8, 8], [6, 4, 3, 3]],
] as const)("%s with both of its gradients has three times its operations", (_, operator, left, right) => {
  const operands = [input("left", left), input("right", right)] as const;
  const y = operator(...operands);
  expect(withGradients(y, operands)).toBe(3 * operationsOf([y]));
});

test("attention has the same operations in tiles as in one piece", () => {
  const operands = [input("q", [2, 6, 4]), input("k", [2, 5, 4]), input("v", [2, 5, 3])] as const;
  const [plain, tiled] = [1000, 10].map((chunkElements) => {
    return withGradients(attention(...operands, { chunkElements }), operands);
  });
  expect(plain).toBe(3 * 2 * 2 * 6 * 5 * (4 + 3));
  expect(tiled).toBe(plain);
});

test("ResNet-50 has its 4.089 billion multiply-adds an image, and its step three times that but for the image's gradient", () => {
  const { forward, step } = stepOperations(models.resnet);
  const firstLayer = 2 * 64 * 112 * 112 * 3 * 7 * 7;
  expect(forward / 8).toBe(2 * 4_089_184_256);
  expect(step / 8).toBe(3 * 2 * 4_089_184_256 - firstLayer);
});

test("what is frozen has no gradients", () => {
  const [all, frozen] = [models["denoise-all"], models["denoise-frozen"]].map((model) => stepOperations(model));
  expect(frozen.forward).toBe(all.forward);
  expect(frozen.step).toBeLessThan(all.step);
});
