import { expect, test } from "vitest";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { keepLargest } from "./largest-shares.ts";

test.each([
  [3, 7, 6],
  [2, 1, 9],
  [5, 8, 1],
  [4, 6, 7],
])(
  "of %i groups on %i x %i pixels, dropped ones take the shares of the nearest kept pixel",
  (groups, height, width) => {
    const random = new Random("shares", groups, height);
    const pixels = height * width;
    const map = float32(
      [groups, height, width],
      Array.from({ length: groups * pixels }, () => random.between(0, 1)),
    );
    const shares = toNumbers(map);
    const at = (g: number, i: number) => shares[g * pixels + i];
    const sums = Array.from({ length: groups }, (_, g) =>
      shares.slice(g * pixels, (g + 1) * pixels).reduce((a, b) => a + b, 0),
    );
    for (let count = 1; count <= groups; count++) {
      const limit = sums.toSorted((a, b) => b - a)[count - 1];
      const isKept = (i: number) => {
        const all = sums.map((_, g) => at(g, i));
        return sums[all.indexOf(Math.max(...all))] >= limit;
      };
      const got = toNumbers(keepLargest(map, count));
      const candidates = Array.from({ length: pixels }, (_, i) => i).filter(isKept);
      for (let i = 0; i < pixels; i++) {
        const distance = (other: number) =>
          (Math.floor(other / width) - Math.floor(i / width)) ** 2 + ((other % width) - (i % width)) ** 2;
        const nearest = candidates.reduce(
          (best, other) => (distance(other) < distance(best) ? other : best),
          candidates[0] ?? i,
        );
        for (let g = 0; g < groups; g++) expect(got[g * pixels + i]).toBe(at(g, isKept(i) ? i : nearest));
      }
    }
  },
);

test("where no pixel is most of a kept group, all stay", () => {
  // The first group has the largest sum, but is first nowhere.
  const map = float32([3, 1, 2], [0.4, 0.4, 0.6, 0, 0, 0.6]);
  expect(keepLargest(map, 1)).toEqual(map);
});

test("other arrays are refused", () => {
  expect(() => keepLargest(float32([2, 2], [0, 0, 0, 0]), 1)).toThrow("expected float32 shares [G, H, W]");
});
