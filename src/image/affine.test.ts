import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { type AffineMap, affineImage, rotateImage } from "./affine.ts";
import type { Color, Image } from "./image.ts";

const fill: Color = [9, 8, 7];

function grey(width: number, ...values: readonly number[]): Image {
  const data = Uint8Array.from(values.flatMap((value) => [value, value, value]));
  return { width, height: values.length / width, data };
}

const reds = ({ data }: Image) => [...data.filter((_, i) => i % 3 === 0)];

test.each<[string, AffineMap, number[]]>([
  ["nothing", [1, 0, 0, 0, 1, 0], [10, 20, 40]],
  ["a pixel to the left", [1, 0, 1, 0, 1, 0], [20, 40, 9]],
  ["a pixel to the right", [1, 0, -1, 0, 1, 0], [9, 10, 20]],
  ["half a pixel to the left", [1, 0, 0.5, 0, 1, 0], [15, 30, 9]], // the last comes from the edge itself: outside
  ["a quarter of a pixel to the right", [1, 0, -0.25, 0, 1, 0], [10, 17, 35]], // 17.5; the first repeats the edge
  ["up, out of the picture", [1, 0, 0, 0, 1, 1], [9, 9, 9]],
])("one row moved by %s", (_, map, expected) => {
  expect(reds(affineImage(grey(3, 10, 20, 40), map, fill))).toEqual(expected);
});

test("what comes from outside has all three channels of the colour", () => {
  expect([...affineImage(grey(1, 50), [1, 0, 5, 0, 1, 0], fill).data]).toEqual([9, 8, 7]);
});

test("a shear moves each row by its own distance", () => {
  // Centres of the rows at 0.5 and 1.5: sheared by 2, they come from 1 and 3 pixels further right.
  const image = grey(4, 10, 20, 30, 40, 50, 60, 70, 80);
  expect(reds(affineImage(image, [1, 2, 0, 0, 1, 0], fill))).toEqual([20, 30, 40, 9, 80, 9, 9, 9]);
});

test("a quarter turn is counter-clockwise and exact", () => {
  const image = grey(2, 1, 2, 3, 4);
  expect([reds(rotateImage(image, 90, fill)), reds(rotateImage(image, -90, fill))]).toEqual([
    [2, 4, 1, 3],
    [3, 1, 4, 2],
  ]);
});

test("a turn by 45 degrees fills the corners and keeps the middle", () => {
  const turned = reds(rotateImage(grey(5, ...new Array(25).fill(200)), 45, fill));
  expect([turned[0], turned[4], turned[20], turned[24], turned[12]]).toEqual([9, 9, 9, 9, 200]);
});

test("turning by nothing copies", () => {
  const image: Image = { width: 7, height: 4, data: pattern(7, 4, 3) };
  const turned = rotateImage(image, 0, fill);
  expect([turned, turned.data === image.data]).toEqual([image, false]);
});
