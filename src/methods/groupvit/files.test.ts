import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { resizePositions } from "../../nn/embedding.ts";
import { clipNormalization, imagenetNormalization } from "../../nn/image-input.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { readWeights, type WeightFile } from "../../weights/read-weights.ts";
import { baseRecipe } from "../recipe.ts";
import { officialFile, portFiles } from "./file-writers.ts";
import { importedGroupViT, type ReadGroupViT, readGroupViT } from "./files.ts";
import { forms } from "./forms.ts";
import { encodePairs, pairLosses } from "./network.ts";
import { preparationFrom, preparationText, usualPreparation } from "./port-preparation.ts";
import { recipes } from "./recipe.ts";
import { type GroupViTSettings, publishedGroupViT } from "./settings.ts";
import { officialTensors } from "./weights.ts";
import { fittedPositions, type PublishedGroupViT } from "./whole-weights.ts";
import { loadWords } from "./words.ts";

const small: GroupViTSettings = {
  ...publishedGroupViT,
  ...{ imageSize: 24, patchSize: 8, width: 12, heads: [3, 3, 3], depths: [2, 1, 1], mlpRatio: 2.5 },
  ...{ groupTokens: [5, 3, 0], outputGroups: [5, 3], assignMlpRatio: [0.5, 3] },
  ...{ textContext: 7, textWidth: 8, textHeads: 2, textLayers: 2, textVocabulary: 30 },
  ...{ projectionHidden: 10, projectionWidth: 6, prompts: 3 },
};
const oneStage: GroupViTSettings = {
  ...small,
  ...{ widthFactors: [1, 1], heads: [2, 2], depths: [1, 3], groupTokens: [9, 0], outputGroups: [4] },
};

function published(settings: GroupViTSettings): PublishedGroupViT {
  const model = new Model();
  const images = input("images", [1, 3, settings.imageSize, settings.imageSize]);
  const ids = input("ids", [1, 1 + settings.prompts, 2], "int64");
  pairLosses(model.scope, encodePairs(model.scope, images, ids, settings), settings);
  const count = (batches: number) => fromNumbers("int64", [], [batches]);
  return {
    ...{ settings, weights: movedWeights(model) },
    counters: {
      "imageProjection.norm.num_batches_tracked": count(7),
      "textProjection.norm.num_batches_tracked": count(9),
    },
  };
}

type Files = ReturnType<typeof portFiles>["files"];

const textsOf = (files: Files): Record<string, string> =>
  Object.fromEntries(Object.entries(files).filter((entry): entry is [string, string] => typeof entry[1] === "string"));

const readOfficial = async (of: PublishedGroupViT) =>
  readGroupViT([await readWeights(officialFile(of), "folder/model.pth")])!;
const weightsIn = (files: Files) => readWeights(files["model.safetensors"] as Uint8Array, "folder/model.safetensors");
const readPort = async (files: Files, texts = textsOf(files)) => readGroupViT([await weightsIn(files)], texts)!;

/** What a file does not tell is as published, or 1. */
const untoldHeads = ({ heads, ...others }: GroupViTSettings) => ({
  ...others,
  heads: heads.map(() => 1),
  textHeads: 1,
});

const shapes: [string, GroupViTSettings][] = [
  ["two grouping stages", small],
  ["one", oneStage],
  [
    "three",
    {
      ...small,
      widthFactors: [1, 1, 1, 1],
      heads: [3, 3, 3, 3],
      depths: [1, 1, 2, 1],
      groupTokens: [6, 4, 2, 0],
      outputGroups: [6, 4, 2],
    },
  ],
  ["group tokens that become other groups", { ...small, outputGroups: [8, 2] }],
  ["growing width", { ...small, width: 8, widthFactors: [1, 2, 4], heads: [2, 2, 4], mlpRatio: 2 }],
  ["no loss of several labels", { ...small, prompts: 0 }],
];

describe("an official checkpoint that was written is read as it was", () => {
  test.each(shapes)("%s", async (_, settings) => {
    const of = published(settings);
    const found = await readOfficial(of);
    expect(found.settings).toEqual(untoldHeads(settings));
    expect(found.untold).toEqual(["heads", "textHeads"]);
    expect([found.weights, found.counters, found.notes]).toEqual([of.weights, of.counters, []]);
  });
});

