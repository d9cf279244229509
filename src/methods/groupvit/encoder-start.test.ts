import { describe, expect, test } from "vitest";
import { expectNear } from "../../../test/support/check.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { type Named, type NdArray, toNumbers, zeros } from "../../array/ndarray.ts";
import { encoders } from "../../backbones/encoders.ts";
import { publishedNames } from "../../backbones/published.ts";
import { vit } from "../../backbones/vit.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { bicubicPositionTable } from "../../nn/embedding.ts";
import { transformerBlock } from "../../nn/transformer.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { partsStartingAnew, trainingModel } from "../stages.ts";
import { encoderFile, encoderStart } from "./encoder-start.ts";
import { groupvit } from "./index.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { captionStage } from "./stage.ts";

await groupvit.ready!();

const recipe: GroupViTRecipe = {
  ...recipes["groupvit-small"],
  ...{ imageSize: 48, cropHeight: 48, cropWidth: 48, patchSize: 16, width: 192, heads: [3, 3, 3], depths: [6, 3, 3] },
};

/** A file of an encoder, as its library writes it, and its weights under our names. */
function fileOf(name: keyof typeof encoders, library: string) {
  const encoder = encoders[name];
  const model = new Model();
  encoder.features(model.scope, input("x", [1, 3, encoder.multiple, encoder.multiple]), {});
  const own = movedWeights(model, name);
  return {
    own,
    file: { kind: "safetensors" as const, where: "vit.safetensors", tensors: publishedNames(name, own, library) },
  };
}

const begun = (file: Parameters<typeof encoderFile>[0], changed = recipe) =>
  captionStage(changed).begin!({ ...encoderFile(file, changed), source: "vit.safetensors" });

const deit = fileOf("deit-tiny-16", "timm");
const block = (weights: Named<NdArray>, place: string) => toNumbers(weights[`${place}.attention.query.weight`]);

test("before a stem, which starts anew, the patch embedding is not that of pixels", () => {
  const { weights, notes } = begun(deit.file, { ...recipe, stemChannels: [32, 64] });
  expect(weights["image.patches.weight"]).toBeUndefined();
  expect(block(weights, "image.stage1.layer1")).toEqual(block(deit.own, "layer1"));
  expect(notes.join()).toContain("The stem starts anew.");
});

describe("a vision transformer is the start", () => {
  const { weights, anew, notes } = begun(deit.file);

  test("block by block over the stages, with patch embedding, positions and the last norm", () => {
    for (const [ours, theirs] of [
      ["image.stage1.layer1", "layer1"],
      ["image.stage1.layer6", "layer6"],
      ["image.stage2.layer1", "layer7"],
      ["image.stage3.layer3", "layer12"],
    ]) {
      expect(block(weights, ours)).toEqual(block(deit.own, theirs));
    }
    expect(weights["image.patches.weight"]).toEqual(deit.own["patches.weight"]);
    expect(weights["image.norm.bias"]).toEqual(deit.own["norm.bias"]);
    const table = deit.own.positions;
    const patches = { ...table, shape: [1, 196, 192], data: (table.data as Float32Array).slice(192) };
    expect(weights["image.positions"]).toEqual(bicubicPositionTable(patches, [14, 14], [3, 3]));
  });

  test("what it leaves is named, and the rest of the network begins anew", () => {
    expect(notes).toEqual([
      "vit.safetensors: 12 of 12 blocks taken (6 in stage 1, 3 in stage 2, 3 in stage 3); not taken: classToken.",
    ]);
    const { model } = trainingModel(captionStage(recipe));
    expect(partsStartingAnew(model, { weights, anew }, "vit")).toEqual(
      expect.arrayContaining(["text", "imageProjection", "textProjection", "logitScale"]),
    );
    expect(anew).toEqual(expect.arrayContaining(["image.patchNorm.weight", "image.stage1.groupTokens"]));
    expect(anew!.filter((name) => /layer|patches/.test(name))).toEqual([]);
  });

  test("of fewer blocks the first are taken, and what patches of another size cannot use is left", () => {
    const few = { ...recipe, depths: [2, 1, 1], patchSize: 8 };
    const { notes, weights, anew } = begun(deit.file, few);
    expect(notes).toEqual([
      "vit.safetensors: 4 of 12 blocks taken (2 in stage 1, 1 in stage 2, 1 in stage 3); not taken: patches, classToken. Its patches have 16 pixels a side, these 8.",
    ]);
    expect(anew).toContain("image.patches.weight");
    expect(weights["image.positions"].shape).toEqual([1, 36, 192]);
  });

  test("where stages grow, the blocks end with the width", () => {
    const growing = { ...recipe, widthFactors: [1, 1, 2], heads: [3, 3, 6] };
    const { notes, anew } = begun(deit.file, growing);
    expect(notes[0]).toContain("9 of 12 blocks taken (6 in stage 1, 3 in stage 2); not taken: classToken, norm.");
    expect(anew).toContain("image.norm.weight");
  });
});

