import { describe, expect, test } from "vitest";
import { allocate, type Dtype } from "../array/dtype.ts";
import { float32, fromNumbers, ndarray } from "../array/ndarray.ts";
import { sourceOf } from "../platform/byte-source.ts";
import { readSafetensors, readSafetensorsFrom, writeSafetensors } from "./safetensors.ts";

const everyDtype: Dtype[] = [
  "float32",
  "float64",
  "float16",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "bool",
];

function withHeader(header: string | object, data = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

test.each(everyDtype)("%s tensors come back as they were written", (dtype) => {
  const array = fromNumbers(dtype, [2, 1, 3], [0, 1, 1, 0, 1, 1]);
  expect(readSafetensors(writeSafetensors({ a: array })).tensors).toEqual({ a: array });
});

test("types of different widths share a file and stay exact", () => {
  const tensors = Object.fromEntries(everyDtype.map((dtype, i) => [dtype, fromNumbers(dtype, [i], Array(i).fill(1))]));
  expect(readSafetensors(writeSafetensors(tensors)).tensors).toEqual(tensors);
});

test("metadata comes back", () => {
  expect(readSafetensors(writeSafetensors({}, { licence: "none", b: "é" })).metadata).toEqual({
    licence: "none",
    b: "é",
  });
});

test("the order of keys does not change the bytes", () => {
  const [a, b] = [float32([2], [1, 2]), float32([1], [3])];
  expect(writeSafetensors({ a, b }, { x: "1", y: "2" })).toEqual(writeSafetensors({ b, a }, { y: "2", x: "1" }));
});

test("numbers start at a multiple of eight bytes", () => {
  const bytes = writeSafetensors({ name: float32([1], [1]) });
  expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
});

test("a file at an odd address in a larger buffer can be read", () => {
  const bytes = writeSafetensors({ a: float32([2], [1, 2]) });
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(readSafetensors(shifted.subarray(3)).tensors.a).toEqual(float32([2], [1, 2]));
});

test("BF16 is read as float32", () => {
  const bytes = withHeader(
    { a: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } },
    Uint8Array.of(0x80, 0x3f, 0x20, 0xc0),
  );
  expect(readSafetensors(bytes).tensors.a).toEqual(float32([2], [1, -2.5]));
});

test("BF16 of several pieces is widened to the last number", async () => {
  const count = 2 ** 21 + 3;
  const narrow = new Uint16Array(count).map((_, i) => 0x3f80 + (i % 97));
  const table = { a: { dtype: "BF16", shape: [count], data_offsets: [0, 2 * count] } };
  const bytes = withHeader(table, new Uint8Array(narrow.buffer));
  const { tensors } = await readSafetensorsFrom(sourceOf(bytes));
  const whole = readSafetensors(bytes).tensors.a;
  expect({ ...tensors.a, data: null }).toEqual({ ...whole, data: null });
  expect(Buffer.compare(Buffer.from(tensors.a.data.buffer), Buffer.from(whole.data.buffer))).toBe(0);
});

test("tensors do not share the file's buffer", () => {
  const bytes = writeSafetensors({ a: float32([1], [1]) });
  const { a } = readSafetensors(bytes).tensors;
  bytes.fill(0);
  expect(a).toEqual(float32([1], [1]));
});

test("a file that is read in parts gives the same, whatever pieces it comes in", async () => {
  const tensors = {
    a: float32([5], [1, 2, 3, 4, 5]),
    b: ndarray("uint8", [3], new Uint8Array([7, 8, 9])),
    c: float32([0], []),
  };
  const bytes = writeSafetensors(tensors, { key: "value" });
  const whole = sourceOf(bytes);
  const drops = {
    size: bytes.length,
    read: (at: number, length: number) => whole.read(at, at < 100 ? length : Math.min(3, length)),
  };
  for (const source of [whole, drops]) {
    expect(await readSafetensorsFrom(source)).toEqual({ tensors, metadata: { key: "value" } });
  }
  const cut = {
    size: bytes.length,
    read: (at: number, length: number) => sourceOf(bytes.subarray(0, -2)).read(at, length),
  };
  await expect(readSafetensorsFrom(cut, "w")).rejects.toThrow(/^w: expected \d+ bytes, got an earlier end\./);
});

test("an empty tensor and a scalar keep their shapes", () => {
  const tensors = { empty: ndarray("float32", [0, 3], allocate("float32", 0)), one: float32([], [7]) };
  expect(readSafetensors(writeSafetensors(tensors)).tensors).toEqual(tensors);
});

test("a tensor cannot be called __metadata__", () => {
  expect(() => writeSafetensors({ __metadata__: float32([1], [1]) })).toThrow(/reserved/);
});

