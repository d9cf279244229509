import { describe, expect, it } from "vitest";
import type { WindowingName } from "../methods/model.ts";
import { firstOutput } from "./enlarge.ts";
import { spans, windowsPerStrip } from "./tiles.ts";
import { blendShares, fittedShortSide, type Windowing, windowings, windowStarts, workingSize } from "./windows.ts";

describe("working size", () => {
  it.each([
    ["own size", [720, 960, 0], [720, 960]],
    ["reduced", [720, 960, -360], [360, 480]],
    ["never enlarged when it is a limit", [90, 120, -360], [90, 120]],
    ["enlarged when it is asked for", [90, 120, 360], [360, 480]],
    ["portrait", [1000, 501, 250], [499, 250]],
    ["at most eightfold", [1, 1, 360], [8, 8]],
    ["never zero", [1, 9000, -1], [1, 9000]],
    ["halves round up", [100, 205, 50], [50, 103]],
  ])("%s", (_, [height, width, shortSide], expected) => {
    expect(workingSize(height, width, shortSide)).toEqual(expected);
  });

  it.each([
    ["of a photograph that is not too long", [720, 960, 448], [448, 597]],
    ["of a panorama, by its longer side", [500, 4000, 448], [256, 2048]],
    ["upright", [4000, 500, 448], [2048, 256]],
    ["reduced at most", [600, 5000, -448], [246, 2048]],
    ["of its own size, whatever that is", [500, 4000, 0], [500, 4000]],
    ["halves round up", [101, 4096, 448], [51, 2048]],
    ["never zero", [1, 9000, 448], [1, 2048]],
  ])("with a longest side of 2048: %s", (_, [height, width, shortSide], expected) => {
    expect(workingSize(height, width, shortSide, 2048)).toEqual(expected);
  });
});

describe("windows", () => {
  it.each<[string, WindowingName, number, number, number[]]>([
    ["one", "smooth", 30, 30, [0]],
    ["two, the last flush", "smooth", 35, 30, [0, 5]],
    ["a regular end", "smooth", 50, 30, [0, 20]],
    ["three", "smooth", 61, 30, [0, 20, 31]],
    ["averaged evenly, they lie alike", "even", 61, 30, [0, 20, 31]],
    ["one tile", "tiles", 30, 30, [0]],
    ["two halves", "tiles", 60, 30, [0, 30]],
    ["tiles, the last flush", "tiles", 61, 30, [0, 30, 31]],
    ["overlapping by half", "halves", 60, 30, [0, 15, 30]],
    ["overlapping by half of an odd side", "halves", 14, 7, [0, 3, 6, 7]],
  ])("%s", (_, name, size, window, starts) => {
    expect(windowStarts(size, window, windowings[name])).toEqual(starts);
  });

  it.each([
    [480, 640, [641, 641]],
    [640, 480, [641, 641]],
    [10, 5000, [65, 500]],
    [7, 3, [224, 224]],
    [100, 100, [64, 32]],
  ] as const)("a photograph of %i x %i is made to fit a window, as large as can be", (height, width, window) => {
    const [rows, columns] = workingSize(height, width, fittedShortSide(height, width, window));
    expect(rows <= window[0] && columns <= window[1]).toBe(true);
    const [moreRows, moreColumns] = workingSize(height, width, Math.min(rows, columns) + 1);
    const enlarged = Math.min(rows, columns) === 8 * Math.min(height, width);
    expect(enlarged || moreRows > window[0] || moreColumns > window[1]).toBe(true);
  });

  it("fade out over what two share when they are smooth", () => {
    const edge = [0.15625, 0.84375];
    expect([...windowings.smooth.profile(6)]).toEqual([...edge, 1, 1, ...edge.toReversed()]);
  });
});

const every: readonly [string, Windowing][] = Object.entries(windowings);
describe.each(every)("%s windows", (_, windowing) => {
  it.each([1, 2, 3, 24, 33, 1024])("of %i pixels are weighted above 0 everywhere, alike from both ends", (window) => {
    const profile = windowing.profile(window);
    expect(profile).toHaveLength(window);
    expect(Math.min(...profile)).toBeGreaterThan(0);
    expect(profile.toReversed()).toEqual(profile);
  });

  it.each([1, 2, 3, 24, 33])("of %i pixels leave no gap, and what they add is 1 at every pixel", (window) => {
    for (const size of [window, window + 1, 2 * window, 2 * window + 13, 6 * window]) {
      const sum = new Float64Array(size);
      const shares = blendShares(size, window, windowing);
      windowStarts(size, window, windowing).forEach((start, i) => {
        for (let x = 0; x < window; x++) sum[start + x] += shares[i][x];
      });
      for (const value of sum) expect(value).toBeCloseTo(1, 6);
    }
  });
});

it("tiles divide a pixel among as many as lie on it", () => {
  expect(blendShares(9, 4, windowings.tiles).map((list) => [...list])).toEqual([
    [1, 1, 1, 1],
    [1, 0.5, 0.5, 0.5],
    [0.5, 0.5, 0.5, 1],
  ]);
});

describe.each(every)("strips of %s windows", (_, windowing) => {
  const cases: [number, number, number][] = [];
  for (const size of [24, 25, 40, 41, 57, 88, 100, 143, 500])
    for (const count of [2, 3, 5]) cases.push([size, 24, count]);

  it.each(cases)("of %i pixels with windows of %i, %i at a time, use every pixel once", (size, window, count) => {
    const list = spans(size, window, count, windowing);
    expect(list[0].first).toBe(0);
    for (let i = 1; i < list.length; i++) expect(list[i].first).toBe(list[i - 1].end);
    expect(list.at(-1)!.end).toBe(size);
  });

  it.each(cases)(
    "of %i pixels with windows of %i, %i at a time, hold every window that touches a used pixel",
    (size, window, count) => {
      const starts = windowStarts(size, window, windowing);
      for (const { from, to, first, end } of spans(size, window, count, windowing)) {
        const mine = windowStarts(to - from, window, windowing).map((start) => start + from);
        const last = Math.min(end, size - 1);
        const touching = starts.filter((start) => start + window > first && start <= last);
        expect(mine).toEqual(expect.arrayContaining(touching));
        const extra = mine.filter((start) => !starts.includes(start));
        expect(extra).toEqual([]);
      }
    },
  );

  it("are one where the side is shorter than a window", () => {
    expect(spans(10, 24, 3, windowing)).toEqual([{ from: 0, to: 10, first: 0, end: 10 }]);
  });

  it("have as many windows as their scores may be, at least two", () => {
    const scores = (count: number) => 3 * 24 * ((count - 1) * windowing.stride(33) + 33);
    expect(windowsPerStrip(3, [24, 33], scores(4), windowing)).toBe(4);
    expect(windowsPerStrip(3, [24, 33], scores(5) - 1, windowing)).toBe(4);
    expect(windowsPerStrip(3, [24, 33], 1, windowing)).toBe(2);
  });
});

it("output pixels are counted from the first whose lower neighbour is reached", () => {
  for (const [from, to] of [
    [10, 37],
    [37, 10],
    [48, 48],
    [7, 700],
  ]) {
    const low = Array.from({ length: to }, (_, i) =>
      Math.floor(Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)),
    );
    for (let pixel = 0; pixel <= from; pixel++) {
      const expected = pixel === 0 ? 0 : low.findIndex((value) => value >= pixel);
      expect(firstOutput(pixel, from, to)).toBe(pixel === from || expected < 0 ? to : expected);
    }
  }
});
