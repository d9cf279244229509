import { expect, test } from "vitest";
import { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import { pairSources, preparedViews } from "./prepared-views.ts";
import { recipes } from "./recipe.ts";

const recipe = { ...recipes["l2g-tiny"], photometric: 0, saliency: true };
const { viewSize } = recipe;

/** White, its left column red: all of it is salient. */
function sampleOf(width: number, height: number): Sample {
  const data = new Uint8Array(width * height * 3).fill(255);
  for (let y = 0; y < height; y++) data.fill(0, 3 * y * width + 1, 3 * y * width + 3);
  const saliency = { width, height, data: new Uint8Array(width * height).fill(255) };
  return { id: "a", source: "a.jpg", image: { width, height, data }, labels: { tags: [1], saliency, mask: saliency } };
}

/** Where views began and how many of their columns and rows were of the photograph, over many draws. */
function seen(width: number, height: number, releaseCropBug: boolean) {
  const draws = Array.from({ length: 40 }, (_, seed) => {
    const options = { withMask: true };
    const views = preparedViews(sampleOf(width, height), { ...recipe, releaseCropBug }, [1], new Random(seed), options);
    const image = views.image.data as Uint8Array;
    const reds = Array.from({ length: viewSize ** 2 }, (_, i) => image[3 * i]);
    const inside = reds.filter((red) => red === 255).length;
    return { fromLeft: image[1] === 0 && image[0] === 255, inside: inside / viewSize ** 2, views };
  });
  return { draws, least: Math.min(...draws.map(({ inside }) => inside)), lefts: draws.filter((draw) => draw.fromLeft) };
}

test("views lie in the photograph, anywhere", () => {
  const { draws, least, lefts } = seen(128, 64, false);
  expect(least).toBe(1);
  expect(lefts.length).toBeLessThan(draws.length / 4);
});

test("as the release draws them those of wide photographs begin at the left, and end in black", () => {
  const { draws, least, lefts } = seen(128, 64, true);
  expect(least).toBeLessThan(0.3);
  expect(lefts.length).toBeGreaterThan(0.9 * draws.length);
  // Beyond the edge nothing is salient.
  const [{ views }] = [...draws].sort((a, b) => a.inside - b.inside);
  expect(Math.min(...(views.saliency.data as Float32Array))).toBe(0);
});

test("of high ones some show nothing at all", () => {
  expect(seen(64, 160, true).least).toBe(0);
  expect(seen(64, 64, true).least).toBe(1);
});

test("a missing saliency map is empty as the paper has it, and refused as the release does", () => {
  const { labels, ...bare } = sampleOf(64, 64);
  const sample = { ...bare, labels: { tags: labels.tags } } as Sample;
  const paper = { ...recipe, saliencyFallback: "paper" as const };
  const { saliency } = preparedViews(sample, paper, [1], new Random(0));
  expect(saliency.shape).toEqual([recipe.views, 1, recipe.localSize, recipe.localSize]);
  expect([...new Set(saliency.data as Float32Array)]).toEqual([0]);
  expect(() => preparedViews(sample, recipe, [1], new Random(0))).toThrow(
    /a\.jpg: expected a saliency map, got none\. .*saliencyFallback=paper/,
  );
  expect(pairSources(paper)).toEqual({ learnsFrom: ["tags"], alsoReads: ["saliency"] });
  expect(pairSources(recipe)).toEqual({ learnsFrom: ["tags", "saliency"] });
});

test("squeezed views show all of a photograph, and its saliency, mixed where it shrinks", () => {
  const sample = sampleOf(160, 64);
  for (let i = 0; i < 160 * 64; i++) sample.labels.saliency!.data[i] = i % 2 === 0 ? 255 : 0;
  const squeezed = { ...recipe, viewFit: "squeeze" as const, localSize: viewSize, views: 1 };
  const { image, saliency, mask } = preparedViews(sample, squeezed, [1], new Random(3), { withMask: true });
  const pixels = image.data as Uint8Array;
  // The red column of the 160 is part of the first of 64, nearly none of the second.
  expect(pixels[0]).toBe(255);
  expect(pixels[1]).toBeLessThan(180);
  expect(pixels[4]).toBeGreaterThan(200);
  expect(Math.min(...pixels.subarray(9, 3 * viewSize))).toBe(255);
  expect(Math.min(...(saliency.data as Float32Array))).toBeGreaterThan(0.5);
  expect(new Set(mask.data as Uint8Array)).toEqual(new Set([0, 255]));
});

test("views have the release's colours where the recipe says how far, whatever the strength of the distortion", () => {
  const grey = sampleOf(viewSize, viewSize);
  grey.image.data.fill(100);
  const meanOf = (changes: Partial<typeof recipe>, seed: number) => {
    const { data } = preparedViews(grey, { ...recipe, ...changes }, [1], new Random(seed)).image;
    return (data as Uint8Array)[0];
  };
  const jitter = Array.from({ length: 60 }, (_, seed) =>
    meanOf({ viewJitter: [0.3, 0.3, 0.3, 0.1], photometric: 1 }, seed),
  );
  expect([Math.min(...jitter) >= 69, Math.max(...jitter) <= 130]).toEqual([true, true]);
  // Brightness is drawn each time, where the distortion leaves every second picture as bright as it is.
  expect(jitter.filter((value) => value === 100).length).toBeLessThan(6);
  expect(meanOf({ viewJitter: [], photometric: 0 }, 1)).toBe(100);
});
