import { describe, expect, test } from "vitest";
import { float32, type Named, type NdArray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { encodePairs, pairLosses } from "./network.ts";
import { publishedGroupViT } from "./settings.ts";
import { officialPlace, officialTensors, ourNames, ourWeights } from "./weights.ts";

const settings = {
  ...publishedGroupViT,
  ...{ imageSize: 8, patchSize: 4, width: 4, widthFactors: [1, 2, 2], heads: [1, 1, 1], depths: [11, 1, 1] },
  ...{ groupTokens: [3, 2, 0], outputGroups: [3, 2], textContext: 4, textWidth: 4, textHeads: 1, textLayers: 12 },
  ...{ textVocabulary: 5, projectionHidden: 6, projectionWidth: 3, prompts: 1 },
};

/** All that a network keeps, each number another one. */
function numbered(widthFactors: readonly number[]): Named<NdArray> {
  const model = new Model();
  const own = { ...settings, widthFactors };
  const vectors = encodePairs(model.scope, input("images", [2, 3, 8, 8]), input("ids", [2, 2, 4], "int64"), own);
  pairLosses(model.scope, vectors, own);
  let next = 0;
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor: { shape } }) => [
      name,
      float32(
        shape,
        Array.from({ length: sizeOf(shape) }, () => next++),
      ),
    ]),
  );
}

describe.each([
  ["equal", [1, 1, 1]],
  ["growing", [1, 2, 2]],
])("a network of %s width", (_, widthFactors) => {
  const weights = numbered(widthFactors);

  test("comes back from official names as it was", () => {
    expect(ourWeights(officialTensors(weights), "file")).toEqual(weights);
  });

  test("has an official name for every weight, and each back", () => {
    for (const name of Object.keys(weights)) expect(ourNames(officialPlace(name)?.name ?? "none")).toContain(name);
  });
});

test.each([
  ["image.stage1.layer11.attention.key.weight", "img_encoder.layers.0.blocks.10.attn.qkv.weight", 1],
  ["text.layer12.attention.value.bias", "text_encoder.transformer.resblocks.11.attn.in_proj_bias", 2],
  [
    "image.stage2.grouping.cross.attention.query.bias",
    "img_encoder.layers.1.downsample.pre_assign_attn.attn.q_proj.bias",
    null,
  ],
  ["image.stage2.tokenProjector.norm.weight", "img_encoder.layers.1.group_projector.0.weight", null],
  ["image.stage2.tokenProjector.narrow.norm.weight", "img_encoder.layers.1.group_projector.0.0.weight", null],
  ["image.stage2.tokenProjector.mixer.hidden.bias", "img_encoder.layers.1.group_projector.1.fc1.bias", null],
  ["image.stage2.tokenProjector.widening.norm.bias", "img_encoder.layers.1.group_projector.1.bias", null],
] as const)("%s is in %s", (own, name, third) => {
  expect(officialPlace(own)).toEqual({ name, third });
  expect(ourNames(name)).toContain(own);
});

test("a fused tensor is query, key and value in that order", () => {
  const name = "img_encoder.layers.0.blocks.0.attn.qkv.bias";
  const parts = ourWeights({ [name]: float32([6], [1, 2, 3, 4, 5, 6]) }, "file");
  const of = (part: string) => Array.from(parts[`image.stage1.layer1.attention.${part}.bias`].data as Float32Array);
  expect(["query", "key", "value"].map(of)).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test("counters of batches are left out", () => {
  expect(ourWeights({ "img_projector.linear_hidden.1.num_batches_tracked": float32([], [3]) }, "file")).toEqual({});
});

test.each([
  [
    "another network's names",
    { "backbone.conv1.weight": float32([1], [0]) },
    "file: expected the names of a GroupViT (img_encoder, text_encoder, img_projector), got backbone.conv1.weight. It is another network's file.",
  ],
  [
    "thirds that stand alone",
    { "img_encoder.layers.0.blocks.0.attn.q_proj.bias": float32([1], [0]) },
    "got img_encoder.layers.0.blocks.0.attn.q_proj.bias",
  ],
  [
    "a fused tensor that does not split",
    { "img_encoder.layers.0.blocks.0.attn.qkv.bias": float32([4], [1, 2, 3, 4]) },
    "file: expected img_encoder.layers.0.blocks.0.attn.qkv.bias to hold query, key and value one after another, got [4]. The file is damaged.",
  ],
] as const)("refuses %s", (_, tensors, message) => {
  expect(() => ourWeights(tensors as Named<NdArray>, "file")).toThrow(message);
  expect(() => ourWeights(tensors as Named<NdArray>, "file")).toThrow(InputError);
});

test("writing wants query, key and value together", () => {
  const weights = { "image.stage1.layer1.attention.query.bias": float32([1], [0]) };
  expect(() => officialTensors(weights)).toThrow("expected query, key and value, got some of them");
});
