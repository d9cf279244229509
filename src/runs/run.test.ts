import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32 } from "../array/ndarray.ts";
import { resolveRecipe } from "../methods/resolve-recipe.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { openTrained } from "./open-run.ts";
import { createRun } from "./run.ts";
import { type RunRecord, runFormat } from "./run-record.ts";

/** What `openTrained` says of a run of ddep-tiny (8 steps of each stage before the last) whose last checkpoint is there. */
async function said(stage: number, stageStep: number, from: RunRecord["from"] = []): Promise<string[]> {
  const platform = memoryPlatform();
  const record = {
    ...{ format: runFormat, version: "0", method: "ddep", recipe: "ddep-tiny", classes: [], valueMap: {} },
    ...{ dataset: { name: "photos", samples: 1, fingerprint: "" }, unlabelled: null, labels: null, from },
    ...{ frequencies: [], window: [64, 64] as const, shortSide: 0, licence: "" },
  };
  await createRun(platform, "run", { ...resolveRecipe("ddep-tiny", ["steps=0"]), record });
  const progress = { step: 8 * stage + stageStep, stage, stageStep, window: { count: 0, sums: {} }, score: null };
  await writeCheckpoint(platform, "run", { progress, tensors: { weights: { a: float32([1], [0]) } } }, { keep: 1 });
  const notes: string[] = [];
  await openTrained(platform, "run", { onNote: (line) => notes.push(line) });
  return notes;
}

test("weights whose training is not at its end are said to be so", async () => {
  expect(await said(0, 5)).toEqual([
    "run was stopped at step 5, and its stage encoder ends at 8. To end that first: tessera train DATASET --out run --resume",
  ]);
  expect(await said(1, 7)).toEqual([expect.stringContaining("at step 15, and its stage denoise ends at 16")]);
  expect(await said(1, 8)).toEqual([]);
});

test("imported weights have none of our steps behind them, and nothing is said", async () => {
  expect(await said(0, 0, [{ source: "file", stage: "import" }])).toEqual([]);
});

test("a new run begins without labels, lists and encoder of a try before it", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("run/labels/masks/a.json", "{}");
  await platform.writeFile("run/labels/masks.safetensors", "");
  for (const name of ["labelled.txt", "encoder.onnx"]) await platform.writeFile(`run/${name}`, "of another");
  const record = { format: runFormat } as RunRecord;
  await createRun(platform, "run", { ...resolveRecipe("ddep-tiny"), record });
  for (const name of ["labels", "labelled.txt", "encoder.onnx"])
    expect(await platform.exists(`run/${name}`)).toBe("nothing");
});

test("a method of one's own may mean anything by a field called encoder", async () => {
  const platform = memoryPlatform();
  const { method, recipe } = resolveRecipe("ddep-tiny");
  const own = { method, recipe: { ...recipe, encoder: "spectral" }, record: { format: runFormat } as RunRecord };
  await createRun(platform, "run", own);
  expect(JSON.parse(await platform.readText("run/recipe.json")).encoder).toBe("spectral");
});
