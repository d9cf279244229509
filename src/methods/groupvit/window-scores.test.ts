/** A tiny GroupViT from its published files to masks: imported, windowed, exported; what every step predicts is the same. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bareProbabilities, checkEngine, checkImage } from "../../../test/support/check-model.ts";
import { memoryPlatform } from "../../../test/support/memory-platform.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { nodePlatform } from "../../platform/node.ts";
import { exportModel } from "../../prediction/export.ts";
import { assemble } from "../../prediction/pipeline/assemble.ts";
import { openPrograms } from "../../prediction/programs.ts";
import { openExported, openSegmenter } from "../../prediction/segmenter.ts";
import { importRun } from "../../runs/import-run.ts";
import { openRun } from "../../runs/open-run.ts";
import type { Engine } from "../../runtime/engine.ts";
import type { Imported, Method } from "../method.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";
import type { TrainingStage } from "../stage.ts";
import { officialFile, portFiles } from "./file-writers.ts";
import { importedGroupViT } from "./files.ts";
import { classVectors, encodePairs, pairLosses } from "./network.ts";
import { type GroupViTSettings, publishedGroupViT } from "./settings.ts";
import { normalizations, type WindowScoreOptions, windowScores } from "./window-scores.ts";

const small: GroupViTSettings = {
  ...publishedGroupViT,
  ...{ imageSize: 32, patchSize: 8, width: 16, heads: [2, 2, 2], depths: [1, 1, 1] },
  ...{ groupTokens: [6, 4, 0], outputGroups: [6, 4] },
  ...{ textContext: 4, textWidth: 8, textHeads: 2, textLayers: 1, textVocabulary: 40 },
  ...{ projectionHidden: 24, projectionWidth: 12, prompts: 0 },
};

type TestRecipe = Recipe & GroupViTSettings;

const recipe: TestRecipe = {
  ...{ ...baseRecipe, ...small, name: "tiny", method: "tiny-groupvit", cropHeight: 32, cropWidth: 32, batchSize: 2 },
};

/** A word is its letters. */
const idsOf = (words: string) =>
  [1, ...[...words].slice(0, 2).map((letter) => letter.charCodeAt(0) % 37), 39, 0].slice(0, 4);

function methodOf(options: WindowScoreOptions): Method<TestRecipe> {
  return {
    ...{ name: "tiny-groupvit", vocabulary: "open", validate: () => {} },
    paper: { authors: "", title: "", venue: "", url: "" },
    recipes: { tiny: recipe },
    stages: (settings): TrainingStage[] => [
      {
        ...{ kind: "training", name: "train", learnsFrom: ["captions"], settings, prepare: () => ({}) },
        inputs: {
          image: { dtype: "float32", shape: [2, 3, 32, 32] },
          ids: { dtype: "int64", shape: [2, 1, 4] },
        },
        loss: (scope, { image, ids }) => {
          const { contrastive } = pairLosses(scope, encodePairs(scope, image, ids, settings), settings);
          return { terms: { contrastive } };
        },
      },
    ],
    model: (settings, { classes }) => ({
      ...{ kind: "semantic", stride: 8, window: [48, 48], anySize: true, windowing: "halves" },
      preparation: { shortSide: 48, longSide: 160, antialias: false },
      scores(scope, image) {
        const isFirst = classes[0].name === "background";
        const background = isFirst ? (options.background ?? null) : null;
        const words = background === null ? classes : classes.slice(1);
        const ids = words.flatMap(({ name }) => idsOf(name));
        const vectors = classVectors(scope, constant(fromNumbers("int64", [words.length, 1, 4], ids)), settings);
        return windowScores(scope, image, vectors, settings, { ...options, background });
      },
    }),
    imports(files, given): Imported<TestRecipe> | null {
      return importedGroupViT(files, given, ({ settings }) => ({ ...recipe, ...settings }));
    },
  };
}

function published() {
  const model = new Model();
  const ids = input("ids", [1, 1, 4], "int64");
  pairLosses(model.scope, encodePairs(model.scope, input("images", [1, 3, 32, 32]), ids, small), small);
  // Large enough that groups and words are told apart.
  const weights = Object.entries(movedWeights(model)).map(([name, array]) => {
    const random = new Random("large", name);
    const numbers = toNumbers(array).map((value) => (array.shape.length > 1 ? random.between(-1, 1) : value));
    return [name, float32(array.shape, numbers)] as const;
  });
  return { settings: small, weights: Object.fromEntries(weights), counters };
}

const counters = {
  "imageProjection.norm.num_batches_tracked": fromNumbers("int64", [], [7]),
  "textProjection.norm.num_batches_tracked": fromNumbers("int64", [], [9]),
};

