import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { factorsOf } from "./stage-step.ts";

const stage = { name: "train" };

test("what a group leaves out has the default: the whole rate, and decay for parameters of several axes", () => {
  expect(factorsOf({ rate: 0.2 }, stage, "conv.weight", 4)).toEqual({ rate: 0.2, decay: 1 });
  expect(factorsOf({ rate: 0.2 }, stage, "conv.bias", 1)).toEqual({ rate: 0.2, decay: 0 });
  expect(factorsOf({ decay: 3 }, stage, "conv.bias", 1)).toEqual({ rate: 1, decay: 3 });
  expect(factorsOf({}, stage, "conv.weight", 4)).toEqual({ rate: 1, decay: 1 });
  expect(factorsOf({ range: [0, 1] }, stage, "colors", 2)).toEqual({ rate: 1, decay: 1, range: [0, 1] });
  expect(() => factorsOf({ range: [1, 0] }, stage, "colors", 2)).toThrow(
    "stage train: expected range of group for colors as [least, most], got",
  );
});

test.each<[unknown, string]>([
  [undefined, "none"],
  [null, "null"],
  [0.2, "0.2"],
  [{ rate: "fast" }, '{"rate":"fast"}'],
  [{ decay: Number.NaN }, ""],
])("%o is no pair of factors", (given, shown) => {
  const factors = () => factorsOf(given as never, stage, "conv.weight", 4);
  expect(factors).toThrow(`stage train: expected numbers rate and decay of group for conv.weight, got ${shown}`);
  expect(factors).toThrow(InputError);
});
