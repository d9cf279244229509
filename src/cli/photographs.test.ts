import { expect, test } from "vitest";
import { jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { classesText } from "../data/mask-mark.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { expandPhotographs } from "./photographs.ts";

async function folderOf(...names: string[]): Promise<string> {
  const root = temporaryFolder();
  for (const name of names) put(root, name, await jpeg());
  return root;
}

test("every ending that can be read is, and the others are told in one line", async () => {
  const root = await folderOf("a.jpg", "IMG_1.HEIC", "d.bmp", "e.jfif", "g.JPE", "h.tiff", "notes.txt", ".hidden.jpg");
  const { files, notes, unreadable } = await expandPhotographs(platform, [root]);
  expect(files.map((file) => file.slice(root.length + 1))).toEqual(["a.jpg", "e.jfif", "g.JPE", "h.tiff"]);
  expect([notes, unreadable]).toEqual([
    [],
    [
      `${root}: expected photographs that can be read (jpg, png, webp, tif, gif, avif), got IMG_1.HEIC, d.bmp as well. Convert them to JPEG or PNG; the others are done.`,
    ],
  ]);
});

test("folders and other files beside photographs are told", async () => {
  const root = await folderOf("a.jpg", "trip/b.jpg", "movie.mp4");
  const { files, notes } = await expandPhotographs(platform, [root]);
  expect([files.length, notes]).toEqual([
    1,
    [
      `${root}: expected photographs alone, got a folder (trip) and movie.mp4 as well. It is left out; --recursive does folders inside, too.`,
    ],
  ]);
});

test("a folder of other kinds alone is refused by name", async () => {
  const root = await folderOf("IMG_1.HEIC", "IMG_2.HEIC");
  await expect(expandPhotographs(platform, [root])).rejects.toThrow(
    "got only IMG_1.HEIC, IMG_2.HEIC. Convert them to JPEG or PNG.",
  );
});

test("masks that predict wrote are no photographs, also where their records are gone", async () => {
  const root = await folderOf("a.jpg");
  const palette = [[0, 0, 0]] as const;
  const mask = await platform.encodeIndexedPng({
    width: 1,
    height: 1,
    data: Uint8Array.of(0),
    palette,
    texts: classesText([{ name: "sky" }]),
  });
  put(root, "a.png", mask);
  put(root, "a.overlay.png", await jpeg());
  expect((await expandPhotographs(platform, [root])).files).toEqual([`${root}/a.jpg`]);
  await expect(expandPhotographs(platform, [`${root}/a.png`])).rejects.toThrow(
    "expected a photograph, got a mask that predict wrote. Name the photograph.",
  );
});

test("folders inside are gone into where that is asked for, but not into that of the results", async () => {
  const root = await folderOf(
    "a.jpg",
    "trip/b.jpg",
    "trip/day.1/c.jpg",
    "trip/.cache/d.jpg",
    "masks/e.png",
    "empty/x.txt",
  );
  const asked = { recursive: true, except: `${root}/masks/` };
  const { files, below, notes } = await expandPhotographs(platform, [root], asked);
  expect(files.map((file, at) => [below[at], file.slice(root.length + 1)])).toEqual([
    ["", "a.jpg"],
    ["trip/", "trip/b.jpg"],
    ["trip/day.1/", "trip/day.1/c.jpg"],
  ]);
  expect(notes).toEqual([]);
  await expect(expandPhotographs(platform, [`${root}/empty`], asked)).rejects.toThrow("a folder without any");
});
