import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import { affineImage, rotateImage } from "../image/affine.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast, enhanceSharpness } from "../image/enhance.ts";
import type { Image } from "../image/image.ts";
import { meanColor } from "../image/pad.ts";
import { autoContrast, equalize, invert, posterize, solarize, solarizeAdd } from "../image/tone.ts";
import { type Operation, operations, type RandAugmentSettings, randAugment } from "./rand-augment.ts";

const settings: RandAugmentSettings = {
  randAugmentOperations: 2,
  randAugmentMagnitude: 9,
  randAugmentDeviation: 0.5,
  randAugmentProbability: 0.5,
};

const image: Image = { width: 40, height: 30, data: pattern(40, 30, 3) };
const affine = (...map: Parameters<typeof affineImage>[1]) => affineImage(image, map, meanColor);

test("there are fifteen operations", () => {
  expect(Object.keys(operations)).toHaveLength(15);
});

// At level 0.8 of 0 … 1, that is magnitude 8 of 10.
test.each<[keyof typeof operations, Image[]]>([
  ["autoContrast", [autoContrast(image)]],
  ["equalize", [equalize(image)]],
  ["invert", [invert(image)]],
  ["rotate", [rotateImage(image, 24, meanColor), rotateImage(image, -24, meanColor)]],
  ["posterize", [posterize(image, 1)]], // 4 − 3
  ["solarize", [solarize(image, 52)]], // 256 − 204
  ["solarizeAdd", [solarizeAdd(image, 88)]],
  ["color", [enhanceColor(image, 1.72), enhanceColor(image, 0.28)]],
  ["contrast", [enhanceContrast(image, 1.72), enhanceContrast(image, 0.28)]],
  ["brightness", [enhanceBrightness(image, 1.72), enhanceBrightness(image, 0.28)]],
  ["sharpness", [enhanceSharpness(image, 1.72), enhanceSharpness(image, 0.28)]],
  ["shearX", [affine(1, 0.24, 0, 0, 1, 0), affine(1, -0.24, 0, 0, 1, 0)]],
  ["shearY", [affine(1, 0, 0, 0.24, 1, 0), affine(1, 0, 0, -0.24, 1, 0)]],
  ["translateX", [affine(1, 0, 0.45 * 0.8 * 40, 0, 1, 0), affine(1, 0, -0.45 * 0.8 * 40, 0, 1, 0)]],
  ["translateY", [affine(1, 0, 0, 0, 1, 0.45 * 0.8 * 30), affine(1, 0, 0, 0, 1, -0.45 * 0.8 * 30)]],
])("%s of level 0.8, in each direction that it has", (name, expected) => {
  const operation: Operation = operations[name];
  const found = new Set<number>();
  for (let i = 0; i < 40; i++) {
    const { data } = operation(image, 0.8, new Random("sign", i));
    found.add(expected.findIndex((each) => Buffer.from(each.data).equals(data)));
  }
  expect([...found].sort()).toEqual([...expected.keys()]);
});

test("each operation is drawn equally often, and carried out half of the time", () => {
  const named = Object.entries(operations).map(([name, operation]) => {
    // Without signs and at one magnitude, what was done can be told from the result.
    return [name, Buffer.from(operation(image, 0.9, new Random("sign")).data).toString("base64")] as const;
  });
  const once = { ...settings, randAugmentOperations: 1, randAugmentDeviation: 0 };
  let [kept, plain] = [0, 0];
  const toneNames = ["autoContrast", "equalize", "invert", "posterize", "solarize", "solarizeAdd"];
  const counts = new Map(toneNames.map((name) => [name, 0]));
  const draws = 3000;
  for (let i = 0; i < draws; i++) {
    const result = randAugment(image, once, new Random("draw", i));
    if (result === image) kept++;
    const text = Buffer.from(result.data).toString("base64");
    const name = named.find(([, data]) => data === text)?.[0];
    if (name !== undefined && counts.has(name) && result !== image) {
      counts.set(name, counts.get(name)! + 1);
      plain++;
    }
  }
  expect(Math.abs(kept / draws - 0.5)).toBeLessThan(0.03);
  expect(Math.abs(plain / draws - 6 / 30)).toBeLessThan(0.03);
  for (const count of counts.values()) expect(Math.abs(count / draws - 1 / 30)).toBeLessThan(0.015);
});

test("the same random numbers give the same picture, others another", () => {
  const all = { ...settings, randAugmentProbability: 1 };
  expect(randAugment(image, all, new Random(3))).toEqual(randAugment(image, all, new Random(3)));
  expect(randAugment(image, all, new Random(3))).not.toEqual(randAugment(image, all, new Random(4)));
});

test("the strength varies with its deviation and stays below level 1", () => {
  const ops = { ...settings, randAugmentOperations: 1, randAugmentProbability: 1, randAugmentMagnitude: 10 };
  const black: Image = { width: 1, height: 1, data: new Uint8Array(3) };
  // solarizeAdd is the only one that makes a dark grey of a lone black pixel.
  const added = (deviation: number) => {
    const values = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const [value] = randAugment(black, { ...ops, randAugmentDeviation: deviation }, new Random("dark", i)).data;
      if (value > 50 && value < 115) values.add(value);
    }
    return [...values];
  };
  expect(added(0)).toEqual([110]);
  const varied = added(1);
  expect([varied.length > 5, Math.max(...varied)]).toEqual([true, 110]);
});

test("no operations, or none carried out, leave the picture, which is never changed itself", () => {
  expect(randAugment(image, { ...settings, randAugmentOperations: 0 }, new Random(1))).toBe(image);
  expect(randAugment(image, { ...settings, randAugmentProbability: 0 }, new Random(1))).toBe(image);
  for (let i = 0; i < 60; i++) randAugment(image, { ...settings, randAugmentOperations: 4 }, new Random(i));
  expect(image.data).toEqual(pattern(40, 30, 3));
});
