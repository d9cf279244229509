import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { complaint } from "../../test/support/pickles.ts";
import {
  bigEndian,
  block,
  bundle,
  entry,
  type Files,
  header,
  index,
  laterVersion,
  type Row,
  table,
  varint,
  withRestarts,
} from "../../test/support/tensor-bundle.ts";
import { float32, fromNumbers, type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { crc32, crc32c, masked } from "./crc32.ts";
import { openWeights, readWeights } from "./read-weights.ts";
import { readTensorBundle } from "./tensor-bundle.ts";

const suffix = "/.ATTRIBUTES/VARIABLE_VALUE";
const graph: Row = ["_CHECKPOINTABLE_OBJECT_GRAPH", entry({ type: 7, size: 0 })];

const tensors: Named<NdArray> = {
  [`encoder/kernel${suffix}`]: float32([2, 3], [1, -2, 3, 4.5, 5, 6]),
  [`encoder/kernel/.OPTIMIZER_SLOT/optimizer/m${suffix}`]: float32([2], [7, 8]),
  [`save_counter${suffix}`]: fromNumbers("int64", [], [3]),
};

function filesOf(files: Files) {
  const platform = memoryPlatform();
  for (const [name, bytes] of Object.entries(files)) platform.files.set(name, bytes);
  return platform;
}

const read = (files: Files) => readTensorBundle(filesOf(files), "ckpt");

test("the sums are those of their definitions", () => {
  const digits = new TextEncoder().encode("123456789");
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(crc32c(digits)).toBe(0xe3069283);
  expect(masked(0)).toBe(0xa282ead8);
  expect(masked(0xe3069283)).toBe(0xc78ab0e5);
});

describe("a checkpoint", () => {
  test.each([1, 2, 3])("has its tensors by name, in %i files", async (shards) => {
    const { tensors: found, others } = await read(bundle("ckpt", tensors, shards, [graph]));
    expect(found).toEqual(tensors);
    expect(others).toEqual(["_CHECKPOINTABLE_OBJECT_GRAPH"]);
  });

  test("has numbers of every type that we have", async () => {
    const given = Object.fromEntries(
      (["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool"] as const).map(
        (dtype) => [dtype, fromNumbers(dtype, [2], [1, 0])],
      ),
    );
    expect((await read(bundle("ckpt", { ...given, none: float32([0, 4], []) }))).tensors).toEqual({
      ...given,
      none: float32([0, 4], []),
    });
  });

  test("has bfloat16 as float32", async () => {
    const bits = Uint16Array.of(0x3fc0, 0xc000);
    const data = new Uint8Array(bits.buffer);
    const files = {
      "ckpt.index": index([["b", entry({ type: 14, shape: [2], size: 4, sum: masked(crc32c(data)) })]]),
      "ckpt.data-00000-of-00001": data,
    };
    expect((await read(files)).tensors).toEqual({ b: float32([2], [1.5, -2]) });
  });

  test("is read only as far as it is wanted", async () => {
    const files = bundle("ckpt", tensors, 1, [["a", entry({ type: 8, size: 0 })]]);
    const wanted = (name: string) => name.startsWith("save");
    const found = await readTensorBundle(filesOf(files), "ckpt", { wanted });
    expect(Object.keys(found.tensors)).toEqual([`save_counter${suffix}`]);
    expect(found.others).toHaveLength(3);
  });

  test.each(["run/ckpt", "run/ckpt.index", "run", "run/ckpt.data-00001-of-00002"])(
    "opens by the name %s, its variables by their paths and without the optimizer's state",
    async (name) => {
      const platform = filesOf(bundle("run/ckpt", tensors, 2, [graph]));
      expect(await openWeights(platform, name)).toEqual({
        kind: "tensorflow",
        tensors: {
          "encoder/kernel": tensors[`encoder/kernel${suffix}`],
          save_counter: tensors[`save_counter${suffix}`],
        },
        where: "run/ckpt.index",
      });
    },
  );

  test("keeps a name whole that is there without its end, too", async () => {
    const both = { a: float32([], [1]), [`a${suffix}`]: float32([], [2]) };
    expect((await openWeights(filesOf(bundle("ckpt", both)), "ckpt")).tensors).toEqual(both);
  });

  test("is refused beside another in the folder, each by name", async () => {
    const platform = filesOf({ ...bundle("run/ckpt-1", tensors), ...bundle("run/ckpt-2", tensors) });
    expect(await complaint(() => openWeights(platform, "run"))).toBe(
      "run: expected one checkpoint, got 2: ckpt-1.index, ckpt-2.index. Name one: run/ckpt-1.index.",
    );
    expect((await openWeights(platform, "run/ckpt-2")).where).toBe("run/ckpt-2.index");
  });

  test("is not read from the bytes of its list alone", async () => {
    const files = bundle("ckpt", tensors);
    expect(await complaint(() => readWeights(files["ckpt.index"], "ckpt.index"))).toContain(
      "got the index of a TensorFlow checkpoint",
    );
  });
});

/** The checkpoint of one list and four bytes. */
const listed = (list: Uint8Array): Files => ({ "ckpt.index": list, "ckpt.data-00000-of-00001": new Uint8Array(4) });
const one = (fields: Parameters<typeof entry>[0]) => listed(index([["w", entry(fields)]]));
const huge = 2n ** 62n;

/** Blocks whose keys all share a long beginning: few bytes, much memory. */
function longKeys(): Uint8Array {
  const long = 4000;
  const none = entry({ shape: [0], size: 0 });
  const rows = Array.from({ length: 5000 }, (_, i) => [
    ...varint(long),
    ...[2, none.length, 97 + (i >> 7), i & 127],
    ...none,
  ]);
  const first = [0, ...varint(long), none.length, ...new Array<number>(long).fill(97), ...none];
  return table([withRestarts([0, 0, header().length, ...header(), ...first, ...rows.flat()])]);
}

test("a list whose names are as long as names may be is read where there are few", async () => {
  const names = ["a", "b"].map((letter) => letter.repeat(4096));
  const given = Object.fromEntries(names.map((name) => [name, float32([], [1])]));
  expect((await read(bundle("ckpt", given))).tensors).toEqual(given);
});

describe("is refused in one line:", () => {
  test.each<[string, Files, string]>([
    ["a file of another kind", listed(new TextEncoder().encode("<html>")), "ckpt.index: expected the end"],
    ["an empty file", listed(new Uint8Array(0)), "got 0 bytes without it"],
    ["a compressed block", listed(index([], { compression: 1 })), "got Snappy. Save the checkpoint again"],
    ["a block of an unknown kind", listed(index([], { compression: 9 })), "got kind 9"],
    ["an index block beyond the end", listed(index([], { indexPlace: [1000, 20] })), "expected blocks within"],
    [
      "an index block beyond all numbers",
      listed(index([], { indexPlace: [huge, huge] })),
      "expected numbers below 2^53",
    ],
    ["an index block that is a block of entries", listed(index([], { indexPlace: [0, 16] })), "ckpt.index"],
    ["the same block twice", listed(index([], { places: ([a]) => [a, a] })), "expected a block from byte"],
    [
      "a block within another",
      listed(
        index([], {
          places: ([[at, size]]) => [
            [at, size],
            [at + 2, 9],
          ],
        }),
      ),
      "expected a block",
    ],
    ["a block of no bytes", listed(index([], { places: () => [[0, 0]] })), "ckpt.index"],
    [
      "more places of keys than a block has bytes",
      listed(table([withRestarts([], [0, 0]).slice(4)])),
      "places of its keys",
    ],
    ["a block without any", listed(table([[0, 0, 0, 0]])), "places of its keys"],
    [
      "a name that shares more than there is",
      listed(table([withRestarts([5, 0, 0])])),
      "shares at most 0 bytes, got 5",
    ],
    ["a name longer than its block", listed(table([withRestarts([0, 100, 0])])), "expected 100 bytes more"],
    ["a value longer than its block", listed(table([withRestarts([0, 0, 100])])), "expected 100 bytes more"],
    ["a number that never ends", listed(table([withRestarts(new Array<number>(12).fill(255))])), "numbers below 2^53"],
    ["keys that would fill the memory", listed(longKeys()), "expected names of usual length, got far longer ones"],
    ["no entries", listed(table([])), "expected a header, got no entries"],
    ["no header", listed(table([block([["w", entry({})]])])), "expected a header, got none"],
    [
      "names out of order",
      listed(
        index([
          ["b", entry({})],
          ["a", entry({})],
        ]),
      ),
      "expected names in order",
    ],
    [
      "a name twice",
      listed(
        index([
          ["b", entry({})],
          ["b", entry({})],
        ]),
      ),
      "expected names in order, each once",
    ],
    ["a name that is no text", listed(index([[[0xff, 0xfe], entry({})]])), "expected names that are UTF-8 text"],
    ["big-endian numbers", listed(index([], {}, header(1, bigEndian))), "expected little-endian numbers"],
    ["a later format", listed(index([], {}, header(1, laterVersion))), "got one for version 2"],
    ["no files of numbers", listed(index([], {}, header(0))), "expected 1 to 99999 files of numbers, got 0"],
    ["too many files of numbers", listed(index([], {}, header(100_000))), "got 100000"],
    ["less than no files", listed(index([], {}, header(-1))), "got -1"],
    ["an entry that does not decode", listed(index([["w", [10, 200]]])), "expected entries that decode"],
    [
      "an entry of groups within groups",
      listed(index([["w", new Array<number>(100_000).fill(0x7b)]])),
      "expected entries that decode",
    ],
    ["a type that nobody knows", one({ type: 99 }), 'expected a type of TensorFlow for "w", got 99'],
    ["a type that we do not have", one({ type: 23, shape: [], size: 0 }), 'tensor "w" must have one of the types'],
    ["a slice of a tensor", listed(index([[[0, 1, 2], entry({})]])), "(a partitioned variable)"],
    ["a tensor in slices", one({ shape: [1], slices: 2 }), 'expected whole tensors, got "w" in slices'],
    ["a shape of no rank", one({ unranked: true }), 'expected a shape for "w", got none'],
    ["a negative axis", one({ shape: [-1] }), 'expected a shape for "w", got [-1]'],
    ["axes whose product is beyond all numbers", one({ shape: [huge, huge] }), 'expected a shape for "w"'],
    ["axes whose product is no safe number", one({ shape: [2 ** 30, 2 ** 30] }), 'expected a shape for "w"'],
    ["a thousand axes", one({ shape: new Array<number>(1000).fill(1) }), "got 1000 axes"],
    [
      "a shape that its bytes contradict",
      one({ shape: [5], size: 4 }),
      'expected 20 bytes for "w" of shape [5], got 4',
    ],
    ["a huge shape that its bytes contradict", one({ shape: [2 ** 40], size: 4 }), "got 4"],
    ["more bytes than the file has", one({ shape: [2 ** 40], size: 2 ** 42 }), 'where "w" ends, got 4'],
    ["a place behind the end", one({ offset: 4 }), 'ckpt.data-00000-of-00001: expected 8 bytes, where "w" ends, got 4'],
    ["a negative place", one({ offset: -4 }), 'expected a place for "w"'],
    ["a negative size", one({ size: -4 }), 'expected a place for "w"'],
    ["a place beyond all numbers", one({ offset: huge }), 'expected a place for "w"'],
    ["a file beyond the last", one({ shard: 1 }), 'expected "w" in a file from 0 to 0, got 1'],
    ["a negative file", one({ shard: -1 }), "got -1"],
    ["a wrong sum", one({ sum: 1 }), 'expected the sum 1 of "w"'],
    [
      "tensors that lie over one another",
      listed(
        index([
          ["v", entry({})],
          ["w", entry({ offset: 2 })],
        ]),
      ),
      'expected "w" behind "v", got byte 2',
    ],
    [
      "a missing file of numbers",
      { "ckpt.index": index([["w", entry({ shard: 1 })]], {}, header(3)) },
      "ckpt.data-00001-of-00003: expected file 2 of the 3 that hold the numbers, got nothing there",
    ],
    ["nothing there", {}, "ckpt.index: expected a readable file"],
  ])("%s", async (_, files, message) => {
    const said = await complaint(() => read(files));
    expect(said).toContain(message);
    expect(said).toMatch(/^ckpt\.[^\n]+$/);
  });
});

describe("damage anywhere", () => {
  const files = bundle("ckpt", tensors, 2, [graph]);
  /** The tensors, or null where an InputError said that they cannot be read; anything else fails the test. */
  const outcome = (name: string, bytes: Uint8Array) =>
    read({ ...files, [name]: bytes }).catch((error: unknown) => {
      if (error instanceof InputError) return null;
      throw error;
    });

  test.each(Object.keys(files))("of a byte of %s is found, or does not matter", async (name) => {
    const bytes = files[name];
    let found = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const other = bytes.slice();
        other[at] ^= flip;
        const got = await outcome(name, other);
        if (got === null) found++;
        else expect(got.tensors, `byte ${at} ^ ${flip}`).toEqual(tensors);
      }
    }
    // Zeros that fill the footer are all that does not matter.
    expect(found).toBeGreaterThanOrEqual(9 * (bytes.length - 40));
  });

  test.each(Object.keys(files))("a cut anywhere in %s is found", async (name) => {
    for (let length = 0; length < files[name].length; length++) {
      expect(await outcome(name, files[name].subarray(0, length)), `${length} bytes`).toBeNull();
    }
  });
});

test("numbers are those of the file, whatever buffer it comes in", async () => {
  const given = { a: ndarray("uint8", [3], Uint8Array.of(1, 2, 3)), b: float32([1], [4]) };
  expect((await read(bundle("ckpt", given))).tensors).toEqual(given);
});
