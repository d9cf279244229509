import { expect, test } from "vitest";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { shares } from "../metrics/measure.ts";
import { lineChart } from "./line-chart.ts";
import { type Report, reportPage } from "./page.ts";

const evaluation: Evaluation = {
  kind: "semantic",
  measures: shares({ "mean IoU": 0.5 }),
  ...{
    dataset: "d",
    split: "val",
    model: "m",
    images: 1,
    pixels: 10,
    options: { shortSide: null, scales: [1], flip: false, windows: "smooth", crf: null },
  },
  ...{
    meanIou: 0.5,
    meanIouOfPresent: 0.5,
    meanAccuracy: 0.5,
    pixelAccuracy: 0.5,
    frequencyWeightedIou: 0.5,
    meanBoundaryIou: null,
  },
  classes: [
    { name: "sky", iou: 0.5, accuracy: 0.5, boundaryIou: null, pixels: 10 },
    { name: "<b>", iou: null, accuracy: null, boundaryIou: null, pixels: 0 },
  ],
  ...{
    absent: ["<b>"],
    confusion: [
      [5, 5],
      [0, 0],
    ],
    perImage: [],
    skipped: [],
  },
};

const report: Report = {
  ...{
    title: "a & b",
    subtitle: "",
    facts: [["steps", "5"]],
    curves: [],
    evaluation,
    best: [],
    worst: [],
    unseen: [],
    trials: [],
    views: [],
  },
  classes: [
    { name: "sky", color: [1, 2, 3] },
    { name: "<b>", color: [4, 5, 6] },
  ],
  ...{ skipped: ["a.jpg: <broken>"], recipe: { name: "r", list: [1, 2] }, footer: "" },
};

test("names are escaped wherever they appear", () => {
  const page = reportPage(report);
  expect(page).not.toMatch(/<b>|<broken>/);
  expect(page).toContain("a &amp; b");
});

test("classes that do not occur are named and left out of the bars", () => {
  expect(reportPage(report)).toContain("left out of the means: &lt;b&gt;");
});

test("pictures come first, then numbers, then curves, then the recipe", () => {
  const picture = { id: "p", score: "mean IoU 50.0 %", image: "data:,i", truth: "data:,t", prediction: "data:,p" };
  const points: [number, number][] = [
    [1, 2],
    [2, 1],
  ];
  const curves = [{ title: "Loss", series: [{ name: "total", points }], format: String }];
  const shown = { best: [picture], worst: [picture], unseen: [picture], curves };
  const page = reportPage({ ...report, ...shown });
  const headings = [...page.matchAll(/<h2>([^<]+)/g)].map(([, heading]) => heading);
  expect(headings).toEqual([
    ...["Best", "Worst", "Not seen in training", "Classes", "Confusion", "Training", "Skipped images", "Recipe"],
  ]);
  expect(page.indexOf("tiles")).toBeLessThan(page.indexOf("Best"));
});

test("a run without scores has a page, too", () => {
  expect(reportPage({ ...report, evaluation: null })).not.toContain("Confusion");
});

test.each<[string, [number, number][], boolean]>([
  ["one point", [[1, 2]], false],
  [
    "equal values",
    [
      [1, 2],
      [2, 2],
    ],
    false,
  ],
  [
    "zeros",
    [
      [1, 0],
      [2, 0],
    ],
    false,
  ],
  [
    "a huge range",
    [
      [1, 1e-9],
      [2, 1e9],
    ],
    true,
  ],
  [
    "values that are not numbers",
    [
      [1, Number.NaN],
      [2, 3],
    ],
    false,
  ],
  ["ten thousand points", Array.from({ length: 10_000 }, (_, i): [number, number] => [i, Math.sin(i)]), false],
])("a chart of %s has finite coordinates and few elements", (_, points, logarithmic) => {
  const { markup } = lineChart({ title: "t", series: [{ name: "s", points }], format: String, logarithmic });
  expect(markup).not.toMatch(/(NaN|Infinity)[,"]/);
  expect(markup.length).toBeLessThan(60_000);
});

test("a chart without points is no chart", () => {
  expect(lineChart({ title: "t", series: [{ name: "s", points: [] }], format: String }).markup).toBe("");
});

test.each<[string, number[], boolean]>([
  ["a small range far from 0", [1.9, 2.1], true],
  ["steps of a quarter", [0, 0.9], false],
])("no two labels of an axis read alike, nor off their place: %s", (_, values, logarithmic) => {
  const points = values.map((value, step): [number, number] => [step, value]);
  const format = (value: number) => String(Number(value.toPrecision(1)));
  const { markup } = lineChart({ title: "t", series: [{ name: "s", points }], format, logarithmic });
  const labels = [...markup.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => Number(label));
  expect(labels.length).toBeGreaterThan(2);
  expect(new Set(labels).size).toBe(labels.length);
  const steps = labels.slice(1).map((label, i) => (logarithmic ? label / labels[i] : label - labels[i]));
  for (const step of steps) expect(Math.abs(step / steps[0] - 1)).toBeLessThan(logarithmic ? 0.01 : 0.11);
});

test.each([
  [1.4, 12, "1 2 5 10 20"],
  [0.02, 0.9, "0.02 0.05 0.1 0.2 0.5 1"],
  [4, 4.2, "4 4.1 4.2"],
  [0.01, 3000, "0.01 0.1 1 10 100 1000 10000"],
  [5, 5, "4 6"],
])("a logarithmic axis from %d to %d has round values", (low, high, expected) => {
  const series = [{ name: "s", points: [low, high].map((value, step): [number, number] => [step, value]) }];
  const format = (value: number) => String(Number(value.toPrecision(6)));
  const { markup } = lineChart({ title: "t", series, format, logarithmic: true });
  expect([...markup.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => label).join(" ")).toBe(expected);
});
