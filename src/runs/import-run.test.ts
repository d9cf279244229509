import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { newer, npz, older, published } from "../../test/support/jax-encoder.ts";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { underPublishedNames } from "../../test/support/published-names.ts";
import { bundle } from "../../test/support/tensor-bundle.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type Named, type NdArray } from "../array/ndarray.ts";
import { InputError, UsageError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { methods } from "../methods/index.ts";
import type { Method } from "../methods/method.ts";
import { encoder } from "../networks/transunet/encoder.ts";
import { transunet } from "../networks/transunet/network.ts";
import { publishedTransUNet, type TransUNetSettings } from "../networks/transunet/settings.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { latestCheckpoint } from "./checkpoint.ts";
import { type ImportRunOptions, importRun } from "./import-run.ts";
import { openRun, openTrained } from "./open-run.ts";
import { readRun } from "./run.ts";

const small: TransUNetSettings = {
  ...publishedTransUNet,
  ...{ cropHeight: 32, cropWidth: 32, stemWidth: 8, normGroups: 4, stageUnits: [1, 1, 1] },
  ...{ tokenWidth: 12, layers: 1, heads: 3, mlpWidth: 20, headChannels: 8, decoderChannels: [8, 6, 4, 4] },
};

/** Weights of the tiny network, or of its encoder alone. */
function weightsOf(build: (model: Model) => void): Named<NdArray> {
  const model = new Model();
  build(model);
  return movedWeights(model);
}
const image = input("image", [1, 3, 32, 32]);
const whole = weightsOf(({ scope }) => void transunet(scope, image, 2, small));
const alone = (settings: TransUNetSettings) =>
  weightsOf(({ scope }) => void encoder(scope.at("encoder"), image, settings));
const hybrid = alone(small);
const ordinary = alone({ ...small, stageUnits: [], skips: 0 });

/** What the files do not tell. */
const settings = ["normGroups=4", "heads=3"];
const classes = ["sky", "road"].map((name) => ({ name, color: [0, 0, 0] as const }));

async function imported(content: Uint8Array, changes: Partial<ImportRunOptions> = {}) {
  const platform = memoryPlatform();
  await platform.writeFile("weights.bin", content);
  const options = { files: ["weights.bin"], folder: "run", settings, classes: null, licence: "MIT", patchOnly: false };
  return { platform, run: await importRun({ platform, ...options, ...changes }) };
}

async function weightsIn(platform: ReturnType<typeof memoryPlatform>): Promise<Named<NdArray>> {
  return (await latestCheckpoint(platform, "run", () => {}))!.tensors.weights;
}

/** As TransUNet's code names them. */
const fileOf = (weights: Named<NdArray>) => writeSafetensors(underPublishedNames(weights));

const without = (weights: Named<NdArray>, prefix: string) =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith(prefix)));

describe("a whole TransUNet", () => {
  const content = fileOf(whole);

  test("becomes a run that predicts", async () => {
    const { platform, run } = await imported(content, { classes });
    expect(run).toMatchObject({ stage: "train", whole: true, folder: "run" });
    expect([...run.parts].sort()).toEqual(["decoder", "encoder", "head"]);
    expect(run.parameters).toBe(Object.values(whole).reduce((sum, { data }) => sum + data.length, 0));
    expect(await weightsIn(platform)).toEqual(whole);
    const model = await openRun(platform, "run");
    expect(model).toMatchObject({ window: [32, 32], licence: "MIT", task: { classes } });
    expect(model.recipe).toMatchObject({ ...small, encoderConvention: "transunet" });
    expect(await readRun(platform, "run")).toEqual({ method: run.method, recipe: run.recipe, record: run.record });
  });

  test("may be of half precision, and of a network that ran on several devices", async () => {
    const name = "decoder.entry.norm.bias";
    const half: NdArray = { dtype: "float16", shape: [8], data: new Uint16Array(8).fill(0x3e00) };
    const wrapped = Object.entries(underPublishedNames({ ...whole, [name]: half })).map(([key, array]) => [
      `module.${key}`,
      array,
    ]);
    const { platform } = await imported(writeSafetensors(Object.fromEntries(wrapped)));
    const weights = await weightsIn(platform);
    expect(weights).toEqual({ ...whole, [name]: float32([8], new Float32Array(8).fill(1.5)) });
  });

  test("has classes without names where nobody gives them", async () => {
    const { run } = await imported(content);
    expect(run.record.classes.map(({ name }) => name)).toEqual(["class 0", "class 1"]);
    expect(run.record.valueMap).toEqual({ "0": 0, "1": 1 });
  });

  test("is something to begin with, too", async () => {
    const { platform } = await imported(content);
    expect(await openTrained(platform, "run")).toMatchObject({ stage: "train", source: "run", weights: whole });
  });

  test("may come without its head, and is then only something to begin with", async () => {
    const { platform, run } = await imported(fileOf(without(whole, "head")));
    expect([...run.parts].sort()).toEqual(["decoder", "encoder"]);
    expect([run.whole, run.record.classes]).toEqual([false, []]);
    expect((await openTrained(platform, "run")).weights).toEqual(without(whole, "head"));
    await expect(openRun(platform, "run")).rejects.toThrow(
      "run: expected a model that predicts, got one without a head. Train on with: tessera train DATASET --from run --out NEW",
    );
  });
});

