import { describe, expect, test } from "vitest";
import type { Color } from "../../image/image.ts";
import {
  farthestColors,
  givenPalette,
  latticeCentres,
  latticeColors,
  latticeFor,
  leastDistance,
  paletteFor,
  paletteFromJson,
  paletteFromNumbers,
  paletteNames,
  randomColors,
  seededJitter,
  weakClasses,
  withIgnored,
} from "./palette.ts";

const classesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `class ${i}`, color: [i, 2 * i, 255 - i] as Color }));
const settings = { palette: "lattice", paletteSeed: 3, paletteColors: [] };

describe("a lattice for any number of classes", () => {
  test.each([1, 2, 7, 8, 9, 21, 27, 28, 64, 150, 254])(
    "has %i colours in sides that differ by one at most",
    (count) => {
      const lattice = latticeFor(count);
      const sides = lattice.levels.map((levels) => levels.length);
      expect(Math.max(...sides) - Math.min(...sides)).toBeLessThanOrEqual(1);
      expect(latticeColors(lattice)).toHaveLength(count);
      expect(latticeCentres(lattice).length - lattice.dropped).toBe(count);
      expect(leastDistance(withIgnored(latticeColors(lattice))).distance).toBeGreaterThan(0);
    },
  );

  test("is jittered by a third of its spacing at most, and no jitter leaves bytes", () => {
    const lattice = latticeFor(150);
    const jittered = latticeColors(lattice, seededJitter(lattice, 5));
    const plain = latticeColors(lattice);
    const [least, most] = lattice.jitter;
    for (const [i, color] of jittered.entries()) {
      for (const [channel, value] of color.entries()) {
        expect(value - plain[i][channel]).toBeGreaterThanOrEqual(least);
        expect(value - plain[i][channel]).toBeLessThanOrEqual(most);
      }
    }
    expect(jittered.flat().every((value) => value >= 0 && value <= 255)).toBe(true);
    expect(latticeColors(lattice, seededJitter(lattice, 5))).toEqual(jittered);
    expect(latticeColors(lattice, seededJitter(lattice, 6))).not.toEqual(jittered);
  });
});

test("the farthest colours begin with black and white, and are farther apart than a lattice's", () => {
  expect(farthestColors(2)).toEqual([
    [0, 0, 0],
    [255, 255, 255],
  ]);
  const farthest = leastDistance(farthestColors(22)).distance;
  expect(farthest).toBeGreaterThan(leastDistance(withIgnored(latticeColors(latticeFor(22)))).distance - 20);
});

test("vivid colours are far from grey", () => {
  const colors = paletteFor({ ...settings, palette: "vivid" }, classesOf(21));
  for (const [red, green, blue] of colors) expect(Math.hypot(red - 128, green - 128, blue - 128)).toBeGreaterThan(100);
});

test("the colour of unlabelled pixels is far from all classes", () => {
  const palette = withIgnored([
    [0, 0, 0],
    [255, 255, 255],
  ]);
  expect(palette).toHaveLength(3);
  const [red, green, blue] = palette[2];
  expect(Math.hypot(red, green, blue)).toBeGreaterThan(200);
  expect(Math.hypot(255 - red, 255 - green, 255 - blue)).toBeGreaterThan(200);
});

test("random colours are all different, and the seed's", () => {
  const colors = randomColors(200, 4);
  expect(new Set(colors.map(String)).size).toBe(200);
  expect(randomColors(200, 4)).toEqual(colors);
  expect(randomColors(200, 5)).not.toEqual(colors);
});

describe("the palette of a recipe", () => {
  test.each(["lattice", "lattice-plain", "farthest", "vivid", "random", "dataset"])(
    "%s has a colour for each class",
    (palette) => {
      expect(paletteFor({ ...settings, palette }, classesOf(21))).toHaveLength(22);
    },
  );

  test("every name is one of them, or for the classes that it was made for", () => {
    for (const palette of paletteNames) {
      const count = palette.includes("ade") ? 150 : palette.includes("mseg") ? 194 : 19;
      const paletteColors = givenPalette(withIgnored(randomColors(count, 1))).paletteColors;
      expect(paletteFor({ ...settings, palette, paletteColors }, classesOf(count))).toHaveLength(count + 1);
    }
  });

  test("of another number of classes is refused", () => {
    expect(() => paletteFor({ ...settings, palette: "released-ade20k" }, classesOf(21))).toThrow(
      "palette released-ade20k: expected 22 colours, one for each of 21 classes and one for unlabelled pixels, got 151.",
    );
  });

  test("with one colour for two classes is refused by their names", () => {
    const classes = [...classesOf(2), { name: "twin", color: [1, 2, 254] as Color }];
    expect(() => paletteFor({ ...settings, palette: "dataset" }, classes)).toThrow("one for class 1 and twin");
  });
});

test("numbers and back are the same palette", () => {
  const palette = withIgnored(randomColors(5, 2));
  expect(paletteFromNumbers(givenPalette(palette).paletteColors)).toEqual(palette);
  expect(paletteFromJson(JSON.parse(JSON.stringify(palette)), "palette.json")).toEqual(palette);
});

test.each([
  ["no list", { colors: [] }],
  ["one colour alone", [[1, 2, 3]]],
  [
    "a number too large",
    [
      [1, 2, 3],
      [1, 2, 256],
    ],
  ],
  [
    "two numbers",
    [
      [1, 2, 3],
      [1, 2],
    ],
  ],
])("%s is no palette", (_, value) => {
  expect(() => paletteFromJson(value, "palette.json")).toThrow("palette.json: expected a list of colours");
});

test("weak classes come weakest first, with how far they are from grey", () => {
  const palette: Color[] = [
    [128, 128, 128],
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 0],
  ];
  const weak = weakClasses([0.4, null, 0.1], ["a", "b", "c"], palette);
  expect(weak.map(({ name }) => name)).toEqual(["c", "a"]);
  expect(weak[1].fromGrey).toBe(0);
});
