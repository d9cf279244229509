import { describe, expect, test } from "vitest";
import type { Dtype } from "../array/dtype.ts";
import { float32, fromNumbers, type NdArray, ndarray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { readTorch } from "./torch.ts";
import { writeTorch } from "./torch-write.ts";
import { openZip } from "./zip.ts";
import { writeZip } from "./zip-write.ts";

const random = new Random("torch-write");
const normal = (shape: readonly number[]): NdArray =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.between(-1, 1)),
  );
const tensors = {
  "layers.0.weight": normal([3, 4]),
  "layers.0.bias": normal([3]),
  scale: normal([]),
  nothing: normal([0, 3]),
  "long.axis": normal([70_000]),
  tracked: ndarray("int64", [], BigInt64Array.of(2n ** 62n)),
  ["__proto__"]: normal([1, 2, 3, 1]),
  é: normal([1]),
};

describe("a file that is written reads as what it was written from", () => {
  test.each([
    ["under model", "model"],
    ["under another name", "state"],
    ["by itself", null],
  ])("%s", async (_, key) => {
    const read = await readTorch(writeTorch(tensors, "w.pth", { key }));
    expect(Object.entries(read.tensors)).toEqual(Object.entries(tensors));
    expect(read.others).toEqual([]);
  });

  test.each<Dtype>(["float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"])("%s", async (dtype) => {
    const a = fromNumbers(dtype, [2], [1, 0]);
    expect((await readTorch(writeTorch({ a }))).tensors).toEqual({ a });
  });

  test("float16, which is read as float32", async () => {
    const a = ndarray("float16", [2], Uint16Array.of(0x3c00, 0xc100));
    expect((await readTorch(writeTorch({ a }))).tensors).toEqual({ a: float32([2], [1, -2.5]) });
  });
});

test("a type without a storage of PyTorch is refused", () => {
  const a = ndarray("uint16", [1], Uint16Array.of(1));
  expect(() => writeTorch({ a }, "w.pth")).toThrow("w.pth: expected a of a type that PyTorch has (");
});

test("equal tensors give equal bytes", () => {
  expect(writeTorch(tensors)).toEqual(writeTorch({ ...tensors }));
});

test("numbers lie at multiples of 64 bytes, as PyTorch aligns them", async () => {
  const file = writeTorch(tensors);
  const view = new DataView(file.buffer);
  let at = 0;
  let members = 0;
  while (view.getUint32(at, true) === 0x04034b50) {
    const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    expect(start % 64).toBe(0);
    expect(view.getUint16(at + 8, true)).toBe(0); // stored
    at = start + view.getUint32(at + 18, true);
    members++;
  }
  expect(members).toBe(Object.keys(tensors).length + 3);
  const archive = openZip(file);
  expect([...archive.sizes.keys()].slice(0, 2)).toEqual(["archive/data.pkl", "archive/byteorder"]);
  expect(new TextDecoder().decode(await archive.read("archive/version"))).toBe("3\n");
});

/**
 * What `torch.load` runs with `weights_only` (torch/_weights_only_unpickler.py), with the bytes that follow each opcode: a count,
 * or what their length stands in.
 */
const allowed: Readonly<Record<string, number | "text" | "lines" | "long">> = {
  ...{ "\x80": 1, "(": 0, ".": 0, R: 0, Q: 0, "}": 0, u: 0, ")": 0, t: 0, "\x89": 0 },
  ...{ K: 1, M: 2, J: 4, "\x8a": "long", X: "text", c: "lines" },
};

test("the pickle has only opcodes and globals that torch.load allows without trust", async () => {
  const pickle = await openZip(writeTorch(tensors)).read("archive/data.pkl");
  const view = new DataView(pickle.buffer, pickle.byteOffset, pickle.byteLength);
  const globals = new Set<string>();
  const opcodes = new Set<string>();
  let at = 0;
  while (at < pickle.length) {
    const opcode = String.fromCharCode(pickle[at++]);
    opcodes.add(opcode);
    const follows = allowed[opcode];
    expect(follows, `opcode ${JSON.stringify(opcode)} at ${at - 1}`).toBeDefined();
    if (follows === "text") at += 4 + view.getUint32(at, true);
    else if (follows === "long") at += 1 + pickle[at];
    else if (follows === "lines") {
      const middle = pickle.indexOf(10, at);
      const end = pickle.indexOf(10, middle + 1);
      globals.add(new TextDecoder().decode(pickle.subarray(at, end)).replace("\n", "."));
      at = end + 1;
    } else at += follows;
  }
  expect(at).toBe(pickle.length);
  expect(pickle[pickle.length - 1]).toBe(".".charCodeAt(0));
  expect([...pickle.subarray(0, 2)]).toEqual([0x80, 2]);
  expect([...globals].sort()).toEqual([
    "collections.OrderedDict",
    "torch.FloatStorage",
    "torch.LongStorage",
    "torch._utils._rebuild_tensor_v2",
  ]);
  expect(opcodes).toContain("J");
});

test("an archive of nothing, of empty members and of odd names reads", async () => {
  expect([...openZip(writeZip([])).sizes]).toEqual([]);
  const contents = ["a", "folder/é", "x".repeat(300)].map((name, i) => ({ name, data: new Uint8Array(i).fill(7) }));
  for (const alignment of [1, 2, 4, 64]) {
    const archive = openZip(writeZip(contents, "z", { alignment }));
    for (const { name, data } of contents) expect(await archive.read(name)).toEqual(data);
  }
});
