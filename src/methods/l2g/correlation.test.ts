import { expect, test } from "vitest";
import { expectNear } from "../../../test/support/check.ts";
import { float32, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { constant } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { correlate } from "./correlation.ts";

async function correlated(x: NdArray, features: NdArray, weight: NdArray, most?: number): Promise<number[]> {
  const y = correlate(new Model().scope, constant(x), constant(features), { channels: weight.shape[0], ...{ most } });
  return toNumbers((await evaluate({ y }, { weight })).y);
}

test("places with features of one direction share their mean, opposite ones and zeros are left out", async () => {
  const identity = float32([2, 2, 1, 1], [1, 0, 0, 1]);
  const x = float32([1, 1, 1, 4], [1, 3, 10, 7]);
  const [first, second, third, fourth] = await correlated(
    x,
    float32([1, 2, 1, 4], [2, 1, -1, 0, 2, 1, -1, 0]),
    identity,
  );
  for (const value of [first, second]) expect(value).toBeCloseTo(2, 3);
  expect(third).toBeCloseTo(10, 3);
  expect(fourth).toBe(0);
});

test.each([1, 12, 60, 1000])("with %i similarities at a time it is the same", async (most) => {
  const normal = (shape: readonly number[], seed: string) =>
    float32(shape, new Random(seed).fillNormal(new Float32Array(sizeOf(shape))));
  const arrays = [normal([2, 3, 3, 4], "x"), normal([2, 5, 3, 4], "features"), normal([6, 5, 1, 1], "weight")] as const;
  expectNear(await correlated(...arrays, most), await correlated(...arrays), 1e-6);
});
