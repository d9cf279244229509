import { expect, test } from "vitest";
import { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { randomErasing } from "./random-erasing.ts";

/** A colour that noise hits in one of some 16 million pixels. */
const base = [1, 254, 3] as const;

function plain(width: number, height: number): Image {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => base[i % 3]) };
}

/** The smallest box around what is not the base colour any more, and how many pixels of it are. */
function boxOf({ width, height, data }: Image) {
  let [left, top, right, bottom, count] = [width, height, -1, -1, 0];
  for (let i = 0; i < width * height; i++) {
    if (base.every((value, channel) => data[3 * i + channel] === value)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    count++;
  }
  return { columns: right - left + 1, rows: bottom - top + 1, left, top, count };
}

const erased = (width: number, height: number, seed: number) => {
  const image = plain(width, height);
  randomErasing(image, 1, new Random("erase", seed));
  return image;
};

test("one full box of 0.02 to a third of the area, of every shape between 0.3 and 1 / 0.3, anywhere", () => {
  const boxes = Array.from({ length: 400 }, (_, i) => boxOf(erased(60, 60, i)));
  expect(boxes.every(({ rows, columns, count }) => count === rows * columns)).toBe(true);
  const areas = boxes.map(({ count }) => count / 3600);
  expect([Math.min(...areas) > 0.017, Math.min(...areas) < 0.04, Math.max(...areas) < 0.35]).toEqual([
    ...[true, true, true],
  ]);
  expect(Math.max(...areas)).toBeGreaterThan(0.3);
  const ratios = boxes.map(({ rows, columns }) => rows / columns);
  expect([Math.min(...ratios) > 0.25, Math.min(...ratios) < 0.36, Math.max(...ratios) > 2.8]).toEqual([
    ...[true, true, true],
  ]);
  expect([Math.min(...boxes.map(({ left }) => left)), Math.min(...boxes.map(({ top }) => top))]).toEqual([0, 0]);
});

test("noise has ImageNet's mean and deviation but for what is cut off at black and white", () => {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  const values = [0, 0, 0];
  let pixels = 0;
  for (let seed = 0; seed < 12; seed++) {
    const image = erased(100, 100, seed);
    const { left, top, rows, columns } = boxOf(image);
    for (let y = top; y < top + rows; y++) {
      for (let x = left; x < left + columns; x++, pixels++) {
        for (let channel = 0; channel < 3; channel++) {
          const value = image.data[(y * 100 + x) * 3 + channel];
          sums[channel] += value;
          squares[channel] += value * value;
          if (value === 0 || value === 255) values[channel]++;
        }
      }
    }
  }
  const means = sums.map((sum) => sum / pixels);
  const deviations = squares.map((square, i) => Math.sqrt(square / pixels - means[i] ** 2));
  for (const [i, expected] of [123.675, 116.28, 103.53].entries())
    expect(Math.abs(means[i] - expected)).toBeLessThan(2);
  for (const [i, expected] of [58.395, 57.12, 57.375].entries()) {
    expect(deviations[i] / expected).toBeGreaterThan(0.94); // 0.98 where 3 to 4 % are cut off
    expect(deviations[i]).toBeLessThan(expected);
    expect(values[i] / pixels).toBeLessThan(0.05);
  }
});

test("about as many pictures are erased as the probability says", () => {
  let count = 0;
  for (let i = 0; i < 2000; i++) {
    const image = plain(12, 12);
    randomErasing(image, 0.25, new Random("often", i));
    if (boxOf(image).count > 0) count++;
  }
  expect(Math.abs(count / 2000 - 0.25)).toBeLessThan(0.03);
});

test.each([
  [1, 1],
  [1, 9],
  [2, 2],
])("pictures of %ix%i pixels, in which hardly a box fits, do not fail", (width, height) => {
  for (let i = 0; i < 50; i++) expect(erased(width, height, i).data).toHaveLength(width * height * 3);
});
