import { expect, test } from "vitest";
import { textPixels } from "../image/pixel-text.ts";
import { drawNames, withLegend } from "./legend.ts";

const classes = [
  { name: "sky", color: [0, 0, 255] as const },
  { name: "nowhere", color: [1, 2, 3] as const },
  { name: "Straße", color: [255, 0, 0] as const },
];
const [width, height] = [120, 60];
/** The upper half sky, the lower the third class. */
const labels = { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => (i < 3600 ? 0 : 2)) };
const overlay = { width, height, data: new Uint8Array(3 * width * height).fill(100) };

const count = (data: Uint8Array, color: readonly number[], from: number, to: number) => {
  let found = 0;
  for (let i = from; i < to; i++) if (color.every((value, c) => data[3 * i + c] === value)) found++;
  return found;
};

test("names are written where their classes are, and those that are there are listed below with their colours", () => {
  const before = Uint8Array.from(overlay.data);
  const picture = withLegend(overlay, labels, classes);
  expect([picture.width, picture.height > height, overlay.data]).toEqual([width, true, before]);
  const ink = (name: string) =>
    textPixels(name)
      .flat()
      .reduce((sum, on) => sum + on, 0);
  const white = [255, 255, 255];
  expect(count(picture.data, white, 0, width * 30)).toBe(ink("sky"));
  expect(count(picture.data, white, width * 30, width * 60)).toBe(ink("Straße"));
  const below = [width * height, picture.width * picture.height] as const;
  expect(count(picture.data, [0, 0, 255], ...below)).toBe(81);
  expect(count(picture.data, [255, 0, 0], ...below)).toBe(81);
  expect(count(picture.data, [1, 2, 3], ...below)).toBe(0);
  expect(count(picture.data, [0, 0, 0], ...below)).toBe(ink("sky") + ink("Straße"));
});

test("pictures that are narrower than a name, or a pixel, have one as well", () => {
  for (const side of [1, 9]) {
    const small = { width: side, height: side, data: new Uint8Array(3 * side * side) };
    const picture = withLegend(small, { width: side, height: side, data: new Uint8Array(side * side) }, classes);
    expect([picture.width, picture.data.length]).toEqual([side, 3 * side * picture.height]);
  }
});

test("letters have as many rows as a line, and accents go where the font has none", () => {
  expect(textPixels("Agé").length).toBe(9);
  expect(textPixels("é")).toEqual(textPixels("e"));
  expect(textPixels("猫")).toEqual(textPixels("?"));
});

test("specks have no name on the picture, and are listed below it all the same", () => {
  const data = Uint8Array.from(labels.data);
  data[60 * 10 + 5] = 1;
  const [clean, specked] = [labels.data, data].map((data) => withLegend(overlay, { width, height, data }, classes));
  const above = (picture: { readonly data: Uint8Array }) => picture.data.slice(0, 3 * width * height);
  expect(above(specked)).toEqual(above(clean));
  expect(count(specked.data, [1, 2, 3], width * height, specked.width * specked.height)).toBe(81);
});

test("the name of what surrounds a thing does not lie on it", () => {
  const [width, height] = [120, 90];
  const isThing = (at: number) => Math.abs((at % width) - 60) < 20 && Math.abs(Math.floor(at / width) - 45) < 15;
  const data = Uint8Array.from({ length: width * height }, (_, at) => (isThing(at) ? 1 : 0));
  const picture = { width, height, data: new Uint8Array(3 * width * height).fill(100) };
  drawNames(picture, { width, height, data }, [{ name: "sea" }]);
  const drawn = [...data.keys()].filter((at) => picture.data[3 * at] !== 100);
  expect(drawn.length).toBeGreaterThan(20);
  expect(drawn.filter(isThing)).toEqual([]);
});

test("segments of one class have a name each, and it is listed once", () => {
  const things = { name: "cow", color: [9, 9, 200] as const };
  // 300 stands for no segment.
  const data = Uint32Array.from({ length: width * height }, (_, i) => (i % width < 50 ? 0 : i % width < 70 ? 300 : 1));
  const none = { width, height, data: Uint8Array.from(data, (segment) => (segment > 1 ? 255 : 0)) };
  const segments = { map: { width, height, data }, names: [things, things] };
  const picture = withLegend(overlay, none, [things], segments);
  const ink = textPixels("cow")
    .flat()
    .reduce((sum, on) => sum + on, 0);
  expect(count(picture.data, [255, 255, 255], 0, width * height)).toBe(2 * ink);
  expect(count(picture.data, [9, 9, 200], width * height, picture.width * picture.height)).toBe(81);
});
