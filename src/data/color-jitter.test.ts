import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { type ColorJitter, jitterColors } from "./color-jitter.ts";

const image: Image = { width: 16, height: 12, data: pattern(16, 12, 3) };
const published: ColorJitter = [0.3, 0.3, 0.3, 0.1];
const drawn = (jitter: ColorJitter, seed: number, of = image) => jitterColors(of, jitter, new Random(seed)).data;

test("the same random numbers give the same bytes, others other bytes, and the picture stays", () => {
  const before = image.data.slice();
  expect(drawn(published, 1)).toEqual(drawn(published, 1));
  expect(drawn(published, 1)).not.toEqual(drawn(published, 2));
  expect(drawn([0, 0, 0, 0], 3)).toEqual(before);
  expect(drawn([0, 0, 0, 0], 3)).not.toBe(image.data);
  expect(image.data).toEqual(before);
});

test.each<[string, ColorJitter, number[], number, number]>([
  ["brightness multiplies", [0.3, 0, 0, 0], [100, 100, 100], 70, 130],
  ["contrast and saturation leave a grey picture as it is", [0, 0.3, 0.3, 0], [100, 100, 100], 100, 100],
  ["and so does hue", [0, 0, 0, 0.1], [100, 100, 100], 100, 100],
  ["a share above 1 makes nothing negative", [2, 0, 0, 0], [60, 60, 60], 0, 180],
])("%s", (_, jitter, color, least, most) => {
  const plain = { width: 1, height: 1, data: Uint8Array.from(color) };
  const values = Array.from({ length: 300 }, (_, seed) => drawn(jitter, seed, plain)[0]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  expect(low).toBeGreaterThanOrEqual(least - 1);
  expect(high).toBeLessThanOrEqual(most);
  // Nearly all of the range is drawn.
  expect([low - least, most - high].every((far) => far <= 0.05 * (most - least))).toBe(true);
});

test("the order is drawn, too: brightness that cuts white before and after contrast gives other bytes", () => {
  const bright = { width: 2, height: 1, data: Uint8Array.of(255, 255, 255, 120, 120, 120) };
  const orders = new Set(Array.from({ length: 60 }, (_, seed) => String(new Random(seed).shuffle([0, 1, 2, 3]))));
  expect(orders.size).toBeGreaterThan(10);
  const results = new Set(Array.from({ length: 60 }, (_, seed) => String(drawn([0.3, 0.3, 0, 0], seed, bright))));
  expect(results.size).toBeGreaterThan(30);
});