describe("a directory of the port that was written is read as it was", () => {
  test.each(
    shapes.filter(
      ([, { widthFactors, outputGroups, groupTokens }]) =>
        widthFactors.every((each) => each === 1) && (outputGroups.length < 2 || outputGroups[0] === groupTokens[0]),
    ),
  )("%s", async (_, settings) => {
    const of = published(settings);
    const { files, notes } = portFiles(of, { licence: "non-commercial" });
    expect(notes.map((note) => note.split(" ")[1])).toEqual(settings.prompts === 0 ? [] : ["multiLabelScale"]);
    const found = await readPort(files);
    const { multiLabelScale: _scale, ...weights } = of.weights;
    expect(found.settings).toEqual({ ...settings, prompts: 0 });
    expect([found.weights, found.counters, found.untold, found.notes]).toEqual([weights, of.counters, [], []]);
    expect(found.preparation).toEqual(usualPreparation(settings.imageSize));
  });
});

test("fixed positions are written as a table, since others have no other", async () => {
  const settings: GroupViTSettings = { ...small, position: "sinusoidal" };
  const of = published(settings);
  expect(Object.keys(of.weights)).not.toContain("image.positions");
  const found = await readOfficial(of);
  expect(found.settings.position).toBe("learned");
  expect(found.weights["image.positions"].shape).toEqual([1, 9, 12]);
});

test("counters that nobody kept begin at 0, and are there all the same", async () => {
  const { counters } = await readOfficial({ ...published(small), counters: {} });
  expect(Object.values(counters)).toEqual([fromNumbers("int64", [], [0]), fromNumbers("int64", [], [0])]);
});

const official = () => officialTensors(published(small).weights);
const fileOf = (tensors: Named<NdArray>, where = "folder/model.pth"): WeightFile => ({ kind: "torch", tensors, where });
const without = (tensors: Named<NdArray>, part: string) =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.includes(part)));

describe("what is in a file", () => {
  test("but not in the network is left out and told", () => {
    const extra = { "head.weight": float32([1], [0]), "img_encoder.layers.9.other": float32([1], [0]) };
    expect(readGroupViT([fileOf({ ...official(), ...extra })])!.notes).toEqual([
      "folder/model.pth: not used, since a GroupViT has nothing like it: head.weight, img_encoder.layers.9.other.",
    ]);
  });

  test("in parts is put together; a tensor in two of them is refused", () => {
    const names = Object.entries(official());
    const parts = [names.slice(0, 40), names.slice(40)].map((part, i) => fileOf(Object.fromEntries(part), `part${i}`));
    expect(readGroupViT(parts)!.weights).toEqual(readGroupViT([fileOf(official())])!.weights);
    expect(() => readGroupViT([...parts, parts[0]])).toThrow("part0: expected tensors that no other file has, got");
  });

  test("in half precision is widened", () => {
    const tensors = { ...official(), logit_scale: ndarray("float16", [], Uint16Array.of(0x4100)) };
    expect(readGroupViT([fileOf(tensors)])!.weights.logitScale).toEqual(float32([], [2.5]));
  });

  test("of another network is nobody's", () => {
    expect(readGroupViT([fileOf({ "encoder.weight": float32([1], [0]) })])).toBeNull();
    expect(readGroupViT([])).toBeNull();
  });

  test.each<[string, Named<NdArray>, string]>([
    [
      "is missing",
      without(official(), "img_encoder.layers.0.blocks.1.norm1.bias"),
      "got none for image.stage1.layer2.norm1.bias. The file is not whole",
    ],
    [
      "is missing in many places",
      without(official(), "text_encoder.transformer.resblocks.0"),
      "text.layer1.norm1.weight, text.layer1.norm1.bias, text.layer1.attention.query.weight, text.layer1.attention.query.bias and",
    ],
    [
      "is missing that tells the sizes",
      without(official(), "pos_embed"),
      "expected a weight image.positions of 3 axes, got none",
    ],
    [
      "has another shape",
      { ...official(), "img_encoder.norm.bias": float32([3], [0, 0, 0]) },
      "expected image.norm.bias of shape [12], got [3]",
    ],
    [
      "is of no square grid",
      { ...official(), "img_encoder.pos_embed": float32([1, 8, 12], new Float32Array(96)) },
      "expected position embeddings of a square grid, got [1, 8, 12]",
    ],
    [
      "is no number",
      { ...official(), logit_scale: float32([], [Number.NaN]) },
      "expected finite numbers, got others in logitScale",
    ],
    [
      "is a whole number",
      { ...official(), logit_scale: fromNumbers("int32", [], [1]) },
      "expected logitScale to be float32, got int32",
    ],
  ])("%s", (_, tensors, message) => {
    expect(() => readGroupViT([fileOf(tensors)])).toThrow(message);
    expect(() => readGroupViT([fileOf(tensors)])).toThrow(InputError);
  });
});

