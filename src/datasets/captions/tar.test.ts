import { describe, expect, test } from "vitest";
import { pax, summed, tar, tarEntry } from "../../../test/support/tar.ts";
import { sourceOf } from "../../platform/byte-source.ts";
import { tarEntries } from "./tar.ts";

async function listed(bytes: Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, offset, size, isFile } of tarEntries(sourceOf(bytes), "a.tar")) {
    const content = Buffer.from(bytes.subarray(offset, offset + size)).toString();
    found.push(isFile ? `${name}=${content}` : `${name} (no file)`);
  }
  return found;
}

test("files are listed with where their content is", async () => {
  const long = "x".repeat(20_000); // beyond what is read ahead
  const bytes = tar({ name: "a/1.txt", content: "one" }, { name: "a/1.jpg", content: long }, { name: "b.txt" });
  expect(await listed(bytes)).toEqual(["a/1.txt=one", `a/1.jpg=${long}`, "b.txt="]);
});

test("names that are longer than a header holds", async () => {
  const [first, second] = ["é".repeat(120), `${"d/".repeat(90)}b.txt`];
  const gnu = tarEntry({ name: "././@LongLink", content: `${second}\0`, type: "L" });
  const bytes = tar(pax({ path: first, mtime: "1.5" }), { name: "cut", content: "1" }, gnu, {
    name: "cut",
    content: "2",
  });
  expect(await listed(bytes)).toEqual([`${first}=1`, `${second}=2`]);
});

test("ustar's prefix is part of the name, and large sizes may be binary", async () => {
  const header = tarEntry({ name: "b.txt" });
  header.write("folder", 345);
  header.fill(0, 124, 136);
  header[124] = 0x80;
  header[135] = 3;
  expect(await listed(tar(summed(header, Buffer.from("abc"))))).toEqual(["folder/b.txt=abc"]);
});

test("a size that pax gives goes before the header's", async () => {
  const entry = tarEntry({ name: "a.txt", content: "abc", size: 0 });
  expect(await listed(tar(pax({ size: "3" }), entry, { name: "b.txt", content: "b" }))).toEqual([
    "a.txt=abc",
    "b.txt=b",
  ]);
});

test("links, folders and devices are no files; global records are passed over", async () => {
  const bytes = tar(
    tarEntry({ name: "g", content: "12 path=/x\n", type: "g" }),
    { name: "l.jpg", type: "2" },
    { name: "d/", type: "5" },
  );
  expect(await listed(bytes)).toEqual(["l.jpg (no file)", "d/ (no file)"]);
});

test("an archive without the two empty blocks at its end is whole", async () => {
  expect(await listed(tarEntry({ name: "a", content: "1" }))).toEqual(["a=1"]);
});

describe("archives that are none are refused in one line", () => {
  const good = tarEntry({ name: "a.txt", content: "x".repeat(600) });
  const flipped = Buffer.from(good);
  flipped[3] ^= 1;
  test.each([
    ["empty", Buffer.alloc(0), "got an empty file"],
    ["another kind", Buffer.from("PK".repeat(400)), "got a file of another kind"],
    ["flipped bit", flipped, "got a file of another kind"],
    ["damaged later", Buffer.concat([good, flipped]), "got no header at byte 1536"],
    ["content breaks off", good.subarray(0, 1000), "got 600 bytes at byte 512 of 1000: it breaks off, or is damaged"],
    ["header breaks off", good.subarray(0, 300), "got a file that breaks off at byte 300"],
    ["huge", tarEntry({ name: "a", size: 8 ** 11 - 1 }), "8589934591 bytes at byte 512 of 512"],
    ["pax of no size", tar(pax({ size: "many" }), good), "got a broken size at byte 512"],
    ["pax of a negative size", tar(pax({ size: "-5" }), good), "got a broken size at byte 512"],
    [
      "a huge name",
      tarEntry({ name: "L", type: "L", content: "n".repeat(2 ** 20 + 1) }),
      "got a name of 1048577 bytes",
    ],
  ])("%s", async (_, bytes, got) => {
    await expect(listed(bytes)).rejects.toThrow(
      /^a\.tar: expected a tar archive, got .*\. Fetch it again, or leave it out\.$/,
    );
    await expect(listed(bytes)).rejects.toThrow(got);
  });
});
