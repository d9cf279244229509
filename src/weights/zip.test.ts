import { describe, expect, test } from "vitest";
import { bytes, complaint, patched, u16, u32, u64, type ZipContent, zip } from "../../test/support/pickles.ts";
import { Random } from "../array/random.ts";
import { openZip } from "./zip.ts";

const hello = bytes("hello, hello, hello, hello");
const two: ZipContent[] = [
  { name: "a.txt", data: hello },
  { name: "folder/é.bin", data: bytes(0, 1, 2, 255), deflate: true },
];

async function everything(archive: Uint8Array): Promise<Record<string, Uint8Array>> {
  const { sizes, read } = openZip(archive, "w.zip");
  const read1 = async (name: string) => [name, Uint8Array.from(await read(name))] as const;
  return Object.fromEntries(await Promise.all([...sizes.keys()].map(read1)));
}

const contents = { "a.txt": hello, "folder/é.bin": bytes(0, 1, 2, 255) };

describe("files come back as they were packed", () => {
  const wideExtra = [u16(1), u16(16), u64(hello.length), u64(hello.length)];
  const wide = { packed: 0xffffffff, size: 0xffffffff, extra: wideExtra };
  test.each<[string, Uint8Array]>([
    ["stored and deflated", zip(two)],
    ["with a comment", zip(two, { comment: "PK\x05\x06 is how the end record begins" })],
    ["with a zip64 end record", zip(two, { wide: true })],
    ["with zip64 sizes in the header, as NumPy writes it", zip([{ ...two[0], local: wide }, two[1]])],
    ["with zip64 sizes in both", zip([{ ...two[0], local: wide, central: wide }, two[1]])],
    [
      "with a zip64 place and another extra field",
      zip([two[0], { ...two[1], central: { header: 0xffffffff, extra: ["FB", u16(1), 0, u16(1), u16(8), u64(61)] } }]),
    ],
    [
      "with sizes after the data, as PyTorch writes it",
      zip([{ ...two[0], local: { flags: 0x808, crc: 0, packed: 0, size: 0 }, central: { flags: 0x808 } }, two[1]]),
    ],
    ["with folders", zip([{ name: "folder/", data: bytes() }, ...two])],
    ["at an odd address", bytes("xyz", zip(two)).subarray(3)],
  ])("%s", async (_, archive) => {
    expect(await everything(archive)).toEqual(contents);
  });

  test("none at all", async () => {
    expect(await everything(zip([]))).toEqual({});
  });

  test("large and deflated", async () => {
    const random = new Random("zip");
    const data = Uint8Array.from({ length: 100_000 }, () => random.integer(7));
    expect(Buffer.compare((await everything(zip([{ name: "a", data, deflate: true }]))).a, data)).toBe(0);
  });
});

test("the sizes are those of the unpacked files, in the order of the archive", () => {
  expect([...openZip(zip(two)).sizes]).toEqual([
    ["a.txt", 26],
    ["folder/é.bin", 4],
  ]);
});

test("a stored file is not copied", async () => {
  const archive = zip(two);
  expect((await openZip(archive).read("a.txt")).buffer).toBe(archive.buffer);
});

test("a file that is not there is refused by name", async () => {
  await expect(openZip(zip(two), "w.zip").read("b")).rejects.toThrow(
    "w.zip: expected a file b in the archive, got none",
  );
});

const central = (change: ZipContent["central"], file = two[0]) => zip([{ ...file, central: change }]);
const local = (change: ZipContent["local"], file = two[0]) => zip([{ ...file, local: change }]);
const both = (change: ZipContent["local"], file = two[0]) => zip([{ ...file, local: change, central: change }]);
const endOf = (count: number, length: number, start: number, disk = 0) =>
  zip([two[0]], {
    end: ["PK\x05\x06", u16(disk), u16(disk), u16(count), u16(count), u32(length), u32(start), u16(0)],
  });
