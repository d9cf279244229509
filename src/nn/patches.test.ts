import { expect, test } from "vitest";
import { checkErrors } from "../../test/support/check.ts";
import { freshWeights } from "../../test/support/weights.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { reshape, transpose } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { conv2d } from "./conv.ts";
import { patchTokens } from "./patches.ts";

test.each([
  [8, 12, 4],
  [9, 14, 4],
  [5, 5, 5],
])("patches of %i × %i pixels are the convolution's, row by row", async (height, width, patch) => {
  const model = new Model();
  const scope = model.scope.shared();
  const x = input("x", [2, 3, height, width]);
  const tokens = patchTokens(scope, x, 7, { patch });
  const map = conv2d(scope, x, 7, { kernel: patch, stride: patch }); // the same parameters
  const [, , rows, columns] = map.shape;
  const expected = transpose(reshape(map, [2, 7, rows * columns]), [0, 2, 1]);
  const pixels = new Random("pixels").fillNormal(new Float32Array(2 * 3 * height * width));
  const values = await evaluate({ tokens, expected }, { ...freshWeights(model), x: float32(x.shape, pixels) });
  toNumbers(values.expected).forEach((value, i) => {
    expect(Number(values.tokens.data[i])).toBeCloseTo(value, 5);
  });
});

checkErrors("patches", [
  [
    "image.patches: image sides must be at least 16, got 8 × 32. Use a larger image.",
    () => patchTokens(new Model().scope.at("image").at("patches"), input("x", [1, 3, 8, 32]), 4, { patch: 16 }),
  ],
]);
