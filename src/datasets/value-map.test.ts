import { expect, test } from "vitest";
import type { RawImage } from "../platform/platform.ts";
import { labelsOf } from "./mask-labels.ts";
import { lookupOf, type ValueMap } from "./value-map.ts";

const values: ValueMap = { "7": 0, "8": 1, "300": 2, "255": "ignore" };
const colors: ValueMap = { "#804080": 0, "#000000": 1, "#ffffff": "ignore" };

function grey(data: number[], more: Partial<RawImage> = {}): RawImage {
  return { width: data.length, height: 1, channels: 1, bits: 8, data: Uint8Array.from(data), ...more };
}

test.each<[string, RawImage, ValueMap, number[]]>([
  ["grey values", grey([7, 8, 255]), values, [0, 1, 255]],
  ["16-bit values", grey([], { width: 2, bits: 16, data: Uint16Array.of(300, 7) }), values, [2, 0]],
  ["palette indices", grey([8, 7], { palette: Array.from({ length: 9 }, () => [1, 2, 3]) }), values, [1, 0]],
  ["equal channels", grey([7, 7, 7], { width: 1, channels: 3 }), values, [0]],
  ["opaque pixels", grey([7, 255, 8, 255], { width: 2, channels: 2 }), values, [0, 1]],
  ["colours", grey([128, 64, 128, 255, 255, 255], { width: 2, channels: 3 }), colors, [0, 255]],
  [
    "colours in a palette",
    grey([1, 0], {
      palette: [
        [128, 64, 128],
        [0, 0, 0],
      ],
    }),
    colors,
    [1, 0],
  ],
  ["colours that are grey", grey([0, 255]), colors, [1, 255]],
  ["opaque colours", grey([128, 64, 128, 255], { width: 1, channels: 4 }), colors, [0]],
])("%s become class indices", (_, raw, map, expected) => {
  expect([...labelsOf(raw, lookupOf(map), "m.png", "Fix it.").data]).toEqual(expected);
});

test.each<[string, RawImage, ValueMap, string]>([
  [
    "an unknown value",
    grey([7, 8, 9, 8], { width: 2, height: 2 }),
    values,
    "m.png: expected class values 7 to 8, 255, 300, got 9 at column 0, row 1 (25 % of the pixels). Fix it.",
  ],
  [
    "colours where values are meant",
    grey([7, 7, 7, 128, 64, 128], { width: 2, channels: 3 }),
    values,
    "m.png: expected class values 7 to 8, 255, 300, got the colour #804080 at column 1, row 0 (50 % of the pixels). Save class values (grey " +
      "or palette), or name the colours of the classes in the data set's map.",
  ],
  [
    "an unknown colour",
    grey([128, 64, 129], { width: 1, channels: 3 }),
    colors,
    "m.png: expected one of 3 colours of the classes, got #804081 at column 0, row 0 (100 % of the pixels). Fix it.",
  ],
  [
    "an unknown colour of a palette",
    grey([1], {
      palette: [
        [0, 0, 0],
        [1, 2, 3],
      ],
    }),
    colors,
    "m.png: expected one of 3 colours of the classes, got #010203 at column 0, row 0 (100 % of the pixels). Fix it.",
  ],
  [
    "a transparent pixel",
    grey([7, 255, 7, 0], { width: 2, channels: 2 }),
    values,
    "m.png: mask pixels must be opaque, got a transparent one at column 1, row 0. Save the mask without " +
      "transparency, unlabelled pixels with a value of their own.",
  ],
])("%s is refused with its place", (_, raw, map, message) => {
  expect(() => labelsOf(raw, lookupOf(map), "m.png", "Fix it.")).toThrow(message);
});

test.each<[string, ValueMap, string]>([
  ["values and colours", { "1": 0, "#000000": 1 }, "all values or all colours, got both"],
  ["a key that is neither", { sky: 0 }, 'got "sky"'],
  ["a class index that is too large", { "1": 255 }, "class index below 254"],
])("a map of %s is refused", (_, map, message) => {
  expect(() => lookupOf(map)).toThrow(message);
});
