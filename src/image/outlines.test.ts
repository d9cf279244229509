import { expect, test } from "vitest";
import { Random } from "../array/random.ts";
import { outlinesOf, type Region } from "./outlines.ts";

/** Rings filled again: a pixel is inside where its middle is, and an odd number of rings enclose it. */
function filled(regions: readonly Region[], width: number, height: number): number[] {
  const data = new Array<number>(width * height).fill(-1);
  for (const { label, outer, holes } of regions) {
    for (let y = 0; y < height; y++) {
      const crossings: number[] = [];
      for (const ring of [outer, ...holes]) {
        for (let at = 0; at < ring.length; at += 2) {
          const next = (at + 2) % ring.length;
          const [y0, y1] = [ring[at + 1], ring[next + 1]];
          if (y0 <= y + 0.5 !== y1 <= y + 0.5) crossings.push(ring[at]);
        }
      }
      crossings.sort((a, b) => a - b);
      for (let pair = 0; pair < crossings.length; pair += 2) {
        for (let x = crossings[pair]; x < crossings[pair + 1]; x++) data[y * width + x] = label;
      }
    }
  }
  return data;
}

test("a ring with an island in its hole, and two pixels that touch at a corner", () => {
  const rows = ["11111.", "1...1.", "1.1.11", "1...1.", "11111.", ".....1"];
  const data = Array.from(rows.join(""), (letter) => (letter === "1" ? 1 : 0));
  const regions = outlinesOf(6, 6, data, (label) => label === 0);
  expect(regions.map(({ pixels, holes }) => [pixels, holes.length])).toEqual([
    [17, 1],
    [1, 0],
    [1, 0],
  ]);
  expect(regions[0].holes[0]).toHaveLength(8);
  expect(regions[1].outer).toEqual([2, 2, 3, 2, 3, 3, 2, 3]);
});

test("whatever the map, its regions filled again are the map", () => {
  for (const [width, height, classes] of [
    [1, 1, 1],
    [7, 1, 3],
    [13, 9, 2],
    [24, 17, 4],
  ]) {
    const random = new Random(3, width, "map");
    const data = Array.from({ length: width * height }, () => random.integer(classes));
    const regions = outlinesOf(width, height, data);
    expect(filled(regions, width, height)).toEqual(data);
    expect(regions.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(width * height);
    // No corner stands in a straight line.
    for (const { outer, holes } of regions) {
      for (const ring of [outer, ...holes]) {
        for (let at = 0; at < ring.length; at += 2) {
          const [before, next] = [(at + ring.length - 2) % ring.length, (at + 2) % ring.length];
          expect(ring[before] === ring[next] || ring[before + 1] === ring[next + 1]).toBe(false);
        }
      }
    }
  }
});
