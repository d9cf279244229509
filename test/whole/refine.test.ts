/** `tessera refine`, and `--crf` of predict and eval, from outside. */
import { readdir, readFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { nodePlatform } from "../../src/platform/node.ts";
import { expectOneLine, stopped, tessera } from "../support/cli.ts";
import { floats, npy } from "../support/pickles.ts";
import { greyPng, png, put, raw, temporaryFolder } from "../support/pictures.ts";

const [width, height] = [48, 32];
const palette = [
  [10, 20, 30],
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
] as const;
/** The photograph's edge is here; masks have it four pixels off. */
const edge = 24;

const pixels = (valueAt: (x: number, y: number) => number) =>
  Array.from({ length: width * height }, (_, i) => valueAt(i % width, Math.floor(i / width)));
const truth = pixels((x) => (x < edge ? 1 : 3));
const coarse = pixels((x, y) => (x < (y < height / 2 ? edge - 4 : edge + 4) ? 1 : 3));
const unknown = coarse.map((label, i) => (i % width > edge - 3 && i % width < edge + 3 ? 255 : label));

const scoreMap = (labels: number, values: readonly number[]) =>
  npy({ shape: `(${labels}, ${height}, ${width})`, data: floats(...values) });

let root: string;
beforeEach(async () => {
  root = temporaryFolder();
  const rgb = Uint8Array.from(pixels((x) => (x < edge ? 60 : 190)).flatMap((value) => [value, value, value]));
  const photograph = await raw(rgb, width, height, 3).png().toBuffer();
  for (const name of ["a", "b", "c"]) put(root, `photos/${name}.png`, photograph);
  put(root, "masks/a.png", png({ width, height, depth: 8, colorType: 3, values: coarse, palette }));
  put(root, "masks/b.png", greyPng(width, height, unknown));
  const scores = [0, 1].flatMap((label) => coarse.map((value) => ((value === 3) === (label === 1) ? 0.8 : 0.2)));
  put(root, "masks/c.npy", scoreMap(2, scores));
});

const refine = (...more: string[]) =>
  tessera("refine", `${root}/masks`, "--images", `${root}/photos`, "--out", `${root}/out`, ...more);
const labelsOf = async (name: string) => [...(await nodePlatform.decodeMask(`${root}/out/${name}`)).data];

test("masks and score maps get the edges of their photographs; values and palettes are kept", async () => {
  const { code, out } = await refine();
  expect(code).toBe(0);
  expect(out).toMatch(/a\.png → .*out\/a\.png {2}\d+\.\d % of the pixels changed/);
  expect(await labelsOf("a.png")).toEqual(truth);
  expect((await nodePlatform.decodeMask(`${root}/out/a.png`)).palette?.slice(0, 4)).toEqual(palette);
  expect(await labelsOf("b.png")).toEqual(truth);
  expect(await labelsOf("c.png")).toEqual(truth.map((label) => (label === 3 ? 1 : 0)));
  expect((await readdir(`${root}/out`)).sort()).toEqual(["a.png", "b.png", "c.png", "refine.json"]);
});

test("--keep-unlabelled leaves 255 where it is; one mask may be named", async () => {
  const one = [`${root}/masks/b.png`, "--images", `${root}/photos`, "--out", `${root}/out`, "--keep-unlabelled"];
  const { code, out } = await tessera("refine", ...one, "--crf", "3,3/4,20,10", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ written: [{ out: `${root}/out/b.png` }], kept: [], skipped: [] });
  expect(await labelsOf("b.png")).toEqual(truth.map((label, i) => (unknown[i] === 255 ? 255 : label)));
});

test("it goes on where it was stopped, with the same settings alone, and half-written is nothing", async () => {
  const arguments_ = ["refine", `${root}/masks`, "--images", `${root}/photos`, "--out", `${root}/out`];
  await stopped(arguments_, { before: "out/b.png" }, "SIGKILL");
  expect((await readdir(`${root}/out`)).filter((name) => /^[a-z]\.png$/.test(name))).toEqual(["a.png"]);
  expectOneLine(await refine("--crf", "cam"), /results of other settings/);
  const { code, error } = await refine();
  expect(code).toBe(0);
  expect(error).toContain("1 mask was there already");
  expect(await labelsOf("b.png")).toEqual(truth);
});

test("what is wrong with one mask is said, and the others are written", async () => {
  put(root, "masks/a.png", greyPng(4, 4, new Array<number>(16).fill(1)));
  put(root, "masks/d.png", greyPng(width, height, coarse));
  put(root, "masks/c.npy", scoreMap(1, new Array<number>(width * height).fill(7)));
  const { code, error } = await refine();
  expect(code).toBe(1);
  expect(error).toMatch(/a\.png: expected the 48x32 pixels of .*photos\/a\.png, got 4x4\. Resize one of them\./);
  expect(error).toMatch(/d\.png: expected a photograph named "d" in .*photos, got none/);
  expect(error).toMatch(/c\.npy: dense CRF: expected probabilities, 0 to 1, got 7/);
  expect(error).not.toMatch(/^\s+at /m);
  expect(await labelsOf("b.png")).toEqual(truth);
});