test("DINOv2's LayerScale is part of the weights: a block gives what it gave", async () => {
  const sizes = { width: 64, heads: 1, depth: 3, patch: 8, grid: [4, 4], registers: 4, layerScale: 1 } as const;
  const model = new Model();
  vit(model.scope.at("encoder"), input("x", [1, 3, 32, 32]), sizes);
  const own = movedWeights(model);
  const thin = { ...recipe, width: 64, heads: [1, 1, 1], depths: [1, 1, 1], patchSize: 8, imageSize: 32 };
  const { weights, notes } = encoderStart({ weights: own, source: "run" }, { ...thin, cropHeight: 32, cropWidth: 32 });
  expect(notes).toEqual([
    "run: 3 of 3 blocks taken (1 in stage 1, 1 in stage 2, 1 in stage 3); not taken: classToken, registers.",
  ]);
  const x = { ...zeros("float32", [1, 3, 64]), data: Float32Array.from({ length: 192 }, (_, i) => Math.sin(i)) };
  const output = async (prefix: string, from: Named<NdArray>, layerScale?: number) => {
    const block = new Model();
    const y = transformerBlock(block.scope, input("x", [1, 3, 64]), { heads: 1, layerScale });
    const its = [...block.parameters.keys()].map((name) => [name, from[prefix + name]] as const);
    return toNumbers((await evaluate({ y }, { ...Object.fromEntries(its), x })).y);
  };
  expectNear(await output("image.stage2.layer1.", weights), await output("encoder.layer2.", own, 1), 1e-4);
});

describe("a run without groups is the start of one with them", () => {
  const bare: GroupViTRecipe = {
    ...recipes["groupvit-tiny"],
    ...{ depths: [3], widthFactors: [1], heads: [2], groupTokens: [0], outputGroups: [], textVocabulary: 50 },
  };
  const whole = (of: GroupViTRecipe) => trainingModel(captionStage(of)).model;
  const trained = movedWeights(whole(bare));
  const from = { weights: trained, source: "bare", stage: "train", recipe: bare };
  const grouped = {
    ...bare,
    depths: [1, 2],
    widthFactors: [1, 1],
    heads: [2, 2],
    groupTokens: [6, 0],
    outputGroups: [4],
  };

  test("block by block, with its words; groups start anew", () => {
    const { weights, anew = [], notes } = captionStage(grouped).begin!(from);
    expect(block(weights, "image.stage1.layer1")).toEqual(block(trained, "image.stage1.layer1"));
    expect(block(weights, "image.stage2.layer1")).toEqual(block(trained, "image.stage1.layer2"));
    expect(block(weights, "image.stage2.layer2")).toEqual(block(trained, "image.stage1.layer3"));
    for (const name of ["image.patches.weight", "image.norm.weight", "text.tokens.weight", "textProjection.out.bias"]) {
      expect(weights[name]).toEqual(trained[name]);
    }
    expect(anew).toContain("image.stage1.groupTokens");
    expect(anew.every((name) => /^image\.stage1\.group(Tokens|ing\.)/.test(name))).toBe(true);
    expect([...whole(grouped).parameters.keys()].filter((name) => weights[name] === undefined).sort()).toEqual(
      [...anew].sort(),
    );
    expect(notes).toEqual(["bare: 3 of 3 blocks taken (1 in stage 1, 2 in stage 2); groups start anew."]);
  });

  test("as far as the stages have room, and as wide", () => {
    const { notes, weights } = captionStage({ ...grouped, depths: [1, 1] }).begin!(from);
    expect(notes).toEqual(["bare: 2 of 3 blocks taken (1 in stage 1, 1 in stage 2); groups start anew."]);
    expect(Object.keys(weights).filter((name) => /layer[3-9]/.test(name) && name.startsWith("image"))).toEqual([]);
    const growing = captionStage({ ...grouped, widthFactors: [1, 2] }).begin!(from);
    expect(growing.notes).toEqual(["bare: 1 of 3 blocks taken (1 in stage 1); groups start anew."]);
    expect(growing.anew).toContain("image.norm.weight");
  });
});

describe("refused in one line is", () => {
  test.each<[string, Partial<GroupViTRecipe>, string]>([
    [
      "another width",
      { width: 96, heads: [3, 3, 3] },
      "vit.safetensors: expected an encoder of width 96 as in recipe groupvit-small, got one of width 192. Choose a recipe of that width, or another encoder.",
    ],
    [
      "another number of heads",
      { heads: [6, 6, 6] },
      "expected an encoder of 6 heads as in recipe groupvit-small, got one of 3. Add --set heads=3,3,3.",
    ],
    [
      "another MLP",
      { mlpRatio: 2 },
      "expected an encoder with MLPs of 384 as in recipe groupvit-small, got 768. Add --set mlpRatio=4.",
    ],
  ])("%s", (_, changes, message) => {
    expect(() => encoderFile(deit.file, { ...recipe, ...changes })).toThrow(message);
  });

  test("another network", () => {
    const weights = { "encoder.stem.conv.weight": zeros("float32", [8, 3, 7, 7]) };
    expect(() => encoderStart({ weights, source: "run" }, recipe)).toThrow(
      "run: expected a vision transformer (ViT, DeiT or DINOv2) to begin recipe groupvit-small with, got another network.",
    );
    expect(() => encoderFile({ kind: "onnx" } as never, recipe)).toThrow("got an ONNX model. Give its weights");
  });
});
