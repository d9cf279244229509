import { describe, expect, test } from "vitest";
import { scoresOf as scoresOfAll } from "../../test/support/study-scores.ts";
import {
  above,
  type Comparison,
  compare,
  fractionText,
  type Judgement,
  judgeAll,
  judgeTogether,
  notAbove,
  type Scores,
  spreadOf,
} from "./study.ts";

/** Mean IoU by arm and seed, at 1/8 of the labels. */
function scoresOf(table: Readonly<Record<string, readonly (number | undefined)[]>>): Scores {
  return (arm, fraction) => (fraction === 1 / 8 ? (table[arm] ?? null) : null);
}

describe("two arms", () => {
  test("are compared seed by seed: the mean difference, and its standard error", () => {
    const scores = scoresOf({ a: [0.5, 0.6, 0.7], b: [0.4, 0.55, 0.55] });
    const { difference, error, text } = compare(scores, "a", "b", 1 / 8)!;
    // Differences 0.1, 0.05, 0.15.
    expect(difference).toBeCloseTo(0.1, 12);
    expect(error).toBeCloseTo(0.05 / Math.sqrt(3), 12);
    expect(text).toBe("1/8: +10.0 ± 2.9");
    expect(compare(scores, "b", "a", 1 / 8)!.text).toBe("1/8: −10.0 ± 2.9");
  });

  test.each<[string, Parameters<typeof scoresOf>[0], Partial<Comparison> | null]>([
    [
      "seeds that only one of them has are left out",
      { a: [0.5, 0.9], b: [0.25] },
      { difference: 0.25, error: null, text: "1/8: +25.0 (one seed)" },
    ],
    [
      "missing runs are left out",
      { a: [undefined, 0.5], b: [0.1, 0.25] },
      { difference: 0.25, error: null, text: "1/8: +25.0 (one seed)" },
    ],
    ["there is nothing to compare without a common seed", { a: [0.5, undefined], b: [undefined, 0.5] }, null],
    ["nor where an arm has no runs", { a: [0.5] }, null],
  ])("%s", (_, table, expected) => {
    const got = compare(scoresOf(table), "a", "b", 1 / 8);
    if (expected === null) expect(got).toBeNull();
    else expect(got).toMatchObject(expected);
    expect(compare(scoresOf(table), "a", "b", 1)).toBeNull();
  });
});

const better: Comparison = { difference: 0.02, error: 0.01, text: "1/8: +2.0 ± 1.0" };
const equal: Comparison = { difference: 0, error: 0, text: "1/4: +0.0 ± 0.0" };
const unclear: Comparison = { difference: 0.005, error: 0.01, text: "1/4: +0.5 ± 1.0" };
const single: Comparison = { difference: 0.005, error: null, text: "1/4: +0.5 (one seed)" };
const against: Comparison = { difference: -0.005, error: null, text: "1/4: −0.5 (one seed)" };
const worse: Comparison = { difference: -0.005, error: 0.01, text: "all: −0.5 ± 1.0" };

test("without shares of the labels the text of a comparison names none", () => {
  const scores: Scores = (arm, fraction = 1) => (fraction === 1 ? [arm === "a" ? 0.5 : 0.25] : null);
  expect(compare(scores, "a", "b")!.text).toBe("+25.0 (one seed)");
});

describe("a claim is", () => {
  test.each<[string, (Comparison | null)[], Judgement["verdict"], string]>([
    ["held where every comparison is for it", [better, better], "held", "a − b 1/8: +2.0 ± 1.0; 1/8: +2.0 ± 1.0"],
    ["not held where one is against it", [better, worse], "not held", "a − b 1/8: +2.0 ± 1.0; all: −0.5 ± 1.0"],
    ["not held where one is a draw", [equal], "not held", "a − b 1/4: +0.0 ± 0.0"],
    ["not held where the error is larger", [unclear], "not held", "a − b 1/4: +0.5 ± 1.0"],
    ["not measured with a single seed that is for it", [single], "not measured", "a − b 1/4: +0.5 (one seed)"],
    ["not held with a single seed that is against it", [against], "not held", "a − b 1/4: −0.5 (one seed)"],
    ["not measured where one is missing", [better, null], "not measured", ""],
    ["not measured without any", [], "not measured", ""],
  ])("%s", (_, comparisons, verdict, evidence) => {
    expect(judgeAll(comparisons, "a − b")).toEqual({ verdict, evidence });
  });

  test("judged as it says", () => {
    const withinError = ({ difference, error }: Comparison) => difference > -(error ?? 0);
    expect(judgeAll([better, worse], "a − b", withinError).verdict).toBe("held");
  });

  const held: Judgement = { verdict: "held", evidence: "one" };
  const not: Judgement = { verdict: "not held", evidence: "two" };
  const oneSeed: Judgement = { verdict: "not measured", evidence: "three" };
  const unknown: Judgement = { verdict: "not measured", evidence: "" };
  test.each<[Judgement[], Judgement]>([
    [[held, held], { verdict: "held", evidence: "one | one" }],
    [[held, not], { verdict: "not held", evidence: "one | two" }],
    [[held, unknown], unknown],
    [[not, unknown], unknown],
    [[held, oneSeed], { verdict: "not measured", evidence: "one | three" }],
    [[not, oneSeed], { verdict: "not held", evidence: "two | three" }],
  ])("made of several (case %#)", (judgements, expected) => {
    expect(judgeTogether(judgements)).toEqual(expected);
  });
});

test.each<[string, number[], number[], Judgement["verdict"], Judgement["verdict"]]>([
  ["higher", [0.5, 0.52], [0.4, 0.41], "held", "not held"],
  ["lower", [0.4, 0.41], [0.5, 0.52], "not held", "held"],
  ["as high", [0.5, 0.5], [0.5, 0.5], "not held", "held"],
  ["higher by less than the error", [0.5, 0.6], [0.55, 0.5], "not held", "held"],
  ["higher by one seed", [0.5], [0.4], "not measured", "not held"],
])("an arm that is %s than another, seed by seed", (_, a, b, isAbove, isNot) => {
  const scores = scoresOfAll({ a, b });
  expect([above(scores, "a", "b").verdict, notAbove(scores, "a", "b").verdict]).toEqual([isAbove, isNot]);
  expect(above(scores, "a", "b").evidence).toBe(`a − b ${compare(scores, "a", "b")!.text}`);
  expect(notAbove(scores, "a", "c").verdict).toBe("not measured");
});

test.each([
  [1, "all"],
  [1 / 30, "1/30"],
  [1 / 8, "1/8"],
  [0.1, "1/10"],
  [1 / 3, "1/3"],
  [0.3, "30 %"],
  [0.123456, "12.3 %"],
  [0.3333, "33.3 %"],
])("a share of %d of the labels is written %s", (fraction, expected) => {
  expect(fractionText(fraction)).toBe(expected);
});

test.each([
  [[0.5], { mean: 0.5, deviation: 0 }],
  [[1, 3], { mean: 2, deviation: Math.SQRT2 }],
  [[2, 4, 4, 4, 5, 5, 7, 9], { mean: 5, deviation: Math.sqrt(32 / 7) }],
])("the spread of %o", (values, expected) => {
  expect(spreadOf(values)).toEqual(expected);
});
