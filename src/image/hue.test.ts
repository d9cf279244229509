import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { turnHue } from "./hue.ts";

const turned = (color: readonly number[], share: number) => [
  ...turnHue({ width: 1, height: 1, data: Uint8Array.from(color) }, share).data,
];

test.each([
  ["grey has no hue", [90, 90, 90], 0.3, [90, 90, 90]],
  ["a third of the circle brings red to green", [255, 0, 0], 1 / 3, [0, 255, 0]],
  // Bytes have 256 values, the circle 255: −85 is 171, a little past blue at 170.
  ["and backwards to blue, nearly", [255, 0, 0], -1 / 3, [6, 0, 255]],
  // Hue 0 + 25 of 255: 0.588 sixths towards yellow.
  ["a tenth brings red to orange", [255, 0, 0], 0.1, [255, 150, 0]],
  // Saturation 191 of 255 and hue 0: least 200 · (1 − 191 / 255) = 50.2.
  ["pale red stays as pale", [200, 50, 50], 0, [200, 50, 50]],
  // Pillow's own numbers, where 64 bits would give others.
  ["numbers of 32 bits decide between two hues", [66, 66, 110], 0.1, [92, 66, 110]],
  ["also of green", [138, 200, 138], 0.1, [138, 200, 174]],
  ["and the other way", [73, 163, 13], -0.1, [161, 163, 13]],
])("%s", (_, color, share, expected) => {
  expect(turned(color, share)).toEqual(expected);
});

test("there and back colours are within what 8 bits of hue and saturation keep, and brightness is the same", () => {
  const picture = { width: 32, height: 24, data: pattern(32, 24, 3) };
  const before = picture.data.slice();
  const back = turnHue(turnHue(picture, 0.1), -0.1);
  expect(picture.data).toEqual(before);
  for (let i = 0; i < before.length; i += 3) {
    const most = (data: Uint8Array) => Math.max(data[i], data[i + 1], data[i + 2]);
    expect(most(back.data)).toBe(most(before));
    for (const c of [0, 1, 2]) expect(Math.abs(back.data[i + c] - before[i + c])).toBeLessThanOrEqual(12);
  }
});
