import { expect, test } from "vitest";
import { checkBaseline } from "./matrix-product.ts";

test("a PyTorch with a third of our matrix product is a baseline", () => {
  expect(() => checkBaseline({ ours: 57, pytorch: 19 })).not.toThrow();
});

test("one with less is refused, with what to install", () => {
  expect(() => checkBaseline({ ours: 57, pytorch: 18.9 })).toThrow(
    "bench: expected a matrix product of PyTorch at 19.0 GFLOP/s or more, a third of ours, got 18.9. " +
      "It probably has the reference BLAS: apt-get install libopenblas0-pthread.",
  );
});