const directoryAt = 30 + 5 + 26;
const wideAt = directoryAt + 51;
const overlapping = zip([two[0], { ...two[0], name: "b.txt" }]);

describe("archives that are damaged or not what they seem are refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", bytes(), /directory at the end of the file, got none/],
    ["another file", bytes("\x93NUMPY", Array(100).fill(0)), /directory at the end/],
    ["bytes after the end", bytes(zip(two), 0), /directory at the end/],
    ["a part of several", endOf(1, 51, directoryAt, 1), /in one piece, got one part of several. Join/],
    ["a file on another disk", patched(zip(two.slice(0, 1)), directoryAt + 34, 1), /in one piece/],
    ["a directory outside of the file", endOf(1, 51, 0xfffffff0), /directory of 1 files before/],
    ["a directory over its own end", endOf(1, 52, directoryAt), /directory of 1 files before byte 112/],
    ["more files than the directory has room for", endOf(60_000, 51, directoryAt), /directory of 60000 files/],
    ["fewer files than the directory holds", endOf(0, 51, directoryAt), /directory that ends at byte 112, got 61/],
    ["a directory elsewhere", endOf(1, 51, directoryAt - 1), /directory entry at byte 60/],
    ["a zip64 record elsewhere", patched(zip([two[0]], { wide: true }), wideAt + 56 + 8, u64(3)), /none at 3/],
    [
      "a zip64 record far away",
      patched(zip([two[0]], { wide: true }), wideAt + 56 + 8, u64(2n ** 63n)),
      /zip64 record/,
    ],
    ["zip64 on several disks", patched(zip([two[0]], { wide: true }), wideAt + 16, u32(1)), /in one piece/],
    ["zip64 counts that differ", patched(zip([two[0]], { wide: true }), wideAt + 24, u64(2)), /in one piece/],
    ["two directories", patched(zip([two[0]], { wide: true }), wideAt + 40, u64(50)), /51 in both records .* got 50/],
    [
      "millions of files",
      patched(zip([two[0]], { wide: true, end: ["PK\x05\x06", u32(0), Array(12).fill(255), u16(0)] }), wideAt + 24, [
        u64(2_000_000),
        u64(2_000_000),
      ]),
      /at most 100000 files in the archive, got 2000000/,
    ],
    ["a file twice", zip([two[0], two[0]]), /every file once, got a.txt twice/],
    ["an empty name", both({ name: "" }), /names of 1 to 1024 bytes, got 0/],
    ["an endless name", both({ name: "a".repeat(1025) }), /names of 1 to 1024 bytes, got 1025/],
    ["a name of several lines", both({ name: "a\nb" }), /names in UTF-8, got one that is not/],
    ["a name that is not UTF-8", patched(zip([two[0]]), directoryAt + 46, 0xff), /names in UTF-8/],
    ["an encrypted file", both({ flags: 1 }), /plain files, got a.txt encrypted.*without a password/],
    ["another method", both({ method: 93 }), /stored or deflated, got a.txt with method 93/],
    ["a stored file that grows", both({ size: 27 }), /a.txt to unpack to what its 26 bytes can hold, got 27/],
    ["a deflated file beyond deflate", both({ size: 40_000 }, two[1]), /to unpack to what its \d+ bytes can hold/],
    ["a zip64 size without its field", both({ size: 0xffffffff }), /zip64 field for a large file, got none/],
    ["a short zip64 field", both({ size: 0xffffffff, extra: [u16(1), u16(4), u32(1)] }), /zip64 field/],
    ["a zip64 field past its end", both({ size: 0xffffffff, extra: [u16(1), u16(99), u64(1)] }), /zip64 field/],
    ["a huge zip64 size", central({ size: 0xffffffff, extra: [u16(1), u16(8), u64(2n ** 60n)] }), /can hold/],
    ["a header outside of the file", central({ header: 0xfffffff0 }), /header of a.txt at byte 4294967280/],
    ["a header that is none", central({ header: 1 }), /header of a.txt at byte 1/],
    ["data outside of the file", both({ packed: 5000, size: 5000 }), /a.txt within the file/],
    ["data over the directory", both({ packed: 30, size: 30 }), /files before the directory/],
    ["another name in the header", local({ name: "b.txt" }), /header of a.txt like its entry/],
    ["another size in the header", local({ size: 25 }), /like its entry/],
    ["another checksum in the header", local({ crc: 1 }), /like its entry/],
    ["another method in the header", local({ method: 8 }), /like its entry/],
    ["other flags in the header", local({ flags: 0 }), /like its entry/],
    [
      "files that share data",
      patched(overlapping, overlapping.length - 22 - 51 + 42, u32(0)),
      /header of b.txt like its entry/,
    ],
    [
      "files within files",
      zip([
        { name: "a", data: zip([two[0]]) },
        { ...two[0], central: { header: 31 } },
      ]),
      /files side by side, got a over a.txt/,
    ],
  ])("%s", async (_, archive, message) => {
    expect(await complaint(() => everything(archive))).toMatch(message);
    expect(await complaint(() => everything(archive))).toMatch(/^w\.zip: expected .*, got .*\. \S/);
  });
});

