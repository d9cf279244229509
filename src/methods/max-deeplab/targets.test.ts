import { describe, expect, test } from "vitest";
import type { ClassInfo, Segment, SegmentMap } from "../../data/sample.ts";
import { type ClassOrder, classOrder, type LabelOptions, labelsOf, maskTargets } from "./targets.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [0, 0, 1], thing: false },
  { name: "dog", color: [0, 1, 0], thing: true },
  { name: "cat", color: [1, 0, 0], thing: true },
  { name: "other", color: [1, 1, 0] },
];

const options: LabelOptions = { maxThings: 3, crowdIsVoid: true, smallArea: 0, smallWeight: 1 };

function map(width: number, data: readonly number[], segments: readonly Partial<Segment>[]): SegmentMap {
  return {
    ...{ width, height: data.length / width, data: Uint32Array.from(data) },
    segments: segments.map((segment, i) => ({ id: i + 1, classIndex: 0, crowd: false, ...segment })),
  };
}

describe("labels of segments", () => {
  // 1 sky, 2 a cat, 3 a dog, 4 a crowd of dogs; 9 is in no list.
  const scene = map(
    4,
    [3, 3, 2, 0, 1, 1, 4, 9],
    [{}, { classIndex: 2 }, { classIndex: 1 }, { classIndex: 1, crowd: true }],
  );

  test("number things as they come, row by row, and leave void out", () => {
    const found = labelsOf(scene, classes, options, "a.jpg");
    expect([...found.semantic]).toEqual([2, 2, 3, 0, 1, 1, 0, 0]);
    expect([...found.thingId]).toEqual([0, 0, 1, -1, -1, -1, -1, -1]);
    expect([...found.thingClass]).toEqual([2, 3, -1]);
    expect([...found.weight]).toEqual([1, 1, 1, 0, 1, 1, 0, 0]);
  });

  test("keep crowds as pixels of their class that are in no mask, where that is asked for", () => {
    const found = labelsOf(scene, classes, { ...options, crowdIsVoid: false }, "a.jpg");
    expect([found.semantic[6], found.thingId[6], found.weight[6]]).toEqual([2, -1, 1]);
    const { segment, nonvoid } = maskTargets(found, classOrder(classes), 1);
    expect([segment[6], nonvoid[6]]).toEqual([-1, 1]);
  });

  test("make small things weigh more, but not stuff or crowds", () => {
    const found = labelsOf(scene, classes, { ...options, crowdIsVoid: false, smallArea: 2, smallWeight: 3 }, "a.jpg");
    expect([...found.weight]).toEqual([1, 1, 3, 0, 1, 1, 1, 0]);
  });

  test("are refused where there are more things than asked for", () => {
    const many = map(
      4,
      [1, 2, 3, 4],
      [1, 1, 2, 2].map((classIndex) => ({ classIndex })),
    );
    expect(() => labelsOf(many, classes, options, "a.jpg")).toThrow(
      "a.jpg: expected at most 3 things in an image, got 4. Add --set maxThings=4, or leave the image out.",
    );
    expect(() => labelsOf(many, classes, { ...options, maxThings: 4 }, "a.jpg")).not.toThrow();
  });

  test("are refused by the number of things of the whole image, where a crop shows too many", () => {
    const crop = map(
      4,
      [1, 2, 3, 4],
      [1, 1, 2, 2, 2, 0].map((classIndex) => ({ classIndex })),
    );
    expect(() => labelsOf(crop, classes, options, "a.jpg")).toThrow("got 5. Add --set maxThings=5,");
  });
});

describe("targets of masks", () => {
  const order: ClassOrder = classOrder(classes);

  test("classes are things first, then stuff, what nobody calls a thing among it", () => {
    expect(order).toEqual({ things: [2, 3], stuff: [1, 4], ignoreLabel: 0 });
  });

  test("a mask of which striding leaves no pixel is absent", () => {
    const scene = map(3, [1, 2, 1, 1, 3, 1, 1, 1, 1], [{}, { classIndex: 1 }, { classIndex: 2 }]);
    const found = maskTargets(labelsOf(scene, classes, options, "a.jpg"), order, 2);
    expect([found.height, found.width, ...found.segment]).toEqual([2, 2, 3, 3, 3, 3]);
    // Three things, sky, other.
    expect([...found.segmentClass]).toEqual([-1, -1, -1, 2, -1]);
  });

  test("all pixels of a stuff class are one mask, wherever they lie", () => {
    const scene = map(3, [1, 2, 3], [{}, { classIndex: 1 }, { classIndex: 0 }]);
    expect([...maskTargets(labelsOf(scene, classes, options, "a.jpg"), order, 1).segment]).toEqual([3, 0, 3]);
  });
});
