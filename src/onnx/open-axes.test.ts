import { describe, expect, test } from "vitest";
import { runtimeValues } from "../../test/support/exported.ts";
import { float32, fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import type { Shape } from "../array/shape.ts";
import { lower } from "../graph/graph.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { add, concat, expand, matmul, mul, rearrange, reshape, sum } from "../ops/index.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { type OpenAxesOptions, openAxes } from "./open-axes.ts";
import { decodeModel, encodeModel } from "./wire.ts";
import { writeModel } from "./write.ts";

const numbers = (name: string, shape: Shape): NdArray =>
  float32(shape, new Random("open-axes", name).fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1))));

/** Two inputs, tables that are as long as one of them, learned tokens beside the other, heads split off and joined. */
function scores(pictures: number, texts: number, places: number): Record<string, Tensor> {
  const images = input("images", [pictures, 4, 6]); // [B, T, D]
  const words = input("words", [texts, places, 6]); // [N, L, D]
  const learned = expand(constant(numbers("learned", [1, 3, 6])), [pictures, 3, 6]);
  const all = concat([images, learned], { axis: 1 }); // [B, 7, D]
  const flat = reshape(matmul(reshape(all, [pictures * 7, 6]), constant(numbers("weight", [6, 6]))), [pictures, 7, 6]);
  const image = sum(flat, { axes: [1] }); // [B, D]
  const table = constant(float32([places, 6], toNumbers(numbers("table", [9, 6])).slice(0, places * 6)));
  const heads = rearrange(add(words, table), "N L (h d) -> N h L d", { h: 2 });
  const mask = toNumbers(numbers("mask", [9, 9]));
  const cut = Array.from({ length: places * places }, (_, i) => mask[Math.floor(i / places) * 9 + (i % places)]);
  const near = mul(matmul(heads, heads, { transposeB: true }), constant(float32([places, places], cut)));
  const text = sum(rearrange(matmul(near, heads), "N h L d -> N L (h d)"), { axes: [1] }); // [N, D]
  return { scores: matmul(image, text, { transposeB: true }), text };
}

const names: Pick<OpenAxesOptions, "inputs" | "outputs" | "shortened"> = {
  inputs: { images: ["batch", null, null], words: ["texts", "length", null] },
  outputs: { scores: ["batch", "texts"], text: ["texts", null] },
  shortened: { input: "words", axis: 1 },
};

const written = (outputs: Record<string, Tensor>) =>
  decodeModel(writeModel(lower({ outputs }, { ...plainTarget, operators: "portable" })).bytes);

describe("a graph that was written for 2 pictures and 3 texts of 9 places", () => {
  const model = openAxes(written(scores(2, 3, 9)), { ...names, tried: { batch: 1, texts: 4, length: 5 } });

  test("names its open axes", () => {
    const dims = (model.graph?.input ?? []).map(({ name, type }) => [
      name,
      ...(type?.tensor_type?.shape?.dim ?? []).map(({ dim_param, dim_value }) => dim_param ?? Number(dim_value)),
    ]);
    expect(dims).toEqual([
      ["images", "batch", 4, 6],
      ["words", "texts", "length", 6],
    ]);
  });

  test.each([
    [2, 3, 9],
    [1, 1, 1],
    [5, 2, 7],
    [3, 4, 9],
  ])("computes the same of %i, %i and %i", async (pictures, texts, places) => {
    const feeds = { images: numbers("a", [pictures, 4, 6]), words: numbers("b", [texts, places, 6]) };
    const expected = await evaluate(scores(pictures, texts, places), feeds);
    const got = await runtimeValues(encodeModel(model), feeds, ["scores", "text"]);
    for (const name of ["scores", "text"]) {
      expect(got[name].shape).toEqual(expected[name].shape);
      const apart = toNumbers(expected[name]).map(
        (value, i) => Math.abs(value - toNumbers(got[name])[i]) / (1 + Math.abs(value)),
      );
      expect(Math.max(...apart)).toBeLessThan(1e-5);
    }
  });
});

test("a graph whose sizes cannot be told apart is refused", () => {
  const images = input("images", [2, 4]);
  const outputs = { scores: add(images, constant(fromNumbers("float32", [2, 1], [1, 2]))) };
  const open = { inputs: { images: ["batch", null] }, outputs: { scores: ["batch", null] }, tried: { batch: 3 } };
  expect(() => openAxes(written(outputs), open)).toThrow();
});
