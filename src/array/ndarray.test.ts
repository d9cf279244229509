import { expect, test } from "vitest";
import { allocate, bytesOf, type Dtype, isFloat, view } from "./dtype.ts";
import { float32, fromNumbers, item, ndarray, scalar, toNumbers, zeros } from "./ndarray.ts";

test("numbers go in and come out, 64-bit integers too", () => {
  expect(toNumbers(fromNumbers("int64", [2], [1, -2]))).toEqual([1, -2]);
  expect(fromNumbers("int64", [2], [1, -2]).data).toEqual(BigInt64Array.of(1n, -2n));
  expect(toNumbers(fromNumbers("uint8", [2], [1, 255]))).toEqual([1, 255]);
  expect(float32([1, 2], [1.5, 2]).data).toEqual(Float32Array.of(1.5, 2));
});

test("scalars have no axes and one element", () => {
  expect(scalar(3).shape).toEqual([]);
  expect(item(scalar(3, "int64"))).toBe(3);
  expect(toNumbers(zeros("float64", [2]))).toEqual([0, 0]);
});

test.each([
  [
    () => ndarray("float32", [2, 2], new Float32Array(3)),
    "ndarray: shape [2, 2] holds 4 elements, got 3. Pass matching data.",
  ],
  [() => fromNumbers("bool", [2], [1]), "ndarray: shape [2] holds 2 elements, got 1."],
  [() => item(zeros("float32", [2])), "item: expected one element, got shape [2]. Reduce the array first."],
])("%s is refused", (call, message) => {
  expect(call).toThrow(message);
});

test.each<[Dtype, number, boolean]>([
  ["float16", 2, true],
  ["float32", 4, true],
  ["float64", 8, true],
  ["int64", 8, false],
  ["bool", 1, false],
])("%s takes %i bytes", (dtype, bytes, floating) => {
  expect(bytesOf(dtype)).toBe(bytes);
  expect(allocate(dtype, 3).byteLength).toBe(3 * bytes);
  expect(view(dtype, new ArrayBuffer(64), 8, 2).byteLength).toBe(2 * bytes);
  expect(isFloat(dtype)).toBe(floating);
});
