import { describe, expect, test } from "vitest";
import { newer, older, published } from "../../../test/support/jax-encoder.ts";
import { underPublishedNames } from "../../../test/support/published-names.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import { InputError, UsageError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { encoder } from "./encoder.ts";
import { transunet } from "./network.ts";
import { publishedTransUNet, type TransUNetSettings } from "./settings.ts";
import { headsOf, hybridVitWeights, stateDictionaryWeights } from "./weights.ts";

const small: TransUNetSettings = {
  ...publishedTransUNet,
  ...{ cropHeight: 48, cropWidth: 48, stemWidth: 8, normGroups: 4, stageUnits: [2, 1, 1] },
  ...{ tokenWidth: 12, layers: 2, heads: 3, mlpWidth: 20, headChannels: 8, decoderChannels: [8, 6, 4, 4] },
};
const patches: TransUNetSettings = { ...small, stageUnits: [], skips: 0 };

function encoderWeights(settings: TransUNetSettings): Record<string, NdArray> {
  const model = new Model();
  encoder(model.scope.at("encoder"), input("image", [1, 3, 48, 48]), settings);
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
    expect(found["encoder.patches.bias"]).toEqual(file["embedding/bias"]);
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

describe("a state dictionary", () => {
  const model = new Model();
  transunet(model.scope, input("image", [1, 3, 48, 48]), 5, small);
  const weights = movedWeights(model);

  test("is read under our names; its batch counters are left out", () => {
    const counter = fromNumbers("int64", [], [100]);
    const found = stateDictionaryWeights(
      { ...underPublishedNames(weights), "decoder.conv_more.1.num_batches_tracked": counter },
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
      "a part that the network does not have",
      { "decoder.conv_more.2.weight": float32([1], [0]) },
      "got decoder.conv_more.2.weight. It is another network's file.",
    ],
    [
      "integers",
      { "segmentation_head.0.bias": ndarray("int64", [1], new BigInt64Array(1)) },
      "expected segmentation_head.0.bias to be float32, got int64",
    ],
    [
      "an infinite number",
      { "segmentation_head.0.bias": float32([1], [Infinity]) },
      "got others in segmentation_head.0.bias. The file is damaged.",
    ],
  ])("with %s is refused", (_, extra, message) => {
    const read = () => stateDictionaryWeights({ ...underPublishedNames(weights), ...extra }, "file.pth");
    expect(read).toThrow(message);
    expect(read).toThrow(InputError);
  });
});
