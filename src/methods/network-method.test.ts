import { expect, test } from "vitest";
import { encoderTraining, isOfNorm } from "./network-method.ts";

const names = ["encoder.stage1.conv1.weight", "encoder.stage1.conv1.bias", "head.scores.weight", "head.scores.bias"];
const norms = ["encoder.stage1.unit1.norm2.bias", "decoder.norm.bias"];

test.each<[rate: number, biasRate: number, rates: readonly number[]]>([
  [0.1, 2, [0.1, 0.2, 1, 2]],
  [1, 2, [1, 2, 1, 2]],
  [0.1, 1, [0.1, 0.1, 1, 1]],
])("an encoder at %d of the rate, biases at %d times theirs", (rate, biasRate, rates) => {
  const { group, trains } = encoderTraining(rate, biasRate);
  expect(names.map((name) => group?.(name, 1).rate)).toEqual(rates);
  expect(norms.map((name) => group?.(name, 1).rate)).toEqual([rate, 1]);
  expect(trains).toBeUndefined();
});

test("an encoder that keeps its weights trains no bias, and others are faster all the same", () => {
  const { group, trains } = encoderTraining(0, 2);
  expect(names.map((name) => trains?.(name))).toEqual([false, false, true, true]);
  expect(group?.("head.scores.bias", 1)).toEqual({ rate: 2 });
  expect([encoderTraining(1), encoderTraining(0).group]).toEqual([{}, undefined]);
});

test("norms are told by their names, counted or not", () => {
  expect([...norms, "norm.weight", "encoder.stem.norm.weight"].every(isOfNorm)).toBe(true);
  expect(["encoder.normal.weight", ...names].some(isOfNorm)).toBe(false);
});
