import { expect, test } from "vitest";
import { Random } from "../../array/random.ts";
import { pixelsOfLargest } from "./largest-groups.ts";

test("pixels of groups that are left out take the nearest that is kept, the first of several", () => {
  // 0 2 1
  // 2 2 2
  const map = { width: 3, height: 2, weights: [3, 3, 1], groups: [0, 2, 1, 2, 2, 2] };
  expect([...pixelsOfLargest(map, 2)]).toEqual([0, 0, 2, 0, 0, 2]);
  // Of equal weights the lowest group.
  expect([...pixelsOfLargest(map, 1)]).toEqual([0, 0, 0, 0, 0, 0]);
  expect([...pixelsOfLargest(map, 5)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a group that is large in sum and the first nowhere keeps each pixel as it is", () => {
  expect([...pixelsOfLargest({ width: 2, height: 1, weights: [1, 9], groups: [0, 0] }, 1)]).toEqual([0, 1]);
});

test("the nearest is that of all pixels", () => {
  const random = new Random(3);
  for (const [width, height] of [
    [1, 1],
    [17, 1],
    [1, 9],
    [12, 14],
    [23, 7],
  ]) {
    const groups = Array.from({ length: width * height }, () => Math.floor(random.uniform() * 6));
    const map = { width, height, weights: [5, 4, 1, 1, 1, 1], groups };
    const distance = (a: number, b: number) =>
      ((a % width) - (b % width)) ** 2 + (Math.floor(a / width) - Math.floor(b / width)) ** 2;
    const kept = groups.flatMap((group, pixel) => (group < 2 ? [pixel] : []));
    const expected = groups.map((_, pixel) =>
      kept.length === 0
        ? pixel
        : kept.reduce((best, each) => (distance(pixel, each) < distance(pixel, best) ? each : best)),
    );
    expect([...pixelsOfLargest(map, 2)]).toEqual(expected);
  }
});
