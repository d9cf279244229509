/** An exported file, read by what its metadata says alone, in plain ONNX Runtime. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkEngine, checkImage } from "../../../test/support/check-model.ts";
import { Random } from "../../array/random.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { nodePlatform } from "../../platform/node.ts";
import { exportModel } from "../../prediction/export.ts";
import type { TrainedModel } from "../../prediction/model.ts";
import { openSegmenter } from "../../prediction/segmenter.ts";
import type { Engine } from "../../runtime/engine.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import type { Method } from "../method.ts";
import { maxDeepLab } from "./index.ts";
import { panopticModel } from "./prediction.ts";
import { recipes } from "./recipe.ts";

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await checkEngine();
  folder = mkdtempSync(join(tmpdir(), "tessera-maxdeeplab-"));
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const classes: readonly ClassInfo[] = ["sky", "cow", "road"].map((name, i) => ({
  ...{ name, color: [9 * i, 1, 2] as const, thing: name === "cow" },
}));

/** With first weights, and thresholds that let every slot have its pixels. */
function untrained(): TrainedModel {
  const anything = { classThreshold: 0, pixelThreshold: 0, thingArea: 1, stuffArea: 1 };
  const recipe = { ...recipes["maxdeeplab-tiny"], ...anything };
  const task = { classes, frequencies: [] };
  const { scope, parameters } = new Model();
  panopticModel(recipe, task).outputs(scope, input("view", [1, recipe.cropHeight, recipe.cropWidth, 3], "uint8"));
  const first = [...parameters.values()].map(({ name, tensor, initializer }) => [
    name,
    initializer(tensor.shape, new Random(4, name)),
  ]);
  return {
    ...{ method: maxDeepLab as unknown as Method, recipe, task, valueMap: {}, weights: Object.fromEntries(first) },
    ...{ window: [recipe.cropHeight, recipe.cropWidth], shortSide: 0, source: "test", licence: "test" },
  };
}

test("its outputs are those that its metadata tells, and give the segments that the run gives", async () => {
  const trained = untrained();
  const file = join(folder, "model.onnx");
  await exportModel(engine, nodePlatform, trained, file);
  const bytes = readFileSync(file);
  const { outputs, labels } = readMetadata((at, length) => bytes.subarray(at, at + length), bytes.length);
  const session = await InferenceSession.create(bytes);
  const told = JSON.parse(outputs) as Record<string, string>;
  expect(Object.keys(told).sort()).toEqual([...session.outputNames].sort());

  // As wide as the view, so not scaled; lower, so padded.
  const image = checkImage(65, 40, 3);
  const found = await session.run({ image: new Tensor("uint8", image.data, [40, 65, 3]) });
  const frame = [...(found.frame.data as BigInt64Array)].map(Number);
  const divisor = Number(/floor\(id \/ (\d+)\)/.exec(told["output:panoptic"])![1]);
  const own = await openSegmenter(engine, trained);
  const { panoptic } = await own.segment(image);
  const view = found["output:panoptic"];
  const classOf = new Map(panoptic!.segments.map(({ id, classIndex }) => [id, classIndex]));
  expect([frame, view.dims, classOf.size > 1]).toEqual([[40, 65], [65, 65], true]);
  const seen = (view.data as Int32Array).slice(0, 40 * 65);
  expect([...panoptic!.data]).toEqual([...seen]);
  for (const id of new Set(seen)) {
    if (id !== 0) expect([id, Math.floor(id / divisor) - 1]).toEqual([id, classOf.get(id)]);
  }
  expect(JSON.parse(labels)).toEqual(["sky", "cow", "road"]);
  await Promise.all([own.close(), session.release()]);
});
