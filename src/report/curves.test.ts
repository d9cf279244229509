import { expect, test } from "vitest";
import { type Measure, shares } from "../metrics/measure.ts";
import type { EvaluationLine, MetricsLine, TrainingLine } from "../runs/log.ts";
import { curvesOf } from "./curves.ts";

const training = (step: number, stage: string, terms: TrainingLine["terms"] = { a: 1 }): TrainingLine => ({
  ...{ step, stage, terms, loss: 1 / step, learningRate: 0.1, gradientNorm: step - 1 },
});
const evaluation = (step: number, stage: string, line: Partial<EvaluationLine> = {}): EvaluationLine => ({
  ...{ step, stage, measures: shares({ "mean IoU": 0.25 }), ...line },
});
const decibels = (name: string, value: number): Measure => ({ name, value, unit: "dB" });

const titles = (lines: readonly MetricsLine[]) => curvesOf(lines).map(({ title }) => title);

test("one stage has loss, scores, rate and norm, without its name", () => {
  expect(titles([training(1, "train"), training(2, "train"), evaluation(2, "train")])).toEqual([
    ...["Loss", "Validation, percent", "Learning rate", "Gradient norm, before clipping"],
  ]);
});

test("of several, each has its own charts, in the order in which they were trained", () => {
  const lines = [training(1, "denoise"), training(2, "denoise"), training(4, "tune"), training(5, "tune")];
  expect(titles(lines)).toEqual(
    ["denoise", "tune"].flatMap((stage) =>
      ["Loss", "Learning rate", "Gradient norm, before clipping"].map((title) => `${title} · ${stage}`),
    ),
  );
  expect(curvesOf(lines)[3].series[0].points).toEqual([
    [4, 1 / 4],
    [5, 1 / 5],
  ]);
});

test("scores in decibels have a chart of their own kind", () => {
  const measures = [decibels("PSNR", 21.5), decibels("PSNR of the noisy image", 13)];
  const [share, dB] = [...curvesOf([evaluation(2, "tune")]), ...curvesOf([evaluation(3, "denoise", { measures })])];
  expect(share).toMatchObject({
    ...{ title: "Validation, percent", fromZero: true },
    series: [{ name: "mean IoU", points: [[2, 25]] }],
  });
  expect(dB).toMatchObject({ title: "Validation, dB", fromZero: false });
  expect(dB.series.map(({ name, points }) => [name, points[0]])).toEqual([
    ["PSNR", [3, 21.5]],
    ["PSNR of the noisy image", [3, 13]],
  ]);
});

test("a score over nothing is no point of its curve, and no score at all no chart", () => {
  const nothing = evaluation(1, "tune", { measures: shares({ "mean IoU": null, "pixel accuracy": null }) });
  const half = evaluation(2, "tune", { measures: shares({ "mean IoU": null, "pixel accuracy": 0.5 }) });
  expect(curvesOf([nothing])).toEqual([]);
  expect(curvesOf([nothing, half])[0].series.map(({ points }) => points)).toEqual([[], [[2, 50]]]);
});

test.each<[string, string[], string[]]>([
  ["a single term, which is the sum", ["a"], ["total"]],
  ["two terms", ["a", "b"], ["total", "a", "b"]],
  ["the first four of five", ["a", "b", "c", "d", "e"], ["total", "a", "b", "c", "d"]],
])("beside the loss are drawn: %s", (_, names, expected) => {
  const terms = Object.fromEntries(names.map((name) => [name, 0.5]));
  expect(curvesOf([training(1, "train", terms)])[0].series.map(({ name }) => name)).toEqual(expected);
});

test("what is only watched has a chart of its own, and so has each unit of a stage's scores", () => {
  const lines = [
    { ...training(1, "train"), watched: { accuracy: 0.75 } },
    evaluation(1, "train"),
    evaluation(1, "train", { measures: [decibels("PSNR", 3)] }),
  ];
  expect(titles(lines)).toEqual([...["Loss", "Watched", "Validation, percent", "Validation, dB", "Learning rate"]]);
  expect(curvesOf(lines)[1].series).toEqual([{ name: "accuracy", points: [[1, 0.75]] }]);
});

test("what is no number, and norms of 0 on their logarithmic axis, are left out", () => {
  const [loss, , norm] = curvesOf([{ ...training(1, "train"), loss: Number.NaN }, training(2, "train")]);
  expect(loss.series[0].points).toEqual([[2, 1 / 2]]);
  expect(norm).toMatchObject({ logarithmic: true, series: [{ points: [[2, 1]] }] });
});

test("more scores than there are colours are drawn in several charts", () => {
  const measures = shares(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`score ${i}`, i / 32])));
  const charts = curvesOf([evaluation(3, "cam", { measures })]);
  expect(charts.map(({ title, series }) => [title, series.length])).toEqual([
    ["Validation, percent, 1 of 3", 5],
    ["Validation, percent, 2 of 3", 5],
    ["Validation, percent, 3 of 3", 2],
  ]);
  expect(charts[2].series[1]).toEqual({ name: "score 11", points: [[3, 34.375]] });
});

test("a log without lines has no charts", () => {
  expect(curvesOf([])).toEqual([]);
});
