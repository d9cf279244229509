/** Photographs that the network sees as wholes, at their working size. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bareProbabilities, checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import { nodePlatform } from "../platform/node.ts";
import type { Engine } from "../runtime/engine.ts";
import { exportModel } from "./export.ts";
import { openExported, openSegmenter, type Segmenter } from "./segmenter.ts";

const trained = checkModel({ shortSide: 0, model: { anySize: true } });
const classes = trained.task.classes.length;
let folder: string;
let engine: Engine;
let segmenter: Segmenter;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-whole-"));
  engine = await checkEngine();
  segmenter = await openSegmenter(engine, trained);
});
afterAll(async () => {
  await segmenter.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** Share of pixels whose class the scores [K, pixels] give. */
function agreeing(labels: Uint8Array, scores: Float32Array): number {
  const same = labels.reduce((sum, label, i) => {
    const all = Array.from({ length: classes }, (_, k) => scores[k * labels.length + i]);
    return sum + (all.indexOf(Math.max(...all)) === label ? 1 : 0);
  }, 0);
  return same / labels.length;
}

it.each([
  [150, 97],
  [31, 90],
  [9, 5],
  [64, 48],
])("a photograph of %i x %i pixels is what the bare network gives for it", async (width, height) => {
  const image = checkImage(width, height, 3);
  const bare = await bareProbabilities(trained, image);
  const { labels } = await segmenter.segment(image, { windows: "whole" });
  expect(agreeing(labels.data, bare)).toBeGreaterThan(0.999);
  if (width > 60) {
    const windowed = await segmenter.segment(image);
    expect(windowed.labels.data).not.toEqual(labels.data); // borders of windows show
  }
});

it("several at once, of more sizes than are kept, do not get in each other's way", async () => {
  const images = [0, 1, 2, 3, 4, 5].map((i) => checkImage(40 + (i % 3), 30, i));
  const [apart, together] = [[], []] as Uint8Array[][];
  for (const image of images) apart.push((await segmenter.segment(image, { windows: "whole" })).labels.data);
  const results = await Promise.all(images.map((image) => segmenter.segment(image, { windows: "whole" })));
  together.push(...results.map(({ labels }) => labels.data));
  expect(together).toEqual(apart);
});

it("scales and the mirror image are averaged as with windows", async () => {
  const image = checkImage(70, 50, 4);
  const { areas } = await segmenter.segment(image, { windows: "whole", scales: [0.5, 1], flip: true });
  expect(areas.reduce((sum, area) => sum + area, 0)).toBe(70 * 50);
});

it("is refused for a model that takes some sizes only, and for a file", async () => {
  const other = await openSegmenter(engine, checkModel());
  await expect(other.segment(checkImage(40, 30), { windows: "whole" })).rejects.toThrow(
    "check run: expected a model that sees windows of any size for whole photographs, got one of some sizes only.",
  );
  await other.close();
  const file = join(folder, "model.onnx");
  await exportModel(engine, nodePlatform, trained, file);
  const exported = await openExported(engine, nodePlatform, file);
  await expect(exported.segment(checkImage(40, 30), { windows: "whole" })).rejects.toThrow(
    `${file}: expected a run for whole photographs, got a file, whose windows have one size.`,
  );
  await exported.close();
});
