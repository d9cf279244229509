/**
 * Photographs end to end (read, decode, segment, write mask, overlay and record) against bare `session.run` on the same
 * exported graph, fed with images that are already decoded. Both take turns, ten photographs at a time.
 *
 *   npx tsx bench/prediction/main.ts [MODEL.onnx] [--recipe NAME --words "a, b"] [--photographs FOLDER] [--count 100] [--threads N]
 *
 * Without a model: transunet-small as it starts, 176 x 240 windows, 11 classes, shorter side 352; or a recipe as it starts, of an
 * open vocabulary for these words. Without photographs: drawn scenes of 960 x 720, as JPEG. The ratio is images per second, ours over
 * bare; at least 0.85 is wanted. Its other way round is what a photograph takes, in bare ones.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { Random } from "../../src/array/random.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import type { Image } from "../../src/image/image.ts";
import { resizeImage } from "../../src/image/resize.ts";
import { resolveRecipe } from "../../src/methods/resolve-recipe.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { exportModel } from "../../src/prediction/export.ts";
import type { TrainedModel } from "../../src/prediction/model.ts";
import { predictFiles } from "../../src/prediction/predict.ts";
import { openExported } from "../../src/prediction/segmenter.ts";
import { openEngine, physicalCores } from "../../src/runtime/open.ts";
import { renderScene, sceneClasses } from "../../src/scenes/index.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photographs: { type: "string" },
    recipe: { type: "string", default: "transunet-small" },
    words: { type: "string", default: "cat, sofa, lamp, dog, chair, table, window, wall" },
    turn: { type: "string", default: "10" },
    count: { type: "string", default: "100" },
    threads: { type: "string", default: String(physicalCores()) },
  },
});
const count = Number(values.count);
const threads = Number(values.threads);
const turn = Number(values.turn);

const folder = mkdtempSync(join(tmpdir(), "tessera-bench-"));
const engine = await openEngine({ threads });
try {
  const model = positionals[0] ?? join(folder, "model.onnx");
  if (positionals[0] === undefined) await exportModel(engine, nodePlatform, await untrained(), model);
  const photographs = values.photographs === undefined ? await drawn() : listed(values.photographs);
  const segmenter = await openExported(engine, nodePlatform, model);
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
    logSeverityLevel: 4,
  });
  const bare = async (image: Image) => {
    const pixels = new Tensor("uint8", image.data, [image.height, image.width, 3]);
    await session.run({ image: pixels }, ["labels"]);
  };

  const first = await nodePlatform.decodeImage(photographs[0]);
  await bare(first);
  await segmenter.segment(first);
  const spent = { bare: { wall: 0, cpu: 0 }, ours: { wall: 0, cpu: 0 } };
  const timed = async (side: keyof typeof spent, act: () => Promise<void>) => {
    const [wall, { user, system }] = [performance.now(), process.cpuUsage()];
    await act();
    const after = process.cpuUsage();
    spent[side].wall += performance.now() - wall;
    spent[side].cpu += (after.user + after.system - user - system) / 1000;
  };
  for (let start = 0; start < photographs.length; start += turn) {
    const part = photographs.slice(start, start + turn);
    const images = await Promise.all(part.map((path) => nodePlatform.decodeImage(path)));
    await timed("bare", async () => {
      for (const image of images) await bare(image);
    });
    await timed("ours", async () => {
      await predictFiles(segmenter, nodePlatform, part, join(folder, "out"));
    });
  }
  const perSecond = (side: keyof typeof spent) => photographs.length / (spent[side].wall / 1000);
  const cpu = (side: keyof typeof spent) => spent[side].cpu / photographs.length;
  console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${threads} threads, Node ${process.version}`);
  console.log(
    `${photographs.length} photographs of ${first.width}x${first.height}, window ${segmenter.card.window.join("x")}`,
  );
  console.log(
    `bare session.run   ${perSecond("bare").toFixed(2)} images/s   ${cpu("bare").toFixed(0)} ms of CPU an image`,
  );
  console.log(
    `end to end         ${perSecond("ours").toFixed(2)} images/s   ${cpu("ours").toFixed(0)} ms of CPU an image`,
  );
  console.log(`ratio              ${(perSecond("ours") / perSecond("bare")).toFixed(3)}`);
  console.log(
    `a photograph takes ${(perSecond("bare") / perSecond("ours")).toFixed(3)} of bare wall time, ${(cpu("ours") / cpu("bare")).toFixed(3)} of CPU`,
  );
  await session.release();
} finally {
  await engine.close();
  rmSync(folder, { recursive: true });
}

/** Of a closed vocabulary for 11 classes of the drawn scenes. */
async function untrained(): Promise<TrainedModel> {
  const { method, recipe } = resolveRecipe(values.recipe);
  await method.ready?.();
  const open = method.vocabulary === "open";
  const words = values.words.split(",").map((word) => word.trim());
  const classes = open
    ? words.map((name, i) => ({ name, color: sceneClasses[i % sceneClasses.length].color }))
    : sceneClasses.slice(0, 11);
  const task = { classes, frequencies: [] };
  const network = new Model();
  const model = method.model(recipe, task);
  if (model.kind !== "semantic") throw new Error("bench: expected a semantic model.");
  const window = model.window ?? ([recipe.cropHeight, recipe.cropWidth] as const);
  model.scores(network.scope, input("window", [1, ...window, 3], "uint8"));
  const weights = Object.fromEntries(
    [...network.parameters.values()].map(({ name, tensor, initializer }) => [
      name,
      initializer(tensor.shape, new Random(0, name)),
    ]),
  );
  return { method, recipe, task, valueMap: {}, weights, window, shortSide: 352, source: "untrained", licence: "none" };
}

async function drawn(): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const scene = renderScene({ seed: 1, index: i, width: 512, height: 384 });
    const image = resizeImage(scene.image, 960, 720);
    paths.push(join(folder, `photograph${i}.jpg`));
    await nodePlatform.writeFile(paths[i], await nodePlatform.encodeImage(image, "jpeg"));
  }
  return paths;
}

function listed(path: string): string[] {
  const names = readdirSync(path).filter((name) => /\.(jpe?g|png|webp|avif|tiff?)$/i.test(name));
  return names.slice(0, count).map((name) => join(path, name));
}
