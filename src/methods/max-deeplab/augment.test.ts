import { describe, expect, test } from "vitest";
import { Random } from "../../array/random.ts";
import type { SegmentMap } from "../../data/sample.ts";
import type { Image } from "../../image/image.ts";
import { type AugmentSettings, changeColors, drawPlace, grey, placedImage, placedSegments } from "./augment.ts";

/** Each pixel's colour tells its segment. */
const [width, height] = [50, 38];
const ids = Uint32Array.from({ length: width * height }, (_, at) => 1 + ((((at % width) * 5) / width) | 0));
const map: SegmentMap = {
  ...{ width, height, data: ids },
  segments: [1, 2, 3, 4, 5].map((id) => ({ id, classIndex: 0, crowd: false })),
};
const image: Image = {
  width,
  height,
  data: Uint8Array.from({ length: 3 * ids.length }, (_, at) => 40 * ids[Math.floor(at / 3)]),
};

const settings: AugmentSettings = {
  ...{ cropHeight: 33, cropWidth: 49, scaleMin: 0.5, scaleMax: 1.5, flipProbability: 0.5, colorPolicy: 0 },
};
const crop = [33, 49] as const;
const placed = (seed: number) => drawPlace([height, width], settings, new Random(seed));

describe("a drawn place", () => {
  test("is the same for the same random numbers", () => {
    expect(placed(3)).toEqual(placed(3));
  });

  test("comes at every scale and in both directions, and lies in the crop", () => {
    const all = Array.from({ length: 200 }, (_, seed) => placed(seed));
    expect(new Set(all.map(({ view }) => view.scaledWidth)).size).toBe(11);
    expect(new Set(all.map(({ view }) => view.flipped)).size).toBe(2);
    for (const { view, left, top } of all) {
      expect(left >= 0 && left + view.width <= 49 && top >= 0 && top + view.height <= 33).toBe(true);
      // Where the image is smaller it is whole, where it is larger it fills the crop.
      expect(view.width).toBe(Math.min(49, view.scaledWidth));
    }
  });

  test("image and segments stay on each other, with grey and void around them", () => {
    for (let seed = 0; seed < 20; seed++) {
      const place = placed(seed);
      const seen = placedImage(image, place, crop);
      const { data } = placedSegments(map, place, crop);
      let apart = 0;
      for (const [at, id] of data.entries()) {
        const value = seen.data[3 * at];
        if (id === 0) expect(value).toBe(grey[0]);
        else if (Math.abs(value - 40 * id) > 20.5) apart++;
      }
      expect(apart).toBe(0);
    }
  });
});

test("colours change by one of the pairs, the image that is given does not", () => {
  const before = Array.from(image.data);
  const changed = Array.from({ length: 60 }, (_, seed) => changeColors(image, new Random("colors", seed)).data);
  expect(Array.from(image.data)).toEqual(before);
  const isOther = (data: Uint8Array) => data.some((value, at) => value !== before[at]);
  const others = changed.filter(isOther).length;
  expect(others).toBeGreaterThan(5);
  expect(others).toBeLessThan(50);
});
