import { expect, test } from "vitest";
import { requireArray, requireArrays } from "./check-arrays.ts";
import { float32, fromNumbers } from "./ndarray.ts";

test("arrays by name are taken, of every type and of none", () => {
  const arrays = { a: float32([2], [1, 2]), b: fromNumbers("int64", [], [3]), c: fromNumbers("bool", [0, 3], []) };
  expect(() => requireArrays(arrays, "here")).not.toThrow();
  expect(() => requireArrays({}, "here")).not.toThrow();
});

test.each<[unknown, string]>([
  [undefined, "here: expected arrays by name, got undefined. Correct the method."],
  [null, "got null"],
  [Promise.resolve({}), "got a promise"],
  [[float32([], [1])], "got a list"],
  [{ a: 5 }, "here: a: expected an array (see ndarray), got a number. Correct the method."],
  [{ a: undefined }, "here: a: expected an array (see ndarray), got undefined"],
  [{ a: { dtype: "float32", shape: [2], data: [1, 2] } }, "got another object"],
  [{ a: { dtype: "float32", shape: [2], data: new DataView(new ArrayBuffer(8)) } }, "got another object"],
  [{ a: { dtype: "float32", shape: [3], data: new Float32Array(2) } }, "got [3] with 2 numbers"],
])("%o is refused", (value, message) => {
  expect(() => requireArrays(value, "here")).toThrow(message);
});

test("a single array is asked for by itself", () => {
  expect(() => requireArray(undefined, "here")).toThrow("here: expected an array (see ndarray), got undefined.");
});
