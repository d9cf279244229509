import { describe, expect, test } from "vitest";
import { Random } from "../../array/random.ts";
import { boxesOf, samplerNames, type ViewSettings } from "./views.ts";

const voc: ViewSettings = { sampler: "corners+random", size: 448, crop: 320, count: 6 };
const boxes = (settings: Partial<ViewSettings> = {}, seed = 0) => boxesOf({ ...voc, ...settings }, new Random(seed));
const cornersOf = (settings: Partial<ViewSettings>) => boxes(settings).map(([left, top]) => [left, top]);

test("corners come first, then random places; each seed has its own", () => {
  const found = boxes();
  expect(found.slice(0, 4)).toEqual([
    [0, 0, 320, 320],
    [0, 128, 320, 448],
    [128, 0, 448, 320],
    [128, 128, 448, 448],
  ]);
  expect(found).toHaveLength(6);
  expect(boxes()).toEqual(found);
  expect(boxes({}, 1)).not.toEqual(found);
});

test("random places are whole pixels from 0 to one below the room there is, all of them", () => {
  const places = cornersOf({ size: 20, crop: 16, count: 400, sampler: "random" });
  for (const axis of [0, 1]) expect([...new Set(places.map((place) => place[axis]))].sort()).toEqual([0, 1, 2, 3]);
});

test("uniform ones are evenly spaced, row by row; one alone lies in the middle", () => {
  const uniform = (count: number) => cornersOf({ count, sampler: "uniform" });
  expect(uniform(9)).toEqual([0, 64, 128].flatMap((top) => [0, 64, 128].map((left) => [left, top])));
  expect(uniform(4)).toEqual([0, 128].flatMap((top) => [0, 128].map((left) => [left, top])));
  expect(uniform(1)).toEqual([[64, 64]]);
});

test.each(samplerNames)("%s views as large as the picture are the picture", (sampler) => {
  expect(boxes({ crop: 448, count: 4, sampler })).toEqual(Array(4).fill([0, 0, 448, 448]));
});

describe("what cannot be is refused:", () => {
  test.each<[string, Partial<ViewSettings>, string]>([
    [
      "a larger view",
      { crop: 449 },
      "views: expected crops of at most 448 pixels, got 449. Make the global view larger.",
    ],
    ["no grid", { count: 8, sampler: "uniform" }, "views: expected a square number of uniform views, got 8. Choose 4"],
  ])("%s", (_, settings, message) => {
    expect(() => boxes(settings)).toThrow(message);
  });
});
