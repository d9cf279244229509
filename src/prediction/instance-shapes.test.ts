import { describe, expect, test } from "vitest";
import { Random } from "../array/random.ts";
import type { SegmentMap } from "../data/sample.ts";
import { type Area, decodeRuns, drawShapes } from "../datasets/shapes/draw-shapes.ts";
import { instanceShape, outlines } from "./instance-shapes.ts";
import { type CocoRuns, labelRuns } from "./label-runs.ts";

function map(rows: readonly string[]): SegmentMap {
  const data = Uint32Array.from(rows.join(""), (letter) => (letter === "#" ? 7 : 0));
  return { width: rows[0].length, height: rows.length, data, segments: [] };
}

/** Run lengths of the segment 7. */
function shapeOf(truth: SegmentMap): CocoRuns {
  const { runs } = labelRuns(truth).get(7) ?? { runs: [truth.data.length] };
  return instanceShape(truth, 7, { runs }, "rle") as CocoRuns;
}

const drawn = (areas: readonly Area[], { width, height }: SegmentMap) =>
  drawShapes({ file: "a.json", shapes: [{ label: 7, areas }], fill: 0 }, width, height);

const shapes: readonly (readonly [name: string, rows: readonly string[]])[] = [
  ["a rectangle", ["....", ".##.", ".##.", "...."]],
  ["one pixel", ["#"]],
  ["all of a picture", ["###", "###"]],
  ["a ring with a hole", ["#####", "#...#", "#...#", "#####"]],
  ["an island in a hole", ["#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"]],
  ["parts that touch at a corner", ["##..", "##..", "..##", "..##"]],
  ["parts that touch at the other corner", ["..##", "..##", "##..", "##.."]],
  ["holes that touch at a corner", ["#####", "##.##", "#.###", "#####"]],
  ["two holes", ["#######", "#.###.#", "#.###.#", "#######"]],
  ["nothing", ["..", ".."]],
];

describe("instances", () => {
  test.each(shapes)("%s: run lengths and outlines are the segment, pixel for pixel", (_, rows) => {
    const truth = map(rows);
    const { counts, size } = shapeOf(truth);
    expect(size).toEqual([truth.height, truth.width]);
    const runs = { runs: decodeRuns(counts), width: truth.width, height: truth.height };
    expect([...drawn([runs], truth).data]).toEqual([...truth.data]);
    const rings = outlines(truth, 7).map((ring) => ({ rings: [ring] }));
    expect([...drawn(rings, truth).data]).toEqual([...truth.data]);
  });

  test("of any form come back as they are", () => {
    const random = new Random(5, "shapes");
    for (let count = 0; count < 60; count++) {
      const [width, height] = [1 + random.integer(12), 1 + random.integer(12)];
      const share = random.integer(11) / 10;
      const data = Uint32Array.from({ length: width * height }, () => (random.chance(share) ? 7 : 0));
      const truth: SegmentMap = { width, height, data, segments: [] };
      const { counts, size } = shapeOf(truth);
      expect(size).toEqual([truth.height, truth.width]);
      const runs = { runs: decodeRuns(counts), width, height };
      expect([...drawn([runs], truth).data]).toEqual([...data]);
      const rings = outlines(truth, 7).map((ring) => ({ rings: [ring] }));
      expect([...drawn(rings, truth).data]).toEqual([...data]);
    }
  });

  test("have the corners of their outline alone, clockwise", () => {
    expect(outlines(map(["....", ".##.", ".##."]), 7)).toEqual([[1, 1, 3, 1, 3, 3, 1, 3]]);
  });

  // Runs 5, 1, 2, 1, 3; from the fourth on the difference to the one of its kind before: 5, 1, 2, 0, 1.
  test("are COCO's text of runs, by columns", () => {
    expect(shapeOf(map(["....", "....", ".##."])).counts).toBe("51201");
  });

  // Runs 40, 1, 4, 40, 1: 40 is 01000 with more to come, then 00001; 40 − 1 is 00111 with more, then 00001; 1 − 4 is 11101.
  test("take several letters for long runs, and one for small negative differences", () => {
    const column = map(Array.from({ length: 86 }, (_, y) => (y < 40 || (y > 40 && y < 45) || y > 84 ? "." : "#")));
    expect(shapeOf(column).counts).toBe("X11" + "4" + "W1" + "M");
  });
});
