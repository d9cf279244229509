import { expect, test } from "vitest";
import { float32, toNumbers } from "../../array/ndarray.ts";
import { camPass } from "./cam-pass.ts";
import { recipes } from "./recipe.ts";
import { windowMaps, windowStarts } from "./window-maps.ts";

test.each([
  [128, 64, [0, 32, 64]],
  [160, 64, [0, 32, 64, 96]],
  [96, 64, [0, 32]],
  [64, 64, [0]],
  [32, 64, [0]],
])("windows on %i pixels, %i wide, begin at %j", (length, side, starts) => {
  expect(windowStarts(length, { side, multiple: 32 })).toEqual(starts);
});

test("windows reach both ends and leave no gap, whatever the sides", () => {
  for (let length = 64; length <= 640; length += 32) {
    const starts = windowStarts(length, { side: 96, multiple: 32 });
    expect(starts[0]).toBe(0);
    if (length > 96) expect(starts.at(-1)).toBe(length - 96);
    for (const [i, start] of starts.entries()) if (i > 0) expect(start - starts[i - 1]).toBeLessThanOrEqual(96);
  }
});

test("maps of windows lie where these do, averaged where they overlap", async () => {
  // Places of 32 pixels; the first channel is each window's number, the second the red of its first pixel.
  const data = Uint8Array.from({ length: 32 * 96 * 3 }, (_, i) => (i % 3 === 0 ? Math.floor((i / 3) % 96) : 0));
  let count = 0;
  const maps = await windowMaps(
    { width: 96, height: 32, data },
    async ({ image }) => {
      expect(image.shape).toEqual([1, 32, 64, 3]);
      const number = count++;
      const red = Number(image.data[0]);
      return { maps: float32([1, 2, 1, 2], [number, number, red, red + 32]) };
    },
    { side: 64, multiple: 32 },
  );
  expect(maps.shape).toEqual([1, 2, 1, 3]);
  expect(toNumbers(maps)).toEqual([0, 0.5, 1, 0, 32, 64]);
});

test("the pass sees windows as large as local views, mirrored too, and writes a mask of the photograph", async () => {
  const recipe = { ...recipes["l2g-tiny"], camWindows: "sliding" as const, camThreshold: 0.5 };
  const classes = ["background", "cow"].map((name) => ({ name, color: [0, 0, 0] as const }));
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.floor(i / 3) % 64 < 32 ? 200 : 0));
  const image = { width: 64, height: 64, data };
  const sides: string[] = [];
  const { labels } = await camPass(recipe, { classes, frequencies: [] }).visit(
    { id: "a", source: "a.jpg", image, labels: { tags: [1] } },
    async ({ image: seen }) => {
      sides.push(seen.shape.join());
      return { maps: float32([1, 2, 1, 1], [Number(seen.data[0]), 0]) }; // bright places are cows
    },
  );
  // Half of 64 pixels, as 32 of 64 in training: 3 × 3 windows would need places between multiples of 32, so 2 × 2.
  expect(sides).toEqual(new Array(8).fill("1,32,32,3"));
  const row = [...labels!.mask!.data.subarray(0, 64)];
  expect([labels!.mask!.data.length, row[0], row[63]]).toEqual([64 * 64, 1, 0]);
});
