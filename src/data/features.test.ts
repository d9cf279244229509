import { describe, expect, test } from "vitest";
import { ndarray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { IGNORE } from "../image/image.ts";
import { allFiniteHalves, featuresProblem, featureWindow } from "./features.ts";
import type { FeatureArray, Features } from "./sample.ts";

/** A map whose numbers say where they are: channel, row, column; the bits of half floats that nobody reads as such. */
function mapOf(stride: number, channels: number, rows: number, columns: number): FeatureArray {
  const place = (i: number) => [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
  const data = Uint16Array.from({ length: channels * rows * columns }, (_, i) => code(place(i)));
  return { stride, values: ndarray("float16", [channels, rows, columns], data) };
}
const code = ([channel, row, column]: number[]) => 10_000 * channel + 100 * row + column;

// 40 x 28 pixels in 48 x 32.
const features: Features = { width: 40, height: 28, maps: [mapOf(8, 3, 4, 6), mapOf(16, 2, 2, 3)] };
/** Each pixel's label says which column of the finest map it is in, 0 … 23. */
const mask = {
  ...{ width: 40, height: 28 },
  data: Uint8Array.from({ length: 40 * 28 }, (_, i) => 6 * Math.floor(i / 40 / 8) + Math.floor((i % 40) / 8)),
};
const crop = { cropHeight: 16, cropWidth: 32, flipProbability: 0.5 };

describe("a window", () => {
  const windows = Array.from({ length: 40 }, (_, seed) => featureWindow(features, mask, crop, new Random(seed)));

  test("has the same part of all maps and of the mask, as far as the photograph goes", () => {
    for (const { maps, labels } of windows) {
      const [fine, coarse] = maps;
      expect(maps.map(({ values }) => values.shape)).toEqual([
        [3, 2, 4],
        [2, 1, 2],
      ]);
      for (let pixel = 0; pixel < 16 * 32; pixel++) {
        const [y, x] = [Math.floor(pixel / 32), pixel % 32];
        const value = Number(fine.values.data[4 * (y >> 3) + (x >> 3)]);
        const [row, column] = [Math.floor(value / 100), value % 100];
        const above = Number(coarse.values.data[2 * (y >> 4) + (x >> 4)]);
        expect(above).toBe(100 * (row >> 1) + (column >> 1));
        const isPadding = column >= 5 || 8 * row + (y & 7) >= 28;
        expect(labels.data[pixel]).toBe(isPadding ? IGNORE : 6 * row + column);
      }
    }
  });

  test("keeps channels apart", () => {
    for (const { maps } of windows) {
      const { data } = maps[0].values;
      for (let i = 0; i < 8; i++) {
        expect([Number(data[8 + i]) - Number(data[i]), Number(data[16 + i]) - Number(data[i])]).toEqual([
          10_000, 20_000,
        ]);
      }
    }
  });

  test("is anywhere, both ways round, and drawn from its seed alone", () => {
    const firsts = windows.map(({ maps }) => Number(maps[1].values.data[0]));
    expect(new Set(firsts)).toEqual(new Set([0, 1, 2, 100, 101, 102]));
    expect(featureWindow(features, mask, crop, new Random(7))).toEqual(windows[7]);
    const still = Array.from({ length: 20 }, (_, seed) =>
      featureWindow(features, mask, { ...crop, flipProbability: 0 }, new Random(seed)),
    );
    expect(new Set(still.map(({ maps }) => Number(maps[1].values.data[0]) % 100))).toEqual(new Set([0, 1]));
  });

  test("of the whole takes a mask of another size", () => {
    const whole = { cropHeight: 32, cropWidth: 48, flipProbability: 0 };
    const large = { width: 80, height: 56, data: new Uint8Array(80 * 56).map((_, i) => (i % 80) >> 4) };
    const { labels } = featureWindow(features, large, whole, new Random(0));
    const row = Array.from({ length: 48 }, (_, x) => (x < 40 ? x >> 3 : IGNORE));
    expect([...labels.data.subarray(0, 48)]).toEqual(row);
    expect([...labels.data.subarray(28 * 48)].every((label) => label === IGNORE)).toBe(true);
  });
});

describe("features are told from others", () => {
  const [fine, coarse] = features.maps;
  test.each<[string, unknown, string]>([
    ["without a size", { ...features, width: 0 }, "width and height in pixels, 0 and 28"],
    ["without maps", { ...features, maps: [] }, "maps, at least one, none"],
    ["with no list of maps", { ...features, maps: undefined }, "maps, at least one, undefined"],
    ["of a stride twice", { ...features, maps: [fine, fine] }, "strides of maps in pixels, each once, 8"],
    [
      "of half a stride",
      { ...features, maps: [{ ...fine, stride: 0.5 }] },
      "strides of maps in pixels, each once, 0.5",
    ],
    [
      "of another type",
      { ...features, maps: [{ ...fine, values: { ...fine.values, dtype: "float32" } }] },
      "maps of float16 [C, h, w], float32 [3, 4, 6]",
    ],
    ["too small for the photograph", { ...features, height: 33 }, "maps of 40x33 pixels, one of 48x32"],
    [
      "of pictures padded otherwise",
      { ...features, maps: [fine, mapOf(16, 2, 3, 3)] },
      "maps of one padded picture, 48x32 and 48x48",
    ],
  ])("%s", (_, wrong, problem) => {
    expect(featuresProblem(wrong as Features)?.join(", ")).toBe(problem);
  });

  test("but those that are whole are", () => {
    expect(featuresProblem(features)).toBeNull();
    expect(featuresProblem({ ...features, maps: [coarse] })).toBeNull();
  });
});

test("infinite and undefined half floats are found", () => {
  const halves = (...bits: number[]) => ndarray("float16", [bits.length], Uint16Array.from(bits));
  expect([halves(0, 0x7bff, 0xfbff), halves(0x7c00), halves(0, 0xfc00), halves(0x7e01)].map(allFiniteHalves)).toEqual([
    ...[true, false, false, false],
  ]);
});
