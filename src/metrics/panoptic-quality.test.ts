import { describe, expect, it } from "vitest";
import {
  addPanopticCounts,
  countSegments,
  type PanopticCounts,
  panopticCounts,
  panopticScores,
  type ScoredSegment,
  type ScoredSegments,
} from "./panoptic-quality.ts";

/** Two kinds of things, one of stuff. */
const classes = [{ thing: true }, { thing: true }, { thing: false }];

/** One row of pixels: `"11122."` has segments 1 and 2, and void. */
function row(pixels: string, segments: readonly ScoredSegment[]): ScoredSegments {
  const data = Uint32Array.from(pixels, (pixel) => (pixel === "." ? 0 : Number(pixel)));
  return { width: data.length, height: 1, data, segments };
}

const segment = (id: number, classIndex: number, rest: Partial<ScoredSegment> = {}): ScoredSegment => ({
  ...{ id, classIndex },
  ...rest,
});

function counted(truth: ScoredSegments, prediction: ScoredSegments): PanopticCounts {
  const counts = panopticCounts(classes);
  countSegments(counts, truth, prediction);
  return counts;
}

/** IoU, true positives, false positives, false negatives of class `c`. */
const ofClass = (counts: PanopticCounts, c: number) => [
  counts.iou[c],
  counts.truePositives[c],
  counts.falsePositives[c],
  counts.falseNegatives[c],
];

describe("counts", () => {
  const crowd = { crowd: true };
  it.each<[string, ScoredSegments, ScoredSegments, number[]]>([
    ["a perfect segment", row("1111", [segment(1, 0)]), row("7777", [segment(7, 0)]), [1, 1, 0, 0]],
    [
      "an IoU of exactly one half is no match",
      row("11..", [segment(1, 0, { area: 4 })]),
      row("22..", [segment(2, 0)]),
      [0, 0, 1, 1],
    ],
    ["an IoU above one half is", row("111", [segment(1, 0)]), row("22.", [segment(2, 0)]), [2 / 3, 1, 0, 0]],
    [
      "void pixels of the prediction leave the union",
      row("11......", [segment(1, 0)]),
      row("22222222", [segment(2, 0)]),
      [1, 1, 0, 0],
    ],
    [
      "crowd pixels stay in it",
      row("1133", [segment(1, 0), segment(3, 0, crowd)]),
      row("2222", [segment(2, 0)]),
      [0, 0, 1, 1],
    ],
    [
      "the annotated area counts, not the pixels",
      row("11", [segment(1, 0, { area: 3 })]),
      row("22", [segment(2, 0)]),
      [2 / 3, 1, 0, 0],
    ],
    ["a segment half in void is wrong", row("1.", [segment(1, 1)]), row("22", [segment(2, 0)]), [0, 0, 1, 0]],
    ["one mostly in void is not", row("1..", [segment(1, 1)]), row("222", [segment(2, 0)]), [0, 0, 0, 0]],
    ["a crowd excuses its own class", row("11", [segment(1, 0, crowd)]), row("22", [segment(2, 0)]), [0, 0, 0, 0]],
    ["a crowd excuses no other class", row("11", [segment(1, 1, crowd)]), row("22", [segment(2, 0)]), [0, 0, 1, 0]],
    [
      "crowd and void add up",
      row("1133..", [segment(1, 0, crowd), segment(3, 1)]),
      row("222222", [segment(2, 0)]),
      [0, 0, 0, 0],
    ],
    [
      "the first of two crowds is forgotten",
      row("1133", [segment(1, 0, crowd), segment(3, 0, crowd)]),
      row("22..", [segment(2, 0)]),
      [0, 0, 1, 0],
    ],
    [
      "the last of two crowds is not",
      row("1133", [segment(3, 0, crowd), segment(1, 0, crowd)]),
      row("22..", [segment(2, 0)]),
      [0, 0, 0, 0],
    ],
    ["a crowd is not missed", row("11", [segment(1, 0, crowd)]), row("..", []), [0, 0, 0, 0]],
    ["nothing found", row("1122", [segment(1, 0), segment(2, 0)]), row("....", []), [0, 0, 0, 2]],
    ["a true segment without pixels is missed", row("..", [segment(1, 0, { area: 2 })]), row("..", []), [0, 0, 0, 1]],
    ["true pixels without a segment are not void", row("11", []), row("22", [segment(2, 0)]), [0, 0, 1, 0]],
    [
      "the last of true segments with one id counts",
      row("11", [segment(1, 1), segment(1, 0)]),
      row("22", [segment(2, 0)]),
      [1, 1, 0, 0],
    ],
  ])("%s", (_, truth, prediction, expected) => {
    expect(ofClass(counted(truth, prediction), 0)).toEqual(expected);
  });

  it("of a wrong class are one wrong and one missed", () => {
    const counts = counted(row("11", [segment(1, 0)]), row("11", [segment(1, 1)]));
    expect([ofClass(counts, 0), ofClass(counts, 1)]).toEqual([
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ]);
  });

  it("take ids of all 32 bits", () => {
    const map = (id: number): ScoredSegments => ({
      ...{ width: 2, height: 1, data: Uint32Array.of(id, id - 1) },
      segments: [segment(id, 0), segment(id - 1, 0)],
    });
    expect(ofClass(counted(map(2 ** 32 - 1), map(2 ** 31)), 0)).toEqual([2, 2, 0, 0]);
  });

  it("do not depend on how segments are scattered", () => {
    const segments = [segment(1, 0), segment(2, 0)];
    const together = counted(row("11112222", segments), row("11122222", segments));
    expect(counted(row("12121212", segments), row("12221212", segments))).toEqual(together);
  });

  it("add up to the same in parts as at once", () => {
    const images = [
      [row("1122", [segment(1, 0), segment(2, 2)]), row("1112", [segment(1, 0), segment(2, 2)])],
      [row("1133", [segment(1, 0), segment(3, 1)]), row("3333", [segment(3, 1)])],
    ];
    const [total, both] = [panopticCounts(classes), panopticCounts(classes)];
    for (const [truth, prediction] of images) {
      addPanopticCounts(total, counted(truth, prediction));
      countSegments(both, truth, prediction);
    }
    expect(total).toEqual(both);
  });
});

