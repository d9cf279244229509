/** Models that say how photographs are scaled before windows are cut: the same in memory, in a file, in one piece and in strips. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import { input } from "../graph/tensor.ts";
import { resizeImage } from "../image/resize.ts";
import type { Preparation } from "../methods/model.ts";
import { cast, resize, transpose } from "../ops/index.ts";
import { nodePlatform } from "../platform/node.ts";
import type { Engine } from "../runtime/engine.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { cardOf } from "./card.ts";
import { exportModel } from "./export.ts";
import { assemble } from "./pipeline/assemble.ts";
import { openPrograms } from "./programs.ts";
import { openExported, openSegmenter } from "./segmenter.ts";
import { workingSize } from "./windows.ts";

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-preparation-"));
  engine = await checkEngine();
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const prepared = (preparation: Preparation) => checkModel({ model: { windowing: "halves", preparation } });
const sizes = [
  [30, 20],
  [150, 97],
  [70, 211],
  [400, 31],
  [9, 300],
] as const;

it.each<Preparation>([{ shortSide: 40 }, { shortSide: 40, longSide: 100 }, { longSide: 90 }])(
  "the graph scales as the host counts: %o",
  async (preparation) => {
    const trained = prepared(preparation);
    const programs = await openPrograms(engine, { file: null, model: () => assemble(engine, trained) });
    const { longSide } = cardOf(trained);
    for (const [width, height] of sizes) {
      for (const shortSide of [40, -40, 0, 1, 77]) {
        const { probabilities } = await programs.run(checkImage(width, height), shortSide, ["probabilities"]);
        const expected = workingSize(height, width, shortSide, longSide);
        expect([width, height, shortSide, ...probabilities.shape.slice(1)]).toEqual([
          width,
          height,
          shortSide,
          ...expected,
        ]);
        const scaled = await programs.scale(checkImage(width, height), shortSide);
        expect([scaled.height, scaled.width]).toEqual(expected);
      }
    }
    await programs.release();
  },
);

it.each<Preparation>([
  { shortSide: 40, longSide: 100 },
  { shortSide: 40, longSide: 100, antialias: false },
])("photographs have the same labels from the run, from its file, and in strips: %o", async (preparation) => {
  const trained = prepared(preparation);
  const own = await openSegmenter(engine, trained);
  const file = join(folder, "prepared.onnx");
  await exportModel(engine, nodePlatform, trained, file);
  const exported = await openExported(engine, nodePlatform, file);
  const pieces = await openExported(engine, nodePlatform, file, { piecePixels: 1000, pieceElements: 5 * 24 * 80 });
  expect(exported.card).toEqual(own.card);
  expect(own.card).toMatchObject({
    shortSide: 40,
    enlarge: true,
    longSide: 100,
    antialias: preparation.antialias ?? true,
  });
  for (const [width, height] of sizes) {
    const image = checkImage(width, height, 5);
    const { labels } = await own.segment(image);
    expect((await exported.segment(image)).labels.data).toEqual(labels.data);
    const { data } = (await pieces.segment(image)).labels;
    const same = data.reduce((sum, label, i) => sum + (label === labels.data[i] ? 1 : 0), 0);
    expect(same / data.length).toBeGreaterThan(0.999);
    // What is asked for comes first.
    const asked = await own.segment(image, { shortSide: 30 });
    expect((await exported.segment(image, { shortSide: 30 })).labels.data).toEqual(asked.labels.data);
  }
  for (const segmenter of [own, exported, pieces]) await segmenter.close();
});

it.each([true, false])("bicubic photographs are those of our operator: antialias %s", async (antialias) => {
  const trained = prepared({ antialias, filter: "bicubic" });
  const programs = await openPrograms(engine, { file: null, model: () => assemble(engine, trained) });
  for (const [width, height] of [
    [150, 97],
    [31, 40],
  ]) {
    const image = checkImage(width, height, 5);
    const got = await programs.scale(image, 40);
    const x = input("x", [1, height, width, 3], "uint8");
    const planes = cast(transpose(x, [0, 3, 1, 2]), "float32");
    const y = transpose(resize(planes, [got.height, got.width], { mode: "bicubic", antialias }), [0, 2, 3, 1]);
    const expected = (await evaluate({ y }, { x: { dtype: "uint8", shape: x.shape, data: image.data } })).y.data;
    for (const [i, value] of got.data.entries()) {
      expect(Math.abs(value - Math.min(255, Math.max(0, Number(expected[i]))))).toBeLessThan(0.51);
    }
  }
  const file = join(folder, "bicubic.onnx");
  await exportModel(engine, nodePlatform, trained, file);
  const exported = await openExported(engine, nodePlatform, file);
  const own = await openSegmenter(engine, trained);
  expect(exported.card).toEqual(own.card);
  const image = checkImage(150, 97, 6);
  expect((await exported.segment(image)).labels.data).toEqual((await own.segment(image)).labels.data);
  for (const each of [exported, own, { close: () => programs.release() }]) await each.close();
});

it("without antialiasing photographs are reduced by the nearest four pixels", async () => {
  for (const antialias of [false, true]) {
    const trained = prepared({ antialias });
    const programs = await openPrograms(engine, { file: null, model: () => assemble(engine, trained) });
    const image = checkImage(150, 97, 5);
    const { data, width, height } = await programs.scale(image, 40);
    const plain = resizeImage(image, width, height).data;
    const most = data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - plain[i])), 0);
    expect(most <= 1).toBe(!antialias);
    await programs.release();
  }
});