const wordList = ["background", "cat", "dog", "tree", "sofa", "lamp", "boat"];
const classes: readonly ClassInfo[] = wordList.map((name, i) => ({ name, color: [i, 0, 0] as const }));
const official: WindowScoreOptions = {
  ...{ normalization: normalizations.official, scores: "official", background: { threshold: 0.5 } },
};

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await checkEngine();
  folder = mkdtempSync(join(tmpdir(), "tessera-groupvit-"));
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** A run of files in the given form, with the classes above. */
async function runOf(form: "official" | "hf", method: Method<TestRecipe>, settings: readonly string[] = []) {
  const platform = memoryPlatform();
  const files = form === "official" ? { "model.pth": officialFile(published()) } : portFiles(published()).files;
  for (const [name, content] of Object.entries(files)) await platform.writeFile(`in/${name}`, content);
  const file = form === "official" ? "in/model.pth" : "in"; // a folder stands for its files
  const methods = [method as unknown as Method];
  const imported = await importRun({
    ...{ platform, files: [file], folder: "run", settings, classes: null, licence: "test", patchOnly: false, methods },
  });
  return { imported, trained: await openRun(platform, "run", { methods, classes }) };
}

describe("published files become a run that predicts any words", () => {
  test.each([
    ["official", ["heads=2,2,2", "textHeads=2"]],
    ["hf", []],
  ] as const)("%s", async (form, settings) => {
    const { imported, trained } = await runOf(form, methodOf(official), settings);
    expect(imported).toMatchObject({ whole: true, notes: [], recipe: small });
    // What goes out again is what came in, counters of batches included.
    const again = { settings: trained.recipe as TestRecipe, weights: trained.weights };
    expect(officialFile(again)).toEqual(officialFile(published()));
    expect(portFiles(again).files).toEqual(portFiles(published()).files);
  });

  test("what the official form does not tell is asked for", async () => {
    await expect(runOf("official", methodOf(official))).rejects.toThrow(
      "whose heads the file does not tell. Add --set heads=N",
    );
  });
});

const kinds: [string, WindowScoreOptions][] = [
  ["the authors' way, with a background", official],
  ["the authors' way, without", { ...official, background: null }],
  ["the paper's way", { ...official, scores: "paper" }],
  ["the port's way", { normalization: normalizations.hf, scores: "hf" }],
];

test.each(kinds)("a photograph has one mask from the run and from its exported file: %s", async (_, options) => {
  const { trained } = await runOf("hf", methodOf(options));
  const own = await openSegmenter(engine, trained);
  const file = join(folder, "model.onnx");
  await exportModel(engine, nodePlatform, trained, file);
  const exported = await openExported(engine, nodePlatform, file);
  for (const [width, height] of [
    [48, 48],
    [61, 90],
    [30, 20],
  ]) {
    const image = checkImage(width, height, 7);
    const { labels } = await own.segment(image);
    expect((await exported.segment(image)).labels.data).toEqual(labels.data);
  }
  // As a whole: in one pass of the network.
  const oblong = checkImage(61, 90, 7);
  const whole = (await own.segment(oblong, { windows: "whole", shortSide: 0 })).labels.data;
  const all = await bareProbabilities(trained, oblong);
  const found = whole.filter((label, i) => {
    const scores = classes.map((_class, k) => all[k * whole.length + i]);
    return scores.indexOf(Math.max(...scores)) === label;
  });
  expect(found.length / whole.length).toBeGreaterThan(0.995);
  // In one window: what the network alone gives, but for pixels between two groups.
  const programs = await openPrograms(engine, { file: null, model: () => assemble(engine, trained) });
  const image = checkImage(48, 48, 7);
  const { probabilities } = await programs.run(image, 0, ["probabilities"]);
  const [got, bare] = [toNumbers(probabilities), await bareProbabilities(trained, image)];
  const largest = bare.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(new Set(bare).size).toBeGreaterThan(classes.length);
  const other = got.filter((value, i) => Math.abs(value - bare[i]) > 1e-4 * largest).length;
  expect(other / got.length).toBeLessThan(0.005);
  await programs.release();
  await own.close();
  await exported.close();
});

test("both presets differ in what bytes become, and in nothing else", async () => {
  const { trained } = await runOf("hf", methodOf(official));
  const image = checkImage(48, 48, 7);
  const scores = async (options: WindowScoreOptions) =>
    bareProbabilities({ ...trained, method: methodOf(options) as unknown as Method }, image);
  const [one, other] = [await scores(official), await scores({ ...official, normalization: normalizations.hf })];
  expect(one).not.toEqual(other);
  const black = (name: "official" | "hf") =>
    normalizations[name].mean.map((mean, i) => -mean / normalizations[name].deviation[i]);
  expect(black("hf")[0]).toBeCloseTo(-0.48145466 / 0.26862954, 6);
  expect(black("official")[0]).toBeCloseTo(-123.675 / 58.395, 6);
});
