import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import type { Image } from "./image.ts";
import { resampleImage } from "./resample.ts";

function row(...values: readonly number[]): Image {
  return {
    width: values.length,
    height: 1,
    data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
  };
}

const whole = ({ width, height }: Image) => ({ left: 0, top: 0, width, height });
const reds = ({ data }: Image) => [...data.filter((_, i) => i % 3 === 0)];

test.each([
  ["to a half: weights 3, 3, 1 of 7", [0, 70, 140, 210], 2, [50, 160]],
  ["to one: the mean of two", [0, 101], 1, [51]],
  ["to its own size: itself", [3, 200, 7], 3, [3, 200, 7]],
  ["to the double: quarters between", [0, 100], 4, [0, 25, 75, 100]],
])("a row %s", (_, values, width, expected) => {
  const image = row(...values);
  expect(reds(resampleImage(image, whole(image), width, 1))).toEqual(expected);
});

test("columns are treated as rows are", () => {
  const image: Image = { width: 1, height: 4, data: row(0, 70, 140, 210).data };
  expect(reds(resampleImage(image, whole(image), 1, 2))).toEqual([50, 160]);
});

test("a checkerboard shrunk sevenfold is even grey", () => {
  const data = Uint8Array.from({ length: 70 * 70 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return ((pixel % 70) + Math.floor(pixel / 70)) % 2 === 0 ? 0 : 200;
  });
  const small = resampleImage({ width: 70, height: 70, data }, { left: 0, top: 0, width: 70, height: 70 }, 10, 10);
  expect(reds(small).every((value) => Math.abs(value - 100) <= 1)).toBe(true);
});

test("what lies outside the rectangle is not read", () => {
  const image = row(255, 255, 10, 20, 255, 255);
  const part = { left: 2, top: 0, width: 2, height: 1 };
  expect([reds(resampleImage(image, part, 1, 1)), reds(resampleImage(image, part, 4, 1))]).toEqual([
    [15],
    [10, 13, 18, 20], // 12.5 and 17.5, rounded up
  ]);
});

test("one colour stays that colour at every size", () => {
  const image: Image = { width: 37, height: 23, data: new Uint8Array(37 * 23 * 3).fill(254) };
  for (const [width, height] of [
    [1, 1],
    [5, 90],
    [36, 22],
    [74, 46],
  ] as const) {
    expect(new Set(resampleImage(image, whole(image), width, height).data)).toEqual(new Set([254]));
  }
});

test.each([
  { left: -1, top: 0, width: 2, height: 2 },
  { left: 3, top: 0, width: 2, height: 2 },
  { left: 0, top: 0, width: 0, height: 2 },
  { left: 0.5, top: 0, width: 2, height: 2 },
])("a rectangle that is not inside is refused: %j", (rectangle) => {
  const image: Image = { width: 4, height: 4, data: pattern(4, 4, 3) };
  expect(() => resampleImage(image, rectangle, 2, 2)).toThrow(/resample: expected a rectangle inside 4x4, got/);
});
