import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import { meanOverDatasets, meanText, otherScores, transferred } from "./eval-transfer.ts";

const none = { map: undefined, with: [] };

async function platformWith(files: Readonly<Record<string, string>>) {
  const platform = memoryPlatform();
  for (const [name, text] of Object.entries(files)) await platform.writeFile(name, text);
  return platform;
}

const evaluation = { kind: "semantic", dataset: "here", meanIou: 0.6 } as unknown as Evaluation;

describe("scores of other data sets", () => {
  test("are read, and the harmonic mean counts this one too", async () => {
    const platform = await platformWith({ "a.json": '{"dataset": "there", "meanIou": 0.3, "kind": "semantic"}' });
    const others = await otherScores(platform, { ...none, with: ["a.json"] });
    const mean = meanOverDatasets(evaluation, others)!;
    expect(mean.value).toBeCloseTo(0.4, 12);
    expect(meanText(mean, evaluation, others)).toBe(
      "harmonic mean IoU of 2 data sets 40.0 %: there 30.0 %, here 60.0 %",
    );
  });

  test("are none where none were asked for", async () => {
    expect(await otherScores(await platformWith({}), none)).toEqual([]);
    expect(meanOverDatasets(evaluation, [])).toBeNull();
  });

  test.each([
    ["panoptic ones", '{"dataset": "there", "pq": 0.3}', "expected scores that tessera eval --out wrote"],
    ["nothing", "null", "expected scores that tessera eval --out wrote"],
    ["no JSON", "mean IoU 30", "a.json: expected JSON, got other text."],
  ])("are refused where they are %s", async (_, text, message) => {
    const platform = await platformWith({ "a.json": text });
    await expect(otherScores(platform, { ...none, with: ["a.json"] })).rejects.toThrow(message);
  });
});

test("a segmenter has the data set's classes where a map is given, and its own without", async () => {
  const classes = (...names: string[]) => names.map((name) => ({ name, color: [0, 0, 0] as const }));
  const segmenter = {
    card: { kind: "semantic", classes: classes("car", "sky") },
    source: "run",
  } as unknown as Segmenter;
  const platform = await platformWith({ "map.json": '{"car": "vehicle"}' });
  const dataset = { classes: classes("vehicle", "sky") };
  expect(await transferred(platform, segmenter, dataset, none)).toBe(segmenter);
  const mapped = await transferred(platform, segmenter, dataset, { ...none, map: "map.json" });
  expect(mapped.card.classes).toBe(dataset.classes);
});
