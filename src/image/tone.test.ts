import { expect, test } from "vitest";
import type { Image } from "./image.ts";
import { autoContrast, equalize, invert, posterize, solarize, solarizeAdd } from "./tone.ts";

/** One row of pixels. */
function rowOf(...pixels: readonly (readonly [number, number, number])[]): Image {
  return { width: pixels.length, height: 1, data: Uint8Array.from(pixels.flat()) };
}

/** One row of greys. */
const greys = (...values: readonly number[]) => rowOf(...values.map((v) => [v, v, v] as const));
const reds = ({ data }: Image) => [...data.filter((_, i) => i % 3 === 0)];

test("autoContrast stretches each channel by itself, cut to whole numbers, and leaves one value alone", () => {
  // Red: (20 − 10) · 255 / 20 = 127.5. Blue is full already.
  const image = rowOf([10, 7, 0], [20, 7, 255], [30, 7, 100]);
  expect([...autoContrast(image).data]).toEqual([0, 7, 0, 127, 7, 255, 255, 7, 100]);
});

test("equalize gives each value the share of the pixels below it", () => {
  // 511 pixels, one of them the brightest: steps of 510 / 255 = 2; (1 + 0) / 2, (1 + 255) / 2, (1 + 510) / 2.
  const values = [...new Array(255).fill(10), ...new Array(255).fill(20), 30];
  expect([...new Set(reds(equalize(greys(...values))))]).toEqual([0, 128, 255]);
});

test("equalize never wraps around where the steps are coarse", () => {
  // Steps of floor(508 / 255) = 1: the brightest would be 508.
  const values = [...new Array(508).fill(10), 30];
  expect([...new Set(reds(equalize(greys(...values))))]).toEqual([0, 255]);
});

test("equalize leaves pictures with one value or few pixels", () => {
  expect([reds(equalize(greys(5, 90, 200))), reds(equalize(greys(...new Array(600).fill(9))))[0]]).toEqual([
    [5, 90, 200],
    9,
  ]);
});

test("invert takes from 255", () => {
  expect(reds(invert(greys(0, 100, 255)))).toEqual([255, 155, 0]);
});

test.each([
  [8, 183],
  [4, 176],
  [1, 128],
  [0, 0],
])("posterize to %i bits makes %i of 183", (bits, value) => {
  expect(reds(posterize(greys(183), bits))).toEqual([value]);
});

test.each([
  [26, [25, 229, 0]],
  [256, [25, 26, 255]],
  [0, [230, 229, 0]],
])("solarize from %i inverts what is as bright or brighter", (threshold, values) => {
  expect(reds(solarize(greys(25, 26, 255), threshold))).toEqual(values);
});

test("solarizeAdd lightens the dark half only", () => {
  expect(reds(solarizeAdd(greys(0, 127, 128, 255), 99))).toEqual([99, 226, 128, 255]);
});

test("the picture itself is not changed", () => {
  const image = greys(25, 26, 255);
  for (const change of [autoContrast, equalize, invert]) change(image);
  expect(reds(image)).toEqual([25, 26, 255]);
});
