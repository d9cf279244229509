/** Pairs in archives: where they are found, and what is left out. */
import { describe, expect, test } from "vitest";
import { pairIn, photo, shownPairs } from "../../../test/support/caption-pairs.ts";
import { put, temporaryFolder } from "../../../test/support/pictures.ts";
import { pax, type TarFile, tar } from "../../../test/support/tar.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";
import { inspectDataset } from "../inspect.ts";

describe("tar shards", () => {
  const json = (name: string, value: unknown): TarFile => ({ name, content: JSON.stringify(value) });

  test("pairs of several archives, named by a pattern, with texts and descriptions", async () => {
    const root = temporaryFolder();
    put(root, "cc-00.tar", tar(...pairIn("0001", " A red\ncar. \n"), ...pairIn("0002", "Ein Café")));
    const second = [{ name: "d/x.JPG", content: photo }, json("d/x.json", { caption: "Two dogs", width: 8 })];
    put(root, "cc-01.tar", tar(...second, { name: "y.cls", content: "3" }));
    const dataset = await openDataset(platform, `${root}/cc-{00..01}.tar`, "train");
    expect(await shownPairs(dataset)).toEqual([
      "cc-00-0001: A red car.",
      "cc-00-0002: Ein Café",
      "cc-01-d-x: Two dogs",
    ]);
    expect(dataset.leftOut).toEqual([]);
    expect(dataset.source(2)).toBe(`${root}/cc-01.tar: cc-01-d-x`);
  });

  test("a folder of archives, one archive, and folders of splits", async () => {
    const root = temporaryFolder();
    put(root, "train/a.tar", tar(...pairIn("1", "one")));
    put(root, "validation/b.tar", tar(...pairIn("2", "two")));
    expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
    expect(await shownPairs(await openDataset(platform, root, "val"))).toEqual(["2: two"]);
    expect(await shownPairs(await openDataset(platform, `${root}/train`, "train"))).toEqual(["1: one"]);
    expect(await shownPairs(await openDataset(platform, `${root}/train/a.tar`, "train"))).toEqual(["1: one"]);
    for (const folder of ["0", "1"]) put(root, `${folder}/c.tar`, tar(...pairIn("x/y", `in ${folder}`)));
    const same = await openDataset(platform, `${root}/{0..1}/c.tar`, "train");
    expect(await shownPairs(same)).toEqual(["0-x-y: in 0", "1-x-y: in 1"]);
    await expect(openDataset(platform, root, "test")).rejects.toThrow("expected a split test, got only train, val.");
  });

  test("archives in folders inside, of splits too", async () => {
    const root = temporaryFolder();
    for (const [at, place] of ["deep/a", "deep/er/b"].entries())
      put(root, `${place}.tar`, tar(...pairIn(`${at}`, place)));
    expect(await shownPairs(await openDataset(platform, root, "train"))).toEqual(["a-0: deep/a", "b-1: deep/er/b"]);
    const parted = temporaryFolder();
    put(parted, "train/0/a.tar", tar(...pairIn("1", "one")));
    put(parted, "val/b.tar", tar(...pairIn("2", "two")));
    expect(await splitsOf(platform, parted)).toEqual(["train", "val"]);
    expect(await shownPairs(await openDataset(platform, parted, "train"))).toEqual(["1: one"]);
    expect((await inspectDataset(platform, root)).layout).toBe("webdataset");
    const layout = "webdataset";
    expect(await shownPairs(await openDataset(platform, root, "train", { layout }))).toHaveLength(2);
  });

  test.each<[string, string[]]>([
    ["{00000,00002}.tar", ["00000-0: c0", "00002-2: c2"]],
    ["{00000..00001,00002}.tar", ["00000-0: c0", "00001-1: c1", "00002-2: c2"]],
    ["*.tar", ["00000-0: c0", "00001-1: c1", "00002-2: c2"]],
    ["../*/0000*1.tar", ["1: c1"]],
  ])("archives by the pattern %s", async (pattern, pairs) => {
    const root = temporaryFolder();
    for (const at of [0, 1, 2]) put(root, `set/0000${at}.tar`, tar(...pairIn(`${at}`, `c${at}`)));
    put(root, "set/.0.tar", "hidden");
    put(root, "set/notes.txt", "no archive");
    expect(await shownPairs(await openDataset(platform, `${root}/set/${pattern}`, "train"))).toEqual(pairs);
  });

  test("patterns that name nothing, or files of several kinds, are refused", async () => {
    const root = temporaryFolder();
    put(root, "a.tar", tar(...pairIn("1", "one")));
    put(root, "b.csv", "image,caption\n");
    const open = (pattern: string) => openDataset(platform, `${root}/${pattern}`, "train");
    await expect(open("c*.tar")).rejects.toThrow("c*.tar: expected files of the pattern, got none among a.tar, b.csv.");
    await expect(open("none/*.tar")).rejects.toThrow("expected files of the pattern, got nothing there.");
    await expect(open("{a,c}.tar")).rejects.toThrow("c.tar: expected a file of the pattern, got nothing there.");
    await expect(open("{a.tar,b.csv}")).rejects.toThrow("Name the archives alone.");
  });

  test("bad pairs are left out, counted, and the first named", async () => {
    const root = temporaryFolder();
    const long = `${"deep/".repeat(30)}z`;
    const bytes = tar(
      ...pairIn("good", "fine"),
      ...pairIn("empty", " \n"),
      { name: "latin.jpg", content: photo },
      { name: "latin.txt", content: Buffer.from("caf\xe9", "latin1") },
      { name: "alone.jpg", content: photo },
      { name: "text.txt", content: "no photograph" },
      { name: "none.jpg", content: "" },
      { name: "none.txt", content: "empty photograph" },
      { name: "wrong.jpg", content: photo },
      json("wrong.json", { caption: 5 }),
      { name: "broken.jpg", content: photo },
      { name: "broken.json", content: "{" },
      { name: "link.jpg", type: "2" },
      { name: "link.txt", content: "a link" },
      ...pairIn("good", "again"),
      pax({ path: "../../etc/out.jpg" }),
      { name: "x", content: photo },
      { name: "../../etc/out.txt", content: "out" },
      ...pairIn("/abs", "absolute"),
      pax({ path: `${long}.jpg` }),
      { name: "x", content: photo },
      pax({ path: `${long}.txt` }),
      { name: "x", content: "long name" },
      ...pairIn("empty2", ""),
    );
    const file = put(root, "a.tar", bytes);
    const dataset = await openDataset(platform, file, "train");
    expect(await shownPairs(dataset)).toEqual(["good: fine", `${long.replaceAll("/", "-")}: long name`]);
    expect(dataset.leftOut).toEqual([
      `${file}: empty: left out: the caption is empty; so in 1 other (${file}: empty2).`,
      `${file}: latin: left out: the caption is not UTF-8.`,
      `${file}: alone: left out: the caption is missing.`,
      `${file}: text: left out: the photograph is missing.`,
      `${file}: none: left out: the photograph is empty.`,
      `${file}: wrong: left out: the caption is no text.`,
      `${file}: broken: left out: the description is broken JSON.`,
      `${file}: link: left out: a file is a link.`,
      `${file}: good: left out: the name occurs twice.`,
      `${file}: ../../etc/out: left out: the path leads out of the archive; so in 1 other (${file}: /abs).`,
    ]);
    await expect(openDataset(platform, file, "train", { badPairs: { count: 11 } })).rejects.toThrow(
      `${file}: expected at most 11 bad pairs of 14, got 2 where the caption is empty (${file}: empty), `,
    );
    await openDataset(platform, file, "train", { badPairs: { count: 12 } });
  });

  test("broken archives and missing ones are one line", async () => {
    const root = temporaryFolder();
    const whole = tar(...pairIn("1", "one"));
    const file = put(root, "0.tar", whole.subarray(0, 700));
    await expect(openDataset(platform, file, "train")).rejects.toThrow(`${file}: expected a tar archive, got`);
    await expect(openDataset(platform, `${root}/{0..1}.tar`, "train")).rejects.toThrow(
      `${root}/1.tar: expected a file of the pattern, got nothing there.`,
    );
    await expect(openDataset(platform, `${root}/{5..1}.tar`, "train")).rejects.toThrow("expected numbers that rise");
  });
});
