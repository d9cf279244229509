import { describe, expect, test } from "vitest";
import { bytes, complaint, floats, type Piece, patched, u16, u32, u64 } from "../../test/support/pickles.ts";
import { toNumbers } from "../array/ndarray.ts";
import { readMxnet } from "./mxnet.ts";
import { readWeights } from "./read-weights.ts";

const head = (count: number | bigint) => [u64(0x112), u64(0), u64(count)];
const device = [u32(1), u32(0)];
const old = (shape: readonly number[], type: number, data: Piece) => [
  u32(shape.length),
  shape.map((size) => u32(size)),
  device,
  u32(type),
  data,
];
const first = (shape: readonly (number | bigint)[], type: number, data: Piece) => [
  u32(0xf993fac8),
  u32(shape.length),
  shape.map((size) => u64(size)),
  device,
  u32(type),
  data,
];
const second = (shape: readonly number[], type: number, data: Piece, storage = 0) => [
  u32(0xf993fac9),
  u32(storage),
  first(shape, type, data).slice(1),
];
const names = (...texts: readonly Piece[]) => [u64(texts.length), texts.map((text) => [u64(bytes(text).length), text])];
const three = floats(1, 2, 3);
const file = bytes(
  head(7),
  old([3], 0, three),
  first([1, 3], 0, three),
  second([2], 3, new Uint8Array([7, 9])),
  second([1], 6, u64(5)),
  old([2], 2, [u16(0x3c00), u16(0xc000)]),
  old([1], 4, u32(0xffffffff)),
  second([1], 5, new Uint8Array([0xff])),
  names("arg:a", "arg:b", "aux:c", "aux:d", "arg:half", "arg:int", "arg:byte"),
);

test("arrays of all three layouts are read, of whatever type, also where nothing is aligned", async () => {
  const shifted = bytes("x", file).subarray(1);
  const { kind, tensors } = await readWeights(shifted, "net.params");
  expect(kind).toBe("mxnet");
  expect(Object.entries(tensors).map(([name, array]) => [name, array.dtype, array.shape, toNumbers(array)])).toEqual([
    ["arg:a", "float32", [3], [1, 2, 3]],
    ["arg:b", "float32", [1, 3], [1, 2, 3]],
    ["aux:c", "uint8", [2], [7, 9]],
    ["aux:d", "int64", [1], [5]],
    ["arg:half", "float32", [2], [1, -2]],
    ["arg:int", "int32", [1], [-1]],
    ["arg:byte", "int8", [1], [-1]],
  ]);
});

test("arrays do not share the file's buffer", () => {
  const content = Uint8Array.from(file);
  const { "arg:a": array } = readMxnet(content);
  content.fill(0);
  expect(toNumbers(array)).toEqual([1, 2, 3]);
});

test("a name like __proto__ is a name", () => {
  const tensors = readMxnet(bytes(head(1), old([3], 0, three), names("__proto__")));
  expect(Object.keys(tensors)).toEqual(["__proto__"]);
});

test("a file that ends early is refused wherever it ends, in one line", async () => {
  for (let length = 0; length < file.length; length++) {
    const message = await complaint(() => readMxnet(file.subarray(0, length), "net.params"));
    expect(message, `${length} bytes`).toMatch(/^net\.params: expected [^\n]*$/);
  }
});

describe("wrong files are refused, in one line and without their sizes being reserved:", () => {
  const huge = 2n ** 40n;
  test.each<[string, Uint8Array, string]>([
    ["more arrays than there are", bytes(head(50), old([3], 0, three), u64(0)), "expected 8 more bytes at 60, got 4."],
    [
      "a count beyond all",
      bytes(head(2n ** 64n - 1n)),
      "a number of arrays that fits the file, got 18446744073709551615.",
    ],
    ["a shape beyond the file", bytes(head(1), first([huge, huge, huge], 0, three)), "a dimension that fits the file"],
    ["a product beyond the file", bytes(head(1), first([60, 60, 60], 0, three)), "expected 864000 more bytes"],
    ["a product beyond all numbers", bytes(head(1), old(Array(32).fill(0xffffffff), 0, three)), "more bytes at"],
    ["a product of nothing and all", bytes(head(1), old([...Array(31).fill(0xffffffff), 0], 0, three)), "expected"],
    ["too many dimensions", bytes(head(1), u32(0xf993fac7), three), "at most 32 dimensions, got 4187224775."],
    ["a sparse array", bytes(head(1), second([3], 0, three, 1)), "dense arrays (storage type 0), got 1."],
    ["an unknown type", bytes(head(1), old([3], 7, three)), "a type of elements from 0 to 6, got 7."],
    ["a negative type", bytes(head(1), old([3], 0xffffffff, three)), "a type of elements from 0 to 6, got -1."],
    ["unnamed arrays", bytes(head(1), old([3], 0, three), names()), "expected 1 names, got 0."],
    [
      "a name twice",
      bytes(head(2), old([3], 0, three), old([3], 0, three), names("a", "a")),
      'expected every name once, got "a" twice.',
    ],
    ["a name beyond the file", bytes(head(1), old([3], 0, three), u64(1), u64(huge)), "the length of a name that fits"],
    ["another beginning", patched(file, 0, u32(0x113)), "the beginning of an MXNet file of arrays, got other bytes."],
  ])("%s", async (_, content, message) => {
    const got = await complaint(() => readMxnet(content, "net.params"));
    expect(got).toMatch(/^net\.params: expected [^\n]*fetch it again\.$/);
    expect(got).toContain(message);
  });
});