describe("scores", () => {
  const counts = panopticCounts([...classes, { thing: true }, {}]);
  counts.iou.set([1.5, 0, 0.75, 0, 0.5]);
  counts.truePositives.set([2, 0, 1, 0, 1]);
  counts.falsePositives.set([1, 1, 0, 0, 0]);
  counts.falseNegatives.set([1, 0, 0, 0, 0]);
  const scores = panopticScores(counts);

  it("divide by class; a class that does not occur has none", () => {
    expect(scores.perClass).toEqual([
      { pq: 0.5, sq: 0.75, rq: 2 / 3 },
      { pq: 0, sq: 0, rq: 0 },
      { pq: 0.75, sq: 0.75, rq: 1 },
      { pq: null, sq: null, rq: null },
      { pq: 0.5, sq: 0.5, rq: 1 },
    ]);
  });

  it("are plain means over the classes that occur", () => {
    expect(scores.all).toEqual({ pq: 1.75 / 4, sq: 0.5, rq: (2 / 3 + 2) / 4, classes: 4 });
    expect(scores.things).toEqual({ pq: 0.25, sq: 0.375, rq: 1 / 3, classes: 2 });
    expect(scores.stuff).toEqual({ pq: 0.75, sq: 0.75, rq: 1, classes: 1 });
  });

  it("over nothing are null", () => {
    const nothing = { pq: null, sq: null, rq: null, classes: 0 };
    expect(panopticScores(panopticCounts(classes))).toMatchObject({ all: nothing, things: nothing, stuff: nothing });
  });
});

describe("what must fail", () => {
  const truth = row("11", [segment(1, 0)]);
  it.each<[string, ScoredSegments, ScoredSegments | undefined, RegExp]>([
    ["no prediction", truth, undefined, /^image 3: expected a prediction, got none\. Predict/],
    ["another size", truth, row("111", [segment(1, 0)]), /expected a prediction of the truth's size 2x1, got 3x1/],
    [
      "pixels without a segment",
      truth,
      row("12", [segment(1, 0)]),
      /prediction: expected a segment .* got no segment 2/,
    ],
    [
      "a segment without pixels",
      truth,
      row("11", [segment(1, 0), segment(2, 0)]),
      /prediction: .* got none of segment 2/,
    ],
    ["an unknown class", truth, row("11", [segment(1, 3)]), /prediction: .* a class from 0 to 2, got 3/],
    ["an unknown true class", row("11", [segment(1, -1)]), truth, /truth: .* a class from 0 to 2, got -1/],
    ["a segment of void", truth, row("..", [segment(0, 0)]), /expected ids above 0, got a segment 0/],
    ["an area that is no number", row("11", [segment(1, 0, { area: Number.NaN })]), truth, /an area, got NaN/],
    ["an area of nothing", row("11", [segment(1, 0, { area: 0 })]), truth, /an area above 0, got 0/],
  ])("%s", (_, given, prediction, message) => {
    const counts = panopticCounts(classes);
    expect(() => countSegments(counts, given, prediction, "image 3")).toThrow(message);
    expect(counts).toEqual(panopticCounts(classes));
  });
});
