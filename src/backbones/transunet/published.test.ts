import { describe, expect, test } from "vitest";
import { newer, older, published } from "../../../test/support/jax-encoder.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { InputError, UsageError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { encoder } from "./encoder.ts";
import { transunet } from "./network.ts";
import { headsOf, hybridVitWeights, settingsFrom, stateDictionaryWeights } from "./published.ts";
import { publishedTransUNet, type TransUNetSettings } from "./settings.ts";

const small: TransUNetSettings = {
  ...publishedTransUNet,
  ...{ cropHeight: 48, cropWidth: 48, stemWidth: 8, normGroups: 4, stageUnits: [2, 1, 1] },
  ...{ tokenWidth: 12, layers: 2, heads: 3, mlpWidth: 20, headChannels: 8, decoderChannels: [8, 6, 4, 4] },
};
const patches: TransUNetSettings = { ...small, stageUnits: [], skips: 0 };

function encoderWeights(settings: TransUNetSettings): Record<string, NdArray> {
  const model = new Model();
  encoder(model.scope.at("transformer"), input("image", [1, 3, 48, 48]), settings);
  return movedWeights(model);
}

const hybrid = encoderWeights(small);
const ordinary = encoderWeights(patches);
const file = published(hybrid, 3, older);

describe("an encoder as the JAX code saves it", () => {
  test.each([
    ["with numbered parts and group norms of four axes", older],
    ["with the numbers of newer code and flat group norms", newer],
  ])("%s is read as ours, without class token and head", (_, naming) => {
    const found = hybridVitWeights(published(hybrid, 3, naming), "file.npz");
    expect(Object.keys(found).sort()).toEqual(Object.keys(hybrid).sort());
    for (const [name, array] of Object.entries(found)) expect([name, array]).toEqual([name, hybrid[name]]);
  });

  test("of an ordinary vision transformer is read where patches alone are wanted", () => {
    const found = hybridVitWeights(published(ordinary, 3, newer), "file.npz", { patchOnly: true });
    expect(Object.keys(found).sort()).toEqual(Object.keys(ordinary).sort());
    for (const [name, array] of Object.entries(found)) expect([name, array]).toEqual([name, ordinary[name]]);
  });

  test("has its number of heads in its shapes", () => {
    expect(headsOf(file)).toBe(3);
    expect(headsOf({ "embedding/kernel": file["embedding/kernel"] })).toBeUndefined();
  });

  test("may hold doubles", () => {
    const doubled = fromNumbers("float64", [12], toNumbers(file["embedding/bias"]));
    const found = hybridVitWeights({ ...file, "embedding/bias": doubled }, "file.npz");
    expect(found["transformer.embeddings.patch_embeddings.bias"]).toEqual(file["embedding/bias"]);
  });

  const bias = file["embedding/bias"];
  test.each<[string, Named<NdArray>, boolean, string, typeof InputError | typeof UsageError]>([
    [
      "an ordinary one that was not asked for",
      published(ordinary, 3, older),
      false,
      "file.npz: expected a hybrid R50+ViT with conv_root, got an ordinary ViT whose tokens are patches of the image. Add --patch-only for an encoder without residual network, or use R50+ViT-B_16.npz.",
      UsageError,
    ],
    [
      "a hybrid where patches are wanted",
      file,
      true,
      "expected an ordinary ViT for --patch-only, got a hybrid",
      UsageError,
    ],
    [
      "another network's name",
      { ...file, "Mixer/block/kernel": bias },
      false,
      "file.npz: expected the names of a hybrid ViT, got Mixer/block/kernel. It is another network's file.",
      InputError,
    ],
    [
      "a third norm in a block",
      { ...file, "Transformer/encoderblock_0/LayerNorm_7/scale": bias },
      false,
      "got Transformer/encoderblock_0/LayerNorm_7/scale",
      InputError,
    ],
    [
      "another kind of part",
      { ...file, "Transformer/encoderblock_0/Conv_0/kernel": bias },
      false,
      "got Trans",
      InputError,
    ],
    [
      "integers",
      { ...file, "embedding/bias": ndarray("int32", [12], new Int32Array(12)) },
      false,
      "file.npz: expected embedding/bias to be float32, got int32. Convert the file first.",
      InputError,
    ],
    [
      "what is not a number",
      { ...file, "embedding/bias": float32([12], new Float32Array(12).fill(Number.NaN)) },
      false,
      "file.npz: expected finite numbers, got others in embedding/bias. The file is damaged.",
      InputError,
    ],
    [
      "positions of no square",
      { ...file, "Transformer/posembed_input/pos_embedding": float32([1, 8, 12], new Float32Array(96)) },
      false,
      "expected position embeddings of a square grid, got [1, 8, 12]",
      InputError,
    ],
  ])("is refused with %s", (_, arrays, patchOnly, message, kind) => {
    const read = () => hybridVitWeights(arrays, "file.npz", { patchOnly });
    expect(read).toThrow(message);
    expect(read).toThrow(kind);
  });
});

