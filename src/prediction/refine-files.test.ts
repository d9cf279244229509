/** Masks to refine as other programs write them: what would become wrong is refused, and names that differ by an ending are pairs. */
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { crfSettings } from "../refinement/crf-settings.ts";
import { refineFiles } from "./refine-files.ts";

const half = (low: number, high: number) => Array.from({ length: 16 * 12 }, (_, at) => (at % 16 < 8 ? low : high));

async function refined(name: string, mask: Buffer, photograph?: Buffer) {
  const root = temporaryFolder();
  put(root, "photos/a.jpg", photograph ?? (await jpeg()));
  put(root, `masks/${name}.png`, mask);
  const { written, skipped, notes } = await refineFiles(
    platform,
    `${root}/masks`,
    `${root}/photos`,
    `${root}/out`,
    crfSettings["deeplab-v2"],
  );
  const short = (text: string) => text.replaceAll(root, "$");
  return {
    written: written.map(({ out, photograph: of }) => [short(out), short(of)]),
    told: [...skipped.map(({ problem }) => problem), ...notes].map(short),
  };
}

test("black and white masks are refused, since white stands for unknown", async () => {
  expect((await refined("a", greyPng(16, 12, half(0, 255)))).told).toEqual([
    "$/masks/a.png: expected labels beside 255, which stands for unknown, got 0 alone. Save white as a label, such as 1.",
  ]);
  const values = half(0, 255);
  const palette = Array.from({ length: 256 }, (_, at) => [at, 0, 0] as const);
  const indexed = png({ width: 16, height: 12, depth: 8, colorType: 3, values, palette });
  expect((await refined("a", indexed)).told).toEqual([]);
});

test("masks with an ending of their own are refined with their photographs, and that is said", async () => {
  const { written, told } = await refined("a_mask", greyPng(16, 12, half(0, 1)));
  expect(written).toEqual([["$/out/a_mask.png", "$/photos/a.jpg"]]);
  expect(told).toEqual([
    "$/masks: expected masks called as their photographs, got names such as a_mask.png. They are read as the masks of photographs such as a.jpg.",
  ]);
});

test("a mask of a photograph that EXIF turns is told to be turned, not resized", async () => {
  const turned = await raw(new Uint8Array(16 * 12 * 3), 16, 12, 3)
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  expect((await refined("a", greyPng(16, 12, half(0, 1)), turned)).told).toEqual([
    "$/masks/a.png: expected the 12x16 pixels of $/photos/a.jpg, got 16x12. Turn the mask: photographs are turned upright by their EXIF orientation, masks are taken as they are.",
  ]);
});

test("masks that a pass wrote are refined with the photographs of a data set, and maps of one class are told", async () => {
  const root = temporaryFolder();
  put(root, "base/images/train/a.jpg", await jpeg());
  put(root, "base/images/val/b.jpg", await jpeg());
  put(root, "base/masks/train/a.png", greyPng(16, 12, half(0, 1)));
  put(root, "labels/a.mask.png", greyPng(16, 12, half(0, 1)));
  put(root, "labels/a.json", "{}");
  put(root, "run.json", "{}");
  put(root, "maps/cam/a_3.png", greyPng(16, 12, half(0, 200)));
  const refine = (masks: string, out: string) =>
    refineFiles(platform, `${root}/${masks}`, `${root}/base`, `${root}/${out}`, crfSettings["deeplab-v2"]);
  expect((await refine("labels", "out")).written).toMatchObject([
    { out: `${root}/out/a.png`, photograph: `${root}/base/images/train/a.jpg` },
  ]);
  const one = await refine("labels/a.mask.png", "one");
  expect(one.written).toMatchObject([{ out: `${root}/one/a.png` }]);
  const { skipped, written } = await refine("maps/cam", "no");
  expect(written).toEqual([]);
  expect(skipped[0].problem).toMatch(/a_3\.png: expected a mask, .* map of class 3 of "a" alone\. .*camCrf=alpha/);
  put(root, "base/images/val/a.jpg", await jpeg());
  await expect(refine("labels", "two")).rejects.toThrow(/expected one photograph named "a" .*--images .*images\/val$/);
});
