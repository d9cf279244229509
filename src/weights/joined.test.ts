import { expect, test } from "vitest";
import { float32, type NdArray, ndarray } from "../array/ndarray.ts";
import { join, separate, wholeOf } from "./joined.ts";

const joined = { qkv: ["query", "key", "value"], kv: ["key", "value"] };
const bias = float32([6], [1, 2, 3, 4, 5, 6]);

test("a joined weight is its parts, one behind another along axis 0, there and back", () => {
  const theirs: Record<string, NdArray> = {
    "blocks.0.attn.qkv.weight": float32([3, 2], [1, 2, 3, 4, 5, 6]),
    "blocks.0.attn.qkv.bias": ndarray("float16", [3], Uint16Array.of(1, 2, 3)),
    "blocks.1.kv.bias": bias,
    "blocks.0.norm.weight": bias,
  };
  const parts = separate(theirs, joined);
  expect(Object.keys(parts)).toEqual([
    ...["query", "key", "value"].map((part) => `blocks.0.attn.qkv.${part}.weight`),
    ...["query", "key", "value"].map((part) => `blocks.0.attn.qkv.${part}.bias`),
    ...["key", "value"].map((part) => `blocks.1.kv.${part}.bias`),
    "blocks.0.norm.weight",
  ]);
  expect(parts["blocks.0.attn.qkv.key.weight"]).toEqual(float32([1, 2], [3, 4]));
  expect(parts["blocks.0.attn.qkv.value.bias"]).toEqual(ndarray("float16", [1], Uint16Array.of(3)));
  expect(parts["blocks.1.kv.value.bias"]).toEqual(float32([3], [4, 5, 6]));
  expect(join(parts, joined)).toEqual(theirs);
});

test("parts are joined whatever order they come in", () => {
  const given = { "a.kv.value.bias": float32([1], [2]), "a.kv.key.bias": float32([1], [1]) };
  expect(join(given, joined)).toEqual({ "a.kv.bias": float32([2], [1, 2]) });
});

test("what cannot be cut evenly, or is a number, stays as it is", () => {
  const theirs = { "a.qkv.bias": float32([4], [1, 2, 3, 4]), "b.qkv.scale": float32([], [1]), qkv: bias };
  expect(separate(theirs, joined)).toEqual(theirs);
});

test("names of a file do not reach into the table of what is joined", () => {
  const theirs = { "a.constructor.weight": bias, "a.toString.key.weight": bias };
  expect(separate(theirs, joined)).toEqual(theirs);
  expect(join(theirs, joined)).toEqual(theirs);
});

test.each(["query", "key", "value"])("a missing %s is an error", (missing) => {
  const rest = joined.qkv.filter((part) => part !== missing);
  const given = Object.fromEntries(rest.map((part) => [`a.qkv.${part}.bias`, bias]));
  expect(() => join(given, joined)).toThrow(`a.qkv.bias: a.qkv.${missing}.bias is missing`);
});

test("a part knows what it belongs to", () => {
  expect(wholeOf("a.qkv.key.bias", joined)).toEqual({
    whole: "a.qkv.bias",
    parts: ["a.qkv.query.bias", "a.qkv.key.bias", "a.qkv.value.bias"],
    index: 1,
  });
  expect(wholeOf("a.qkv.bias", joined)).toBeNull();
});