/** All weights of a network, as zeros: only names and shapes count. */
function networkWeights(settings: TransUNetSettings): Record<string, NdArray> {
  const model = new Model();
  transunet(model.scope, input("image", [1, 3, 48, 48]), 5, settings);
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor: { shape } }) => [
      name,
      float32(shape, new Float32Array(sizeOf(shape))),
    ]),
  );
}

const encoderSettings = { cropHeight: 48, cropWidth: 48, tokenWidth: 12, layers: 2, mlpWidth: 20 };

describe("what weights say of their network:", () => {
  test.each<[string, Named<NdArray>, ReturnType<typeof settingsFrom>]>([
    ["an encoder", hybrid, { ...encoderSettings, stageUnits: [2, 1, 1], stemWidth: 8, skips: 3 }],
    ["an encoder of patches", ordinary, { ...encoderSettings, stageUnits: [], skips: 0 }],
    [
      "one without transformer layers",
      encoderWeights({ ...small, layers: 0 }),
      {
        ...{ cropHeight: 48, cropWidth: 48, tokenWidth: 12, layers: 0 },
        stageUnits: [2, 1, 1],
        stemWidth: 8,
        skips: 3,
      },
    ],
  ])("%s", (_, weights, expected) => {
    expect(settingsFrom(weights, "file")).toEqual(expected);
  });

  test.each<Partial<TransUNetSettings>>([
    {},
    { skips: 2 },
    { skips: 1 },
    { skips: 0 },
    { outputStride: 2 },
    { outputStride: 4, skips: 2 },
    { stageUnits: [], skips: 0 },
    { headChannels: 16, decoderChannels: [4, 8, 12, 16], stageUnits: [1, 2, 3] },
  ])("the whole network with %o", (change) => {
    const settings = { ...small, ...change };
    const found = settingsFrom(networkWeights(settings), "file");
    const made = networkWeights({ ...small, ...found });
    const shapes = (weights: Named<NdArray>) => Object.entries(weights).map(([name, { shape }]) => [name, shape]);
    expect(shapes(made)).toEqual(shapes(networkWeights(settings)));
    const { skips, outputStride } = settings;
    expect(found).toMatchObject({ skips, outputStride, widthMultiplier: 1 });
  });

  test("heads of 64 values, where the width allows it", () => {
    expect(settingsFrom(encoderWeights({ ...small, tokenWidth: 128, heads: 4 }), "file").heads).toBe(2);
    expect(settingsFrom(hybrid, "file")).not.toHaveProperty("heads");
  });

  const without = (name: string) => Object.fromEntries(Object.entries(hybrid).filter(([each]) => each !== name));
  test.each([
    "transformer.embeddings.patch_embeddings.weight",
    "transformer.embeddings.position_embeddings",
    "transformer.encoder.layer.0.ffn.fc1.weight",
  ])("nothing without %s", (name) => {
    expect(() => settingsFrom(without(name), "file")).toThrow(
      `file: expected a weight ${name}, got none. The file is not whole, or another network's.`,
    );
    expect(() => settingsFrom(without(name), "file")).toThrow(InputError);
  });
});

describe("a state dictionary", () => {
  const weights = networkWeights(small);

  test("has our names; its batch counters are left out", () => {
    const counter = fromNumbers("int64", [], [100]);
    const found = stateDictionaryWeights(
      { ...weights, "decoder.conv_more.1.num_batches_tracked": counter },
      "file.pth",
    );
    expect(found).toEqual(weights);
  });

  test.each<[string, Named<NdArray>, string]>([
    [
      "another network's name",
      { "encoder.conv1.weight": float32([1], [0]) },
      "file.pth: expected the names of a TransUNet (transformer, decoder, segmentation_head), got encoder.conv1.weight. It is another network's file.",
    ],
    [
      "integers",
      { "decoder.a": ndarray("int64", [1], new BigInt64Array(1)) },
      "expected decoder.a to be float32, got int64",
    ],
    ["an infinite number", { "decoder.a": float32([1], [Infinity]) }, "got others in decoder.a. The file is damaged."],
  ])("with %s is refused", (_, extra, message) => {
    const read = () => stateDictionaryWeights({ ...weights, ...extra }, "file.pth");
    expect(read).toThrow(message);
    expect(read).toThrow(InputError);
  });
});
