import { expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type TextSettings, textEncoder } from "./text-encoder.ts";

const settings: TextSettings = {
  textContext: 8,
  textWidth: 8,
  textHeads: 2,
  textLayers: 2,
  textVocabulary: 12,
  textEndToken: -1,
};

/** The vectors of texts of equal length, as rows. */
async function vectors(texts: readonly (readonly number[])[], changes: Partial<TextSettings> = {}) {
  const model = new Model();
  const [count, places] = [texts.length, texts[0].length];
  const { pooled } = textEncoder(model.scope, input("ids", [count, places], "int64"), { ...settings, ...changes });
  const ids = fromNumbers("int64", [count, places], texts.flat());
  const values = await evaluate({ pooled }, { ...movedWeights(model), ids });
  const numbers = toNumbers(values.pooled);
  return texts.map((_, i) => numbers.slice(8 * i, 8 * i + 8));
}

function expectSame(got: readonly number[], expected: readonly number[]): void {
  got.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 5);
  });
}

test("what stands behind the end token changes nothing", async () => {
  const [padded, repeated, more] = await vectors([
    [10, 3, 4, 11, 0, 0, 0, 0],
    [10, 3, 4, 11, 11, 11, 11, 11],
    [10, 3, 4, 11, 5, 6, 7, 8],
  ]);
  expectSame(repeated, padded);
  expectSame(more, padded);
});

test("texts may be given in fewer places", async () => {
  const [long] = await vectors([[10, 3, 4, 11, 0, 0, 0, 0]]);
  const [short] = await vectors([[10, 3, 4, 11]]);
  expectSame(short, long);
});

test("words and their order count", async () => {
  const [one, other, turned] = await vectors([
    [10, 3, 4, 11],
    [10, 3, 5, 11],
    [10, 4, 3, 11],
  ]);
  for (const each of [other, turned]) expect(Math.abs(each[0] - one[0])).toBeGreaterThan(1e-3);
});

test("the vector is that of the largest id, or of the first place of a given one", async () => {
  const text = [10, 2, 4, 11, 2];
  const [largest] = await vectors([text]);
  const [second] = await vectors([text], { textEndToken: 2 });
  const [cut] = await vectors([[10, 2]], { textEndToken: 2 });
  expectSame(second, cut);
  expect(Math.abs(largest[0] - second[0])).toBeGreaterThan(1e-3);
});