const zeros = { name: "zeros", data: new Uint8Array(1_000_000), deflate: true };

describe("contents are checked", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["a changed byte", patched(zip([two[0]]), 40, "x"), /a.txt with its checksum, got another one/],
    ["a wrong checksum", both({ crc: 5 }, two[1]), /é.bin with its checksum/],
    ["nonsense in place of deflate", both({ method: 8 }), /deflate's form in a.txt/],
    ["deflate cut short", both({ packed: 4 }, two[1]), /deflate's form in .*é.bin/],
    ["a bomb: more than the header says", both({ size: 999_999 }, zeros), /999999 bytes in zeros, got more/],
    ["less than the header says", both({ size: 1_000_001 }, zeros), /1000001 bytes in zeros, got 1000000/],
  ])("%s", async (_, archive, message) => {
    expect(await complaint(() => everything(archive))).toMatch(message);
  });
});

test("unpacking stops at the declared size", async () => {
  const bomb = both({ size: 10 }, { ...zeros, data: new Uint8Array(60_000_000) });
  const before = process.memoryUsage().arrayBuffers;
  expect(await complaint(() => everything(bomb))).toMatch(/10 bytes in zeros, got more/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});

test("the files together may be limited", () => {
  expect(openZip(zip(two), "w.zip", { largestTotal: 30 }).sizes.size).toBe(2);
  expect(() => openZip(zip(two), "w.zip", { largestTotal: 29 })).toThrow(
    "w.zip: expected at most 29 bytes once unpacked, got 30 bytes in 2 files.",
  );
});

test("by default to 64 times the archive and 64 MiB", () => {
  const bomb = zip([{ ...zeros, data: new Uint8Array(80_000_000) }]);
  expect(() => openZip(bomb, "w.zip")).toThrow(/at most 7\d{7} bytes once unpacked, got 80000000 bytes in 1 files/);
});

const packed = zip([...two, { name: "x", data: bytes() }], { wide: true, comment: "end" });

test("an archive cut anywhere is refused", async () => {
  for (let length = 0; length < packed.length; length++) {
    expect(await complaint(() => everything(packed.subarray(0, length))), `${length} bytes`).toBeDefined();
  }
});

test("an archive with wrong bytes anywhere reads or is refused", async () => {
  const random = new Random("zip", "fuzz");
  for (let i = 0; i < 3000; i++) {
    const wrong = packed.slice();
    for (let j = random.integer(3); j >= 0; j--) wrong[random.integer(wrong.length)] = random.pick([0, 1, 127, 255]);
    await complaint(() => everything(wrong));
  }
});