const entry = (change: object) => ({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...change } });
const four = new Uint8Array(4);
const place = `{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`;
const twice = (first: string, second: string) => `{${first}:${place},${second}:${place}}`;

describe("damaged files are refused with the file's name", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /at least 10 bytes, got 0 bytes/],
    ["a truncated length", new Uint8Array(7), /at least 10 bytes/],
    ["a header longer than the file", withHeader("{}").with(0, 200), /header of at most 2 bytes, got 200/],
    ["an enormous header", new Uint8Array(16).fill(255), /header of at most/],
    ["a header that is not JSON", withHeader("{nonsense"), /JSON object/],
    ["a header that is not an object", withHeader("[1]"), /JSON object/],
    ["a header that is not UTF-8", withHeader("{}").with(8, 0xff), /JSON object/],
    [
      "metadata that is no text",
      withHeader({ __metadata__: { a: { toString: 1 } } }),
      /text in __metadata__, got object/,
    ],
    [
      "metadata that is deep",
      withHeader(`{"__metadata__":{"a":${"[".repeat(9000)}${"]".repeat(9000)}}}`),
      /text in __metadata__/,
    ],
    [
      "a shape that is deep",
      withHeader(`{"a":{"dtype":"F32","data_offsets":[0,4],"shape":${"[".repeat(9000)}${"]".repeat(9000)}}}`, four),
      /data_offsets for tensor "a", got another shape/,
    ],
    ["metadata that is a number", withHeader({ __metadata__: 5 }), /an object of text in __metadata__, got 5/],
    ["metadata that is a list", withHeader({ __metadata__: [] }), /an object of text in __metadata__, got a list/],
    ["metadata that is nothing", withHeader({ __metadata__: null }), /an object of text in __metadata__, got null/],
    ["a tensor twice", withHeader(twice('"a"', '"a"'), four), /every name in the header once, got "a" twice/],
    ["a tensor twice, spelt apart", withHeader(twice('"a"', '"\\u0061" '), four), /got "a" twice/],
    ["metadata twice", withHeader(`{"__metadata__":{},"__metadata__":{}}`), /got "__metadata__" twice/],
    ["a key of metadata twice", withHeader(`{"__metadata__":{"k":"1","k":"2"}}`), /got "k" twice/],
    ["a field twice", withHeader(`{"a":{"dtype":"F32","dtype":"F32"}}`), /got "dtype" twice/],
    ["a tensor without shape", withHeader(entry({ shape: undefined }), four), /shape and data_offsets/],
    ["a negative size", withHeader(entry({ shape: [-1] }), four), /shape and data_offsets/],
    ["a huge size", withHeader(entry({ shape: [2 ** 40, 2 ** 40] }), four), /bytes for tensor "a"/],
    ["three offsets", withHeader(entry({ data_offsets: [0, 4, 8] }), four), /shape and data_offsets/],
    [
      "offsets that do not match the shape",
      withHeader(entry({ data_offsets: [0, 8] }), four),
      /4 bytes for tensor "a" of shape \[1\], got 8/,
    ],
    [
      "a gap before a tensor",
      withHeader(entry({ data_offsets: [4, 8] }), new Uint8Array(8)),
      /to start at byte 0, got 4/,
    ],
    ["missing numbers", withHeader(entry({}), new Uint8Array(3)), /4 bytes of numbers, got 3/],
    ["numbers too many", withHeader(entry({}), new Uint8Array(5)), /4 bytes of numbers, got 5/],
    ["an unknown type", withHeader(entry({ dtype: "F8_E4M3" }), four), /got F8_E4M3/],
  ])("%s", async (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "w.safetensors")).toThrow(message);
    expect(() => readSafetensors(bytes, "w.safetensors")).toThrow(/^w\.safetensors: /);
    await expect(readSafetensorsFrom(sourceOf(bytes), "w.safetensors")).rejects.toThrow(message);
  });
});

test("names are compared as names, wherever quotes and colons stand", () => {
  const tensors = { 'a":': float32([1], [1]), a: float32([1], [2]), "{": float32([1], [3]) };
  expect(readSafetensors(writeSafetensors(tensors, { a: '"a": {', "{": "}" })).tensors).toEqual(tensors);
});

test("a name of the file cannot break the message's line or write to the terminal", () => {
  const read = () => readSafetensors(withHeader({ "a\r\nb\u001b[2J\u202e": 5 }), "w.safetensors");
  expect(read).toThrow('tensor "a b?[2J?"');
});

test("two tensors may not overlap", () => {
  const place = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  expect(() => readSafetensors(withHeader({ a: place, b: place }, four))).toThrow(/to start at byte 4/);
});
