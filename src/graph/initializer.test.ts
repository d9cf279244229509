import { expect, test } from "vitest";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import * as initializers from "./initializer.ts";

const shape = [64, 32, 3, 3];
const draw = (initializer: initializers.Initializer) => toNumbers(initializer(shape, new Random(1)));
const deviation = (values: number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

test("fans count the kernel's taps", () => {
  expect(initializers.fans(shape)).toEqual({ fanIn: 288, fanOut: 576 });
  expect(initializers.fans([10, 4])).toEqual({ fanIn: 4, fanOut: 10 });
  expect(initializers.fans([7])).toEqual({ fanIn: 7, fanOut: 7 });
});

test.each<[string, initializers.Initializer, number]>([
  ["normal", initializers.normalInitializer(0.3), 0.3],
  ["uniform", initializers.uniformInitializer(0.3), 0.3 / Math.sqrt(3)],
  ["He normal", initializers.heNormalInitializer(), Math.sqrt(2 / 288)],
  ["He normal, fan-out", initializers.heNormalInitializer("fanOut"), Math.sqrt(2 / 576)],
  ["He uniform", initializers.heUniformInitializer, Math.sqrt(2 / 288)],
  ["LeCun normal", initializers.lecunNormalInitializer, Math.sqrt(1 / 288)],
  ["Xavier uniform", initializers.xavierUniformInitializer(), Math.sqrt(2 / 864)],
  ["fan-in uniform", initializers.fanInUniformInitializer(288), Math.sqrt(1 / 288 / 3)],
])("%s has the deviation that it says", (_, initializer, expected) => {
  expect(deviation(draw(initializer)) / expected).toBeCloseTo(1, 1);
});

test("a truncated normal stays within its cut", () => {
  const values = draw(initializers.truncatedNormalInitializer(1, 1.5));
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1.5);
});

test("constants are constant", () => {
  expect(new Set(draw(initializers.zerosInitializer))).toEqual(new Set([0]));
  expect(new Set(draw(initializers.onesInitializer))).toEqual(new Set([1]));
  expect(new Set(draw(initializers.constantInitializer(2)))).toEqual(new Set([2]));
});

test("given numbers are taken as they are, and must be as many", () => {
  const table = float32([2], [1, 2]);
  expect(initializers.fixedInitializer(table)([2], new Random(1))).toBe(table);
  expect(() => initializers.fixedInitializer(table)([3], new Random(1))).toThrow(
    "initializer: expected 3 numbers, got 2.",
  );
});