describe("config.json", () => {
  const { files } = portFiles(published({ ...small, prompts: 0 }));
  const config = JSON.parse(textsOf(files)["config.json"]);
  const changed = (changes: object) => ({ "config.json": JSON.stringify({ ...config, ...changes }) });
  const vision = (changes: object) => changed({ vision_config: { ...config.vision_config, ...changes } });
  const text = (changes: object) => changed({ text_config: { ...config.text_config, ...changes } });

  test("may leave out what is as usual, and names the end token if it is not the largest id", async () => {
    const {
      assign_eps: _eps,
      num_channels: _channels,
      hidden_act: _act,
      layer_norm_eps: _norm,
      ...rest
    } = config.vision_config;
    const { eos_token_id: _end, hidden_act: _quick, ...words } = config.text_config;
    const short = { "config.json": JSON.stringify({ ...config, vision_config: rest, text_config: words }) };
    expect((await readPort(files, short)).settings).toEqual({ ...small, prompts: 0 });
    expect((await readPort(files, text({ eos_token_id: 29 }))).settings.textEndToken).toBe(29);
    expect((await readPort(files, vision({ assign_eps: 0.5 }))).settings.assignEps).toBe(0.5);
  });

  test("may leave out everything, of a model of the usual sizes", async () => {
    const usual: GroupViTSettings = { ...publishedGroupViT, prompts: 0 };
    const model = new Model();
    const images = input("images", [1, 3, 224, 224]);
    pairLosses(model.scope, encodePairs(model.scope, images, input("ids", [1, 1, 1], "int64"), usual), usual);
    const hollow = Object.fromEntries(
      [...model.parameters].map(([name, { tensor }]) => [name, { ...float32([0], []), shape: tensor.shape }]),
    );
    const file = { ...fileOf(hollow), kind: "safetensors" as const };
    const { portTensors } = await import("./port-weights.ts");
    const found = readGroupViT([{ ...file, tensors: portTensors(hollow).tensors }], {
      "config.json": '{"vision_config": {}, "text_config": null}',
    });
    expect(found!.settings).toEqual(usual);
  });

  test("may have its parts twice, the second of which counts", async () => {
    const twice = changed({
      vision_config: { num_attention_heads: 7 },
      vision_config_dict: config.vision_config,
      text_config_dict: null,
    });
    expect((await readPort(files, twice)).settings.heads).toEqual([3, 3, 3]);
  });

  test("is not needed where the widths are the published ones; otherwise heads are asked for", async () => {
    expect((await readPort(files, {})).untold).toEqual(["heads", "textHeads"]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["is no JSON", { "config.json": "{" }, "folder/config.json: expected JSON, got other text."],
    [
      "is another model's",
      changed({ model_type: "clip" }),
      'folder/config.json: expected model_type "groupvit", as the weights are, got "clip". Put the config.json of these',
    ],
    ["is a list", { "config.json": "[]" }, "folder/config.json: expected a JSON object, got []."],
    [
      "is of other weights",
      vision({ hidden_size: 16 }),
      "expected vision_config.hidden_size 12, as the weights have it, got 16. Take both files",
    ],
    [
      "has other stages",
      vision({ depths: [2, 2] }),
      "expected vision_config.depths [2,1,1], as the weights have it, got [2,2]",
    ],
    [
      "has another activation",
      vision({ hidden_act: "relu" }),
      'expected vision_config.hidden_act "gelu", which is all that this network does, got "relu"',
    ],
    [
      "has no heads",
      vision({ num_attention_heads: "3" }),
      'expected vision_config.num_attention_heads, a number from 1, got "3"',
    ],
    [
      "has another text encoder",
      text({ num_hidden_layers: 3 }),
      "expected text_config.num_hidden_layers 2, as the weights have it, got 3",
    ],
    ["has grey images", vision({ num_channels: 1 }), "expected vision_config.num_channels 3"],
  ])("is refused where it %s", async (_, texts, message) => {
    await expect(readPort(files, texts)).rejects.toThrow(message);
  });
});

describe("networks that the port does not have are refused for it", () => {
  test.each<[string, Partial<GroupViTSettings>, string]>([
    [
      "growing width",
      { width: 8, widthFactors: [1, 2, 4], heads: [2, 2, 4] },
      "expected stages of one width for Hugging Face's GroupViT, got [1,2,4]. Write the official form",
    ],
    ["a stem", { stemChannels: [8, 16] }, "no convolutions before the patches, which published GroupViTs do not have"],
    ["different heads", { heads: [3, 3, 4] }, "as many heads in every stage"],
    ["soft groups", { assignment: "soft" }, "hard assignment"],
    ["sums", { sumAssign: true }, "segments divided by"],
    ["one linear layer", { projectionHidden: 0 }, "projections of two layers"],
    ["group tokens in the last stage", { groupTokens: [5, 3, 2] }, "a last stage without group tokens"],
    [
      "group tokens that become other groups",
      { outputGroups: [8, 2] },
      "as many group tokens as groups in inner stages",
    ],
  ])("%s", (_, changes, message) => {
    const settings = { ...small, ...changes };
    expect(() => portFiles(published(settings))).toThrow(message);
  });
});

test.each(Object.keys(forms))("%s has no word for a stem, and says so", async (name) => {
  await loadWords();
  const recipe = { ...recipes["groupvit-tiny"], stemChannels: [8, 16], assignment: "soft" };
  const write = async () => forms[name]({ weights: {}, recipe, source: "run", licence: "MIT" });
  await expect(write()).rejects.toThrow("run: expected no convolutions before the patches, which published GroupViTs");
});

describe("preprocessor_config.json", () => {
  const { mean, deviation } = clipNormalization;
  test.each<[string, object]>([
    [
      "old",
      {
        size: 24,
        crop_size: 24,
        image_mean: mean.map((each) => each / 255),
        image_std: deviation.map((each) => each / 255),
        resample: 3,
      },
    ],
    ["new", { size: { shortest_edge: 24 }, crop_size: { height: 24, width: 24 }, rescale_factor: 0.00392156862745098 }],
    ["short", {}],
  ])("in its %s form", (_, config) => {
    const found = preparationFrom(JSON.stringify(config), 24, "p.json");
    const usual = usualPreparation(24);
    expect({ ...found, normalization: null }).toEqual({ ...usual, normalization: null });
    expect(found.normalization.mean.map((each) => each.toFixed(9))).toEqual(mean.map((each) => each.toFixed(9)));
    expect(found.normalization.deviation.map((each) => each.toFixed(9))).toEqual(
      deviation.map((each) => each.toFixed(9)),
    );
  });

  test("that was written is read as it was, other constants and sizes, too", () => {
    const preparation = { shortSide: 256, crop: 224, normalization: imagenetNormalization };
    const found = preparationFrom(preparationText(preparation), 24, "p.json");
    expect([found.shortSide, found.crop]).toEqual([256, 224]);
    for (const key of ["mean", "deviation"] as const) {
      for (const [i, each] of found.normalization[key].entries()) {
        expect(each).toBeCloseTo(imagenetNormalization[key][i], 6);
      }
    }
  });

  test.each<[object, string]>([
    [{ do_center_crop: false }, "expected do_center_crop true, got false"],
    [{ resample: 2 }, "expected resample 3, bicubic, got 2"],
    [{ size: { height: 24, width: 30 } }, "expected size of one number of pixels"],
    [{ image_mean: [0.5] }, "expected image_mean of three numbers, got [0.5]"],
    [{ rescale_factor: 1 }, "expected rescale_factor 1/255, got 1"],
  ])("is refused with %o", (config, message) => {
    expect(() => preparationFrom(JSON.stringify(config), 24, "p.json")).toThrow(`p.json: ${message}`);
  });
});

test("positions for images of another size are what the graph makes of them", async () => {
  const { weights } = published(small);
  const table = weights["image.positions"];
  for (const imageSize of [40, 16, 24]) {
    const side = imageSize / 8;
    const fitted = fittedPositions(weights, { ...small, imageSize })["image.positions"];
    const { expected } = await evaluate({
      expected: resizePositions(constant(table), [3, 3], [side, side], { mode: "bicubic" }),
    });
    expect(fitted.shape).toEqual(expected.shape);
    for (const [i, value] of toNumbers(fitted).entries()) expect(value).toBeCloseTo(toNumbers(expected)[i], 5);
  }
  expect(fittedPositions(weights, { ...small, imageSize: 40 })["image.norm.bias"]).toBe(weights["image.norm.bias"]);
});

test("what a method imports is its recipe for them, with what is to be asked", async () => {
  const recipeOf = ({ settings }: ReadGroupViT) => ({ ...baseRecipe, ...settings, name: "own", method: "groupvit" });
  const imported = importedGroupViT([fileOf(official())], { patchOnly: false }, recipeOf)!;
  expect(imported).toMatchObject({
    outputs: null,
    untold: ["heads", "textHeads"],
    notes: [],
    recipe: { width: 12, name: "own" },
  });
  expect(importedGroupViT([fileOf({ a: float32([1], [0]) })], { patchOnly: false }, recipeOf)).toBeNull();
});