describe("an encoder", () => {
  test.each([
    ["of older code", npz(published(hybrid, 3, older)), false, hybrid],
    ["of newer code", npz(published(hybrid, 3, newer)), false, hybrid],
    ["of patches alone", npz(published(ordinary, 3, newer)), true, ordinary],
  ])("%s becomes a run that has the encoder stage behind it", async (_, content, patchOnly, expected) => {
    const { platform, run } = await imported(content, { settings: ["normGroups=4"], patchOnly });
    expect(run).toMatchObject({ stage: "encoder", whole: false, parts: ["encoder"] });
    expect(run.recipe).toMatchObject({
      ...{ method: "ddep", start: "supervised", heads: 3, encoderConvention: "jax", layers: 1, mlpWidth: 20 },
      ...{ cropHeight: 32, cropWidth: 32, encoderCropHeight: 32, encoderCropWidth: 32 },
    });
    expect(run.record.classes).toEqual([]);
    const earlier = await openTrained(platform, "run");
    expect(earlier.stage).toBe("encoder");
    expect(earlier.weights).toEqual(expected);
    await expect(openRun(platform, "run")).rejects.toThrow(
      "run: expected a model that predicts, got one whose last stage so far is encoder. Train on with: tessera train DATASET --from run --out NEW",
    );
  });
});

describe("refused, with nothing written, is", () => {
  const one = float32([1], [0]);
  const table = "Transformer/posembed_input/pos_embedding";
  const changed = (others: Named<NdArray>) => fileOf({ ...whole, ...others });
  test.each<[string, Uint8Array, Partial<ImportRunOptions>, string]>([
    [
      "a network without one of its weights",
      fileOf(without(whole, "decoder.block2.unit2.norm.bias")),
      {},
      "weights.bin: expected decoder.block2.unit2.norm.bias of shape [6], got none. The file is not whole, or of a network that --set has to describe.",
    ],
    [
      "a network without its running statistics",
      fileOf(without(whole, "decoder.entry.norm.running_var")),
      {},
      "expected decoder.entry.norm.running_var of shape [8], got none",
    ],
    ["half a head", fileOf(without(whole, "head.weight")), {}, "expected head.bias of shape [1], got [2]"],
    [
      "an encoder alone under TransUNet's names",
      fileOf(without(without(whole, "decoder"), "head")),
      {},
      "weights.bin: expected decoder.entry.conv.weight of shape",
    ],
    [
      "a weight of another shape",
      changed({ "decoder.entry.norm.bias": one }),
      {},
      "expected decoder.entry.norm.bias of shape [8], got [1]",
    ],
    [
      "a weight that is no number",
      changed({ "decoder.entry.norm.bias": float32([8], [0, 0, 0, Number.NaN, 0, 0, 0, 0]) }),
      {},
      "weights.bin: expected finite numbers, got others in decoder.conv_more.1.bias. The file is damaged",
    ],
    [
      "a weight that the network does not have",
      changed({ "decoder.block10.unit1.norm.bias": one }),
      {},
      "weights.bin: expected weights of the network alone, got decoder.block10.unit1.norm.bias. It is another network's file.",
    ],
    [
      "a name of another network",
      writeSafetensors({ ...underPublishedNames(whole), "backbone.a": one }),
      {},
      "expected the names of a TransUNet (transformer, decoder, segmentation_head), got backbone.a",
    ],
    [
      "a list of other classes",
      fileOf(whole),
      { classes: classes.slice(1) },
      "weights.bin: expected 2 classes, as its head has outputs, got 1 in the list. Correct the list.",
    ],
    [
      "a list of classes for no head",
      fileOf(without(whole, "head")),
      { classes },
      "weights.bin: expected a head with a class for each name, got no head. Leave --classes out.",
    ],
    [
      "a network that settings do not describe",
      fileOf(whole),
      { settings: ["layers=2"] },
      "whose heads the file does not tell. Add --set heads=N.",
    ],
    ["a setting that is wrong", fileOf(whole), { settings: [...settings, "layers=2"] }, "expected encoder.layer2."],
    [
      "a setting that there is not",
      fileOf(whole),
      { settings: ["layer=2"] },
      'unknown key "layer". Did you mean layers?',
    ],
    [
      "an encoder whose position embeddings are missing",
      npz(without(published(hybrid, 3, newer), "Transformer/posembed")),
      {},
      "expected a weight encoder.positions, got none",
    ],
    [
      "an encoder without a layer's part",
      npz(without(published(hybrid, 3, newer), "Transformer/encoderblock_0/MlpBlock_0/Dense_1/bias")),
      { settings: ["normGroups=4"] },
      "expected encoder.layer1.mlp.out.bias of shape [12], got none",
    ],
    [
      "a head of a thousand million outputs",
      changed({ "head.weight": float32([1e9, 0, 3, 3], []) }),
      {},
      "weights.bin: expected a head with 1 to 255 outputs, one for each class, got 1000000000.",
    ],
    [
      "an encoder whose kernel has one axis",
      npz({ ...published(hybrid, 3, newer), "conv_root/kernel": float32([3], [1, 2, 3]) }),
      {},
      "weights.bin: expected conv_root/kernel to be a matrix or a convolution, got [3]. The file is damaged.",
    ],
    [
      "an encoder with two tables of positions",
      npz({ ...published(hybrid, 3, newer), [table]: float32([2, 5, 12], new Float32Array(120)) }),
      {},
      "weights.bin: expected position embeddings of a square grid, got [2, 5, 12].",
    ],
    [
      "a hundred thousand names",
      writeSafetensors({
        ...underPublishedNames(whole),
        ...Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`transformer.${i}`, float32([0], [])])),
      }),
      { settings: [...settings] },
      "weights.bin: expected the names of a TransUNet (transformer, decoder, segmentation_head), got transformer.0.",
    ],
    ["a file of no weights", new TextEncoder().encode("<html></html>"), {}, "weights.bin: expected a file of weights"],
  ])("%s", async (_, content, changes, message) => {
    const platform = memoryPlatform();
    const refused = imported(content, { platform: { ...platform, readFile: async () => content }, ...changes });
    await expect(refused).rejects.toThrow(message);
    await refused.catch((error: unknown) =>
      expect(error instanceof InputError || error instanceof UsageError).toBe(true),
    );
    expect([...platform.files.keys()]).toEqual([]);
  });

  test("what cannot be written to its end", async () => {
    const platform = memoryPlatform();
    const full = async (path: string, content: Parameters<typeof platform.writeFile>[1]) => {
      if (path.endsWith("run.json"))
        throw new InputError("run/run.json: expected room on the disk, got none. Make some.");
      await platform.writeFile(path, content);
    };
    const broken = { ...platform, readFile: async () => fileOf(whole), writeFile: full };
    const options = { files: ["weights.bin"], folder: "run", settings, classes: null, licence: "", patchOnly: false };
    await expect(importRun({ platform: broken, ...options })).rejects.toThrow("expected room on the disk");
    expect([...platform.files.keys()]).toEqual([]);
  });

  test("a folder that is not empty", async () => {
    const platform = memoryPlatform();
    await platform.writeFile("run/notes.txt", "mine");
    const refused = imported(writeSafetensors(whole), {
      platform: { ...platform, readFile: async () => fileOf(whole) },
    });
    await expect(refused).rejects.toThrow(
      "run: expected an empty folder for the run, got other files. Choose another --out.",
    );
    expect([...platform.files.keys()]).toEqual(["run/notes.txt"]);
  });
});

