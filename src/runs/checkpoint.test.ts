import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32 } from "../array/ndarray.ts";
import {
  bestCheckpoint,
  type Checkpoint,
  checkpointOfStage,
  clearAfter,
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
  stagesKept,
  writeCheckpoint,
} from "./checkpoint.ts";

function checkpoint(step: number, score: number | null = null): Checkpoint {
  return {
    progress: { step, stage: 0, stageStep: step, window: { count: 1, sums: { a: 0.1 + 0.2 } }, score },
    tensors: { weights: { w: float32([1], [step]) }, optimizer: { m: float32([2], [1, 2]) } },
  };
}

async function runWith(...checkpoints: Checkpoint[]) {
  const platform = memoryPlatform();
  for (const each of checkpoints) await writeCheckpoint(platform, "run", each, { keep: 3 });
  const warnings: string[] = [];
  return { platform, warnings, warn: (line: string) => void warnings.push(line) };
}

test("a checkpoint comes back as it was written", async () => {
  const { platform } = await runWith(checkpoint(5, 0.25));
  expect(await readCheckpoint(platform, "run", 5)).toEqual({ ...checkpoint(5, 0.25), about: {} });
  await writeCheckpoint(platform, "run", checkpoint(6), { keep: 3, about: { stage: "learn" } });
  expect((await readCheckpoint(platform, "run", 6)).about).toEqual({ stage: "learn" });
});

test("a sum that is no number comes back, and the checkpoint with it", async () => {
  const { progress, tensors } = checkpoint(5);
  const sums = { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 1 };
  const { platform } = await runWith({ progress: { ...progress, window: { count: 2, sums } }, tensors });
  const read = await readCheckpoint(platform, "run", 5);
  expect(read.progress.window).toEqual({ count: 2, sums: { a: Number.NaN, b: Number.NaN, c: 1 } });
});

test("the same checkpoint has the same bytes", async () => {
  const [a, b] = [await runWith(checkpoint(5)), await runWith(checkpoint(5))];
  expect(a.platform.files).toEqual(b.platform.files);
});

test("the last few and the best are kept", async () => {
  const { platform } = await runWith(
    checkpoint(1),
    checkpoint(2, 0.9),
    checkpoint(3, 0.3),
    checkpoint(4),
    checkpoint(5),
    checkpoint(6),
  );
  expect(await listCheckpoints(platform, "run")).toEqual([2, 4, 5, 6]);
});

test("the best checkpoint is the one with the highest score", async () => {
  const { platform, warn } = await runWith(checkpoint(1, 0.5), checkpoint(2, 0.75), checkpoint(3));
  expect((await bestCheckpoint(platform, "run", warn))?.progress.step).toBe(2);
});

test("without scores the newest checkpoint is the best", async () => {
  const { platform, warn } = await runWith(checkpoint(1), checkpoint(2));
  expect((await bestCheckpoint(platform, "run", warn))?.progress.step).toBe(2);
});

test("a checkpoint of a later format is refused, not passed over, and stays", async () => {
  const { platform, warn, warnings } = await runWith(checkpoint(1, 0.5), checkpoint(2));
  const path = "run/checkpoints/step-00000002/state.json";
  const state = JSON.parse(new TextDecoder().decode(await platform.readFile(path))) as object;
  await platform.writeFile(path, JSON.stringify({ ...state, format: 2 }));
  const message = "state.json: expected a checkpoint of format 1, got 2. Use the version of tessera that wrote it.";
  await expect(latestCheckpoint(platform, "run", warn)).rejects.toThrow(message);
  await expect(bestCheckpoint(platform, "run", warn)).rejects.toThrow(message);
  expect(warnings).toEqual([]);
  expect(await listCheckpoints(platform, "run")).toEqual([1, 2]);
});

test("a run without checkpoints has no latest", async () => {
  const { platform, warn } = await runWith();
  expect(await latestCheckpoint(platform, "run", warn)).toBeNull();
});

describe("a damaged checkpoint is named, and the one before it is used", () => {
  const damage: [string, (bytes: Uint8Array) => Uint8Array | null, string][] = [
    ["a flipped bit in the weights", (bytes) => bytes.with(bytes.length - 1, 99), "weights.safetensors"],
    ["truncated weights", (bytes) => bytes.subarray(0, 20), "weights.safetensors"],
    ["no weights", () => null, "weights.safetensors"],
    [
      "an edited state",
      (bytes) => new TextEncoder().encode(new TextDecoder().decode(bytes).replace('"step": 2', '"step": 3')),
      "state.json",
    ],
    ["an empty state", () => new Uint8Array(0), "state.json"],
    ["no state", () => null, "state.json"],
  ];
  test.each(damage)("%s", async (_, change, file) => {
    const { platform, warnings, warn } = await runWith(checkpoint(1), checkpoint(2));
    const path = `run/checkpoints/step-00000002/${file}`;
    const changed = change(platform.files.get(path) as Uint8Array);
    if (changed === null) platform.files.delete(path);
    else platform.files.set(path, changed);
    expect((await latestCheckpoint(platform, "run", warn))?.progress.step).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(path)]);
  });
});

test("a checkpoint that was being written is not seen, and is cleared away", async () => {
  const { platform, warn } = await runWith(checkpoint(1), checkpoint(2));
  platform.files.set("run/checkpoints/.step-00000003.part/weights.safetensors", new Uint8Array(3));
  expect((await latestCheckpoint(platform, "run", warn))?.progress.step).toBe(2);
  await clearAfter(platform, "run", 1);
  expect(await platform.list("run/checkpoints")).toEqual(["step-00000001"]);
});

function of(step: number, stage: number, score: number | null = null): Checkpoint {
  const { progress, tensors } = checkpoint(step, score);
  return { progress: { ...progress, stage, stageStep: 1 }, tensors };
}

test("the last of each stage is kept, whatever comes after it", async () => {
  const all = [of(1, 0, 0.9), of(2, 0), of(3, 1), of(4, 2), of(5, 2, 0.5), of(6, 2), of(7, 2), of(8, 2)];
  const { platform, warn, warnings } = await runWith(...all);
  expect(await listCheckpoints(platform, "run")).toEqual([2, 3, 5, 6, 7, 8]);
  expect(await stagesKept(platform, "run")).toEqual([2, 1, 0]);
  expect((await checkpointOfStage(platform, "run", 0, warn))?.progress.step).toBe(2);
  expect((await checkpointOfStage(platform, "run", 2, warn))?.progress.step).toBe(8);
  expect(await checkpointOfStage(platform, "run", 3, warn)).toBeNull();
  platform.files.delete("run/checkpoints/step-00000003/state.json");
  platform.files.delete("run/checkpoints/step-00000002/weights.safetensors");
  expect(await stagesKept(platform, "run")).toEqual([2, 0]);
  expect(await checkpointOfStage(platform, "run", 0, warn)).toBeNull();
  expect(warnings).toEqual([expect.stringContaining("step-00000002/weights.safetensors")]);
});

test("the best checkpoint is one of the last stage, whatever earlier stages scored", async () => {
  const pass = await runWith(of(1, 0, 0.9), of(2, 1, null));
  expect((await bestCheckpoint(pass.platform, "run", pass.warn))?.progress.step).toBe(2);
  const two = await runWith(of(1, 0, 0.9), of(2, 1, null), of(3, 2, 0.5), of(4, 2, 0.4));
  expect((await bestCheckpoint(two.platform, "run", two.warn))?.progress.step).toBe(3);
});
