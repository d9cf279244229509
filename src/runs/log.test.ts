import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { measureText, shares } from "../metrics/measure.ts";
import { readEventRecords } from "./events.ts";
import { type EvaluationLine, openLog, readMetrics, type TrainingLine } from "./log.ts";

const line = (step: number): TrainingLine => ({
  step,
  stage: "train",
  loss: 1 / step,
  terms: { crossEntropy: 1 / step },
  learningRate: 0.1,
  gradientNorm: 3,
});

async function logWith(...steps: number[]) {
  const platform = memoryPlatform();
  const log = await openLog(platform, "run", 0);
  for (const step of steps) await log.write(line(step));
  return platform;
}

test("lines come back as they were written", async () => {
  expect(await readMetrics(await logWith(1, 2), "run")).toEqual([line(1), line(2)]);
});

test("a log that is cut and continued has the bytes of one that never stopped", async () => {
  const platform = await logWith(1, 2, 3);
  const log = await openLog(platform, "run", 1);
  for (const step of [2, 3, 4]) await log.write(line(step));
  expect(platform.files.get("run/metrics.jsonl")).toEqual((await logWith(1, 2, 3, 4)).files.get("run/metrics.jsonl"));
});

test("a half-written last line is left out", async () => {
  const platform = await logWith(1, 2);
  await platform.appendFile("run/metrics.jsonl", '{"step":3,"lo');
  expect(await readMetrics(platform, "run")).toEqual([line(1), line(2)]);
});

const evaluated = (scores: Readonly<Record<string, number | null>>): EvaluationLine => ({
  ...{ step: 1, stage: "train", measures: shares(scores) },
});
const written = (name: string, value: number | null) => JSON.stringify({ name, value, unit: "share" });

test("a score over nothing is null in the log, and no point of TensorBoard's curve", async () => {
  const platform = memoryPlatform();
  const log = await openLog(platform, "run", 0);
  await log.write(evaluated({ "mean IoU": null, "pixel accuracy": null }));
  await log.write(evaluated({ "mean IoU": null, "pixel accuracy": 0.5 }));
  expect(new TextDecoder().decode(platform.files.get("run/metrics.jsonl"))).toBe(
    [null, 0.5]
      .map((value) => `${written("mean IoU", null)},${written("pixel accuracy", value)}`)
      .map((measures) => `{"step":1,"stage":"train","measures":[${measures}]}\n`)
      .join(""),
  );
  expect(await readMetrics(platform, "run")).toEqual(log.lines);
  const [events] = (await platform.list("run")).filter((name) => name.includes("tfevents"));
  const records = readEventRecords(await platform.readFile(`run/${events}`));
  expect(records.map(({ scalars }) => scalars)).toEqual([[{ tag: "evaluation/pixel accuracy", value: 0.5 }]]);
});

test.each([
  [1.23456, "plain", "1.235"],
  [0.5625, "share", "56.3 %"],
  [0, "share", "0.0 %"],
  [24.08, "dB", "24.1 dB"],
  [null, "share", "–"],
  [null, "dB", "–"],
] as const)("a score of %j, a %s, reads %s", (value, unit, text) => {
  expect(measureText({ value, unit })).toBe(text);
});

test("a score in a unit that is not known is refused, not taken for a share", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("run/metrics.jsonl", `${JSON.stringify(evaluated({ a: 1 })).replace("share", "points")}\n`);
  await expect(readMetrics(platform, "run")).rejects.toThrow(/metrics\.jsonl: .* on line 1/);
});

test("a damaged line in the middle is named", async () => {
  const platform = await logWith(1);
  await platform.appendFile("run/metrics.jsonl", "nonsense\n");
  await expect(readMetrics(platform, "run")).rejects.toThrow(/metrics\.jsonl: .* on line 2/);
});

test("there is one event file, cut like the log", async () => {
  const platform = await logWith(1, 2, 3);
  const log = await openLog(platform, "run", 2);
  await log.write(line(3));
  const names = (await platform.list("run")).filter((name) => name.includes("tfevents"));
  expect(names).toHaveLength(1);
  const records = readEventRecords(await platform.readFile(`run/${names[0]}`));
  expect(records.map(({ step }) => step)).toEqual([1, 2, 3]);
});

test("starting anew at step 0 empties the log", async () => {
  const platform = await logWith(1, 2);
  await openLog(platform, "run", 0);
  expect(await readMetrics(platform, "run")).toEqual([]);
});