describe("what cannot be meant is refused in one line, and nothing is written", () => {
  const places = (text: string) => text.split(" ").map((word) => word.replace("@", `${root}/`));
  test.each<[number, string, RegExp]>([
    [2, "@masks --out @out", /--images is missing/],
    [2, "@masks --images @photos", /--out is missing/],
    [2, "@masks --images @photos --out @out --crf deeplab-v3", /got "deeplab-v3"\. Did you mean deeplab-v\d\?/],
    [2, "@masks --images @photos --out @out --certainty 2", /--certainty must be a number from 0\.01 up to 1/],
    [1, "@none --images @photos --out @out", /none: expected masks or score maps, got nothing there/],
    [1, "@masks --images @none --out @out", /none: expected the folder of the photographs, got nothing there/],
    [1, "@masks --images @photos --out @masks", /masks: expected a new or empty folder.*got other files/],
    [1, "@masks --images @photos --out @photos/a.png", /a\.png: expected a folder for the results, got a file/],
  ])("%i: %s", async (code, typed, message) => {
    const before = await readFile(`${root}/masks/a.png`);
    expectOneLine(await tessera("refine", ...places(typed)), message, code);
    expect(await readFile(`${root}/masks/a.png`)).toEqual(before);
    expect(await readdir(root)).toEqual(["masks", "photos"]);
  });
});

test("predict and eval refine scores when asked to, and eval writes down how", async () => {
  await tessera("scenes", "size=64,train=2,val=1,test=1", "--out", `${root}/data`);
  const settings = ["--recipe", "transunet-tiny", "--steps", "1", "--set", "batchSize=1"];
  expect((await tessera("train", `${root}/data`, ...settings, "--out", `${root}/run`)).code).toBe(0);
  const scored = await tessera("eval", `${root}/run`, `${root}/data`, "--crf", "deeplab-v2", "--json");
  const terms = [
    { weight: 3, xy: 1 },
    { weight: 4, xy: 67, rgb: 3 },
  ];
  expect(JSON.parse(scored.out)).toMatchObject({ options: { crf: { terms, iterations: 10 } } });
  const plain = await tessera("eval", `${root}/run`, `${root}/data`, "--crf", "none", "--json");
  expect(JSON.parse(plain.out)).toMatchObject({ options: { crf: "none" } });
  const photograph = `${root}/photos/a.png`;
  expect((await tessera("predict", `${root}/run`, photograph, "--crf", "cam", "--out", `${root}/masked`)).code).toBe(0);
  const formats = "confidence,probabilities,geojson,labelme,svg";
  put(root, "photos/a.pgw", "2\n0\n0\n-2\n101\n199\n");
  expect(
    (await tessera("predict", `${root}/run`, photograph, "--formats", formats, "--out", `${root}/forms`)).code,
  ).toBe(0);
  expect((await readdir(`${root}/forms`)).sort()).toEqual(
    ["confidence.png", "geojson", "json", "labelme.json", "npy", "overlay.png", "pgw", "png", "svg"].map(
      (each) => `a.${each}`,
    ),
  );
  expect(JSON.parse(await readFile(`${root}/forms/a.labelme.json`, "utf8"))).toMatchObject({
    imagePath: "../photos/a.png",
  });
  expect(
    (await tessera("refine", `${root}/forms/a.npy`, "--images", `${root}/photos`, "--out", `${root}/again`)).code,
  ).toBe(0);
  // Without them, what they were would pass for a part of the new prediction.
  expect((await tessera("predict", `${root}/run`, photograph, "--no-overlay", "--out", `${root}/forms`)).code).toBe(0);
  expect((await readdir(`${root}/forms`)).sort()).toEqual(["a.json", "a.pgw", "a.png"]);
  expectOneLine(
    await tessera("predict", `${root}/run`, photograph, "--formats", "svg,geojsn", "--out", `${root}/more`),
    /--formats must be of .*, got "geojsn"\. Did you mean geojson\?/,
    2,
  );
  // What was predicted into the folder of the photographs is no photograph.
  put(root, "album/a.jpg", await sharp(`${root}/photos/a.png`).jpeg().toBuffer());
  const album = `${root}/album`;
  expect((await tessera("predict", `${root}/run`, `${album}/a.jpg`, "--out", album)).code).toBe(0);
  expect((await tessera("refine", `${album}/a.png`, "--images", album, "--out", `${root}/refined`)).code).toBe(0);
  expectOneLine(
    await tessera("predict", `${root}/run`, photograph, "--crf", "crm", "--out", `${root}/more`),
    /Did you mean cam\?/,
    2,
  );
});
