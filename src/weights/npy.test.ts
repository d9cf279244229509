import { describe, expect, test } from "vitest";
import { bytes, complaint, floats, npy, u16, u64 } from "../../test/support/pickles.ts";
import type { Dtype } from "../array/dtype.ts";
import { float32, fromNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { readNpy, writeNpy } from "./npy.ts";

describe("every type of ours is read", () => {
  test.each<[string, Dtype, Uint8Array, number[]]>([
    ["<f2", "float16", bytes(0, 0x3c, 0, 0xc0), [0x3c00, 0xc000]],
    ["<f4", "float32", floats(1.5, -2), [1.5, -2]],
    ["<f8", "float64", new Uint8Array(Float64Array.of(0.1, -2).buffer), [0.1, -2]],
    ["|i1", "int8", bytes(1, 255), [1, -1]],
    ["<i1", "int8", bytes(1, 255), [1, -1]],
    ["<i2", "int16", bytes(1, 0, 255, 255), [1, -1]],
    ["<i4", "int32", bytes(1, 0, 0, 0, 255, 255, 255, 255), [1, -1]],
    ["<i8", "int64", bytes(u64(1), u64(-1)), [1, -1]],
    ["|u1", "uint8", bytes(1, 255), [1, 255]],
    ["<u2", "uint16", bytes(1, 0, 255, 255), [1, 65535]],
    ["|b1", "bool", bytes(1, 0), [1, 0]],
  ])("%s as %s", (descr, dtype, data, values) => {
    expect(readNpy(npy({ descr, data }))).toEqual(fromNumbers(dtype, [2], values));
  });
});

describe("headers as NumPy has written them", () => {
  test.each<[string, Uint8Array, readonly number[]]>([
    ["version 1", npy(), [2]],
    ["version 2", npy({ version: 2 }), [2]],
    ["version 3", npy({ version: 3 }), [2]],
    ["two axes", npy({ shape: "(1, 2)" }), [1, 2]],
    ["a comma at the end", npy({ shape: "(1, 2,)" }), [1, 2]],
    ["no axes", npy({ shape: "()", data: floats(1) }), []],
    ["no elements", npy({ shape: "(0, 3)", data: bytes() }), [0, 3]],
    ["long integers of Python 2", npy({ shape: "(2L,)" }), [2]],
    ["another order", npy({ header: '{"shape": (2,), "fortran_order": False, "descr": "<f4"}' }), [2]],
    ["padding", npy({ header: `{'descr':'<f4','fortran_order':False,'shape':(2,)}${" ".repeat(60)}` }), [2]],
  ])("%s", (_, content, shape) => {
    expect(readNpy(content).shape).toEqual(shape);
  });
});

test("big-endian numbers are turned", () => {
  const numbers = new DataView(new ArrayBuffer(8));
  numbers.setFloat32(0, 1.5);
  numbers.setFloat32(4, -2);
  const data = new Uint8Array(numbers.buffer);
  expect(readNpy(npy({ descr: ">f4", data }))).toEqual(float32([2], [1.5, -2]));
});

test("an array in Fortran's order becomes row-major", () => {
  const data = floats(1, 4, 2, 5, 3, 6);
  expect(readNpy(npy({ order: "True", shape: "(2, 3)", data }))).toEqual(float32([2, 3], [1, 2, 3, 4, 5, 6]));
});

test("Fortran's order with three axes", () => {
  // Element [i, j, k] of shape [2, 3, 2] is stored at i + 2·j + 6·k and holds 100·i + 10·j + k.
  const stored = Array.from(
    { length: 12 },
    (_, at) => 100 * (at % 2) + 10 * (Math.floor(at / 2) % 3) + Math.floor(at / 6),
  );
  const array = readNpy(npy({ order: "True", shape: "(2, 3, 2)", data: floats(...stored) }));
  expect([...array.data]).toEqual([0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
});

test("an array does not share the file's buffer, and may lie at an odd address", () => {
  const content = bytes("x", npy());
  const array = readNpy(content.subarray(1));
  content.fill(0);
  expect(array).toEqual(float32([2], [1, 2]));
});

describe("other files are refused with the file's name", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", bytes(), /at least 10 bytes, got 0/],
    ["something else", bytes("PK\x03\x04 and so on"), /NUMPY at the start/],
    ["version 4", npy({ version: 4 }), /version 1.0, 2.0 or 3.0 of the format, got 4.0. Save/],
    ["a header cut short", bytes("\x93NUMPY", 2, 0, u16(9)), /at least 12 bytes, got 10/],
    ["a header longer than the file", bytes("\x93NUMPY", 1, 0, u16(9), "{}"), /header of at most 2 bytes, got 9/],
    ["an endless header", npy({ header: " ".repeat(10_000), version: 2 }), /at most 10000 bytes, got 10001/],
    ["objects", npy({ descr: "|O" }), /got Python objects, which could run code. Do not use this file/],
    ["numbers of any order", npy({ descr: "=f4" }), /got "=f4". Convert/],
    ["wide numbers of no order", npy({ descr: "|f4" }), /got "\|f4". Convert/],
    ["a type that we lack", npy({ descr: "<c8" }), /one of the types f2, f4, .*, got "<c8"/],
    ["unsigned integers of 32 bits", npy({ descr: "<u4" }), /got "<u4"/],
    ["text", npy({ descr: "<U3" }), /got "<U3"/],
    ["an empty type", npy({ descr: "" }), /got ""/],
    [
      "records",
      npy({ header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}" }),
      /plain numbers, got records with named fields/,
    ],
    ["no dictionary", npy({ header: "[1, 2]" }), /a header with descr, fortran_order and shape, got "\[1, 2\]"/],
    ["a missing key", npy({ header: "{'descr': '<f4', 'shape': (2,)}" }), /descr, fortran_order and shape/],
    ["a key twice", npy({ header: "{'shape': (2,), 'shape': (2,)}" }), /descr, fortran_order and shape/],
    ["another key", npy({ header: "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}" }), /a header/],
    ["a call", npy({ order: "__import__('os')" }), /a header with/],
    ["an order that is a number", npy({ order: "1" }), /a header with/],
    ["values in each other's place", npy({ order: "(2,)" }), /a header with/],
    ["text that is not ASCII", npy({ descr: "<f4\xe9" }), /got "<f4\?"/],
    ["two commas", npy({ header: "{'descr': '<f4',, 'fortran_order': False, 'shape': (2,)}" }), /a header with/],
    ["a number in place of a tuple", npy({ shape: "(2)" }), /a shape of whole numbers, got "\(2\)"/],
    ["a negative size", npy({ shape: "(-2,)" }), /a header with/],
    ["a size with a gap", npy({ shape: "(2 2,)" }), /a shape of whole numbers/],
    ["an empty place", npy({ shape: "(,)" }), /a shape of whole numbers/],
    ["a size beyond exact numbers", npy({ shape: "(9007199254740993,)" }), /a shape of whole numbers/],
    ["nine axes", npy({ shape: `(${"1, ".repeat(9)})` }), /at most 8 axes, got 9/],
    ["a product beyond 2⁶⁴", npy({ shape: "(4294967296, 4294967296, 2)" }), /bytes for float32 of shape/],
    ["missing numbers", npy({ shape: "(3,)" }), /12 bytes for float32 of shape \[3\], got 8/],
    ["too many numbers", npy({ shape: "(1,)" }), /4 bytes for float32 of shape \[1\], got 8/],
  ])("%s", async (_, content, message) => {
    expect(await complaint(() => readNpy(content, "w.npy"))).toMatch(message);
    expect(await complaint(() => readNpy(content, "w.npy"))).toMatch(/^w\.npy: expected .*, got .*\. \S/);
  });
});

test("an array cut anywhere is refused", async () => {
  const content = npy();
  for (let length = 0; length < content.length; length++) {
    expect(await complaint(() => readNpy(content.subarray(0, length))), `${length} bytes`).toBeDefined();
  }
});

test("an array with a wrong byte anywhere reads or is refused", async () => {
  const random = new Random("npy", "fuzz");
  const content = npy({ order: "True", shape: "(1, 2)" });
  for (let i = 0; i < 5000; i++) {
    await complaint(() => readNpy(content.with(random.integer(content.length), random.integer(256))));
  }
});

test.each([
  fromNumbers("float32", [2, 3], [1, 2, 3, 4, 5, 6.5]),
  fromNumbers("uint8", [3], [1, 2, 255]),
  fromNumbers("int64", [], [7]),
  fromNumbers("float64", [0, 4], []),
])("what is written is read back, and numbers begin at a multiple of 64 bytes: $dtype $shape", (array) => {
  const bytes = writeNpy(array);
  expect(readNpy(bytes)).toEqual(array);
  expect((bytes.length - array.data.byteLength) % 64).toBe(0);
});