test("a method of one's own is asked before ours, which take every file of a kind for theirs", async () => {
  const asked: string[] = [];
  const own: Method = {
    ...(methods.find(({ name }) => name === "transunet") as Method),
    name: "own",
    imports() {
      asked.push("own");
      throw new InputError("own: asked.");
    },
  };
  const content = writeSafetensors({ "somebody.weight": float32([1], [1]) });
  await expect(imported(content, { methods: [...methods, own] })).rejects.toThrow("own: asked.");
  expect(asked).toEqual(["own"]);
});

test.each(["weights/ckpt", "weights/ckpt.index", "weights"])(
  "a TensorFlow checkpoint may be called %s, and methods get its variables by their paths",
  async (name) => {
    const asked: unknown[] = [];
    const own: Method = {
      ...(methods.find(({ name }) => name === "transunet") as Method),
      name: "own",
      imports([{ kind, tensors, where }]) {
        asked.push([kind, Object.keys(tensors), where]);
        throw new InputError("own: asked.");
      },
    };
    const platform = memoryPlatform();
    const weights = { "encoder/kernel/.ATTRIBUTES/VARIABLE_VALUE": float32([1], [1]) };
    for (const [path, bytes] of Object.entries(bundle("weights/ckpt", weights, 2))) platform.files.set(path, bytes);
    const refused = imported(new Uint8Array(1), { platform, files: [name], methods: [own] });
    await expect(refused).rejects.toThrow("own: asked.");
    expect(asked).toEqual([["tensorflow", ["encoder/kernel"], "weights/ckpt.index"]]);
  },
);

test.each([
  ["tiny_deeplab_legacy.pth", /got names of an encoder \(resnet\d+-caffe, .+\), .*--encoder weights\.bin --out RUN/],
  ["tiny_mxnet_v2.params", /got names of an encoder \(resnet38, .+\), .*--encoder weights\.bin --out RUN/],
])("a trunk alone, %s, is told to be an encoder, and the line to write", async (name, message) => {
  const content = await readFile(new URL(`../../test/goldens/l2g/${name}`, import.meta.url));
  await expect(imported(new Uint8Array(content))).rejects.toThrow(message);
});

test("of a network that nobody knows all methods are named that were asked", async () => {
  await expect(imported(writeSafetensors({ "some.other.weight": float32([1], [0]) }))).rejects.toThrow(
    /expected weights that a method can use \(asked: .*l2g.*transunet.*\), got safetensors with names such as some\.other/,
  );
});
