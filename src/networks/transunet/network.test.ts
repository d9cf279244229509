import { describe, expect, test } from "vitest";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { transunet } from "./network.ts";
import { publishedTransUNet, type TransUNetSettings } from "./settings.ts";

const paper = publishedTransUNet;

function build(recipe: TransUNetSettings, height: number, width = height, outputs = 9, training = false) {
  const model = new Model({ training });
  const built = transunet(model.scope, input("image", [1, 3, height, width]), outputs, recipe);
  return { model, ...built };
}

/** Numbers in the parameters whose names start with `prefix`, running averages left out. */
function count(model: Model, prefix = ""): number {
  return [...model.parameters.values()]
    .filter(({ name, role }) => role === "weight" && name.startsWith(prefix))
    .reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
}

describe("the published network has as many parameters as its code", () => {
  const { model } = build(paper, 224);
  test.each([
    ["stem", "encoder.stem.", 9_536],
    ["stages", "encoder.stage", 11_885_312],
    ["patch embedding", "encoder.patches.", 787_200],
    ["transformer layers", "encoder.layer", 85_054_464],
    ["last norm", "encoder.norm.", 1_536],
    ["position embedding", "encoder.positions", 150_528],
    ["encoder", "encoder.", 97_888_576],
    ["decoder", "decoder.", 7_387_200],
    ["whole network with 9 classes", "", 105_277_081],
  ])("%s", (_, prefix, expected) => expect(count(model, prefix)).toBe(expected));

  test("encoder with class token, its position and 1000 classes, as the vision transformer's test counts it", () => {
    expect(count(model, "encoder.") + 2 * 768 + 768 * 1000 + 1000).toBe(98_659_112);
  });
});

/** The decoder of the DDeP paper's default width (Brempong et al. 2022). */
const wideDecoder = { headChannels: 1024, decoderChannels: [512, 256, 128, 64] };

test.each([
  [1, {}, 7_387_200],
  [2, {}, 19_442_304],
  [3, {}, 36_165_312],
  [1, wideDecoder, 19_506_944],
  [2, wideDecoder, 57_814_528],
  [3, wideDecoder, 114_922_752],
] as const)("decoder of width ×%i, channels %o: %i parameters", (widthMultiplier, channels, expected) => {
  expect(count(build({ ...paper, ...channels, widthMultiplier }, 224).model, "decoder.")).toBe(expected);
});

test.each([
  [224, 112, 55, 55, 56, 28, 14],
  [512, 256, 127, 127, 128, 64, 32],
  [1024, 512, 255, 255, 256, 128, 64],
])("sizes at %i pixels are those of the published network", (side, stem, pool, block1, skip1, block2, block3) => {
  const { encoded, decoded, logits } = build({ ...paper, cropHeight: side, cropWidth: side }, side);
  expect({
    root: encoded.residual!.root.shape,
    pooled: encoded.residual!.pooled.shape,
    stages: encoded.residual!.stages.map(({ shape }) => shape),
    skips: encoded.features.map(({ shape }) => shape),
    tokens: encoded.tokens.shape,
    entry: decoded.entry.shape,
    blocks: decoded.blocks.map(({ shape }) => shape),
    logits: logits.shape,
  }).toEqual({
    root: [1, 64, stem, stem],
    pooled: [1, 64, pool, pool],
    stages: [
      [1, 256, block1, block1],
      [1, 512, block2, block2],
      [1, 1024, block3, block3],
    ],
    skips: [
      [1, 512, block2, block2],
      [1, 256, skip1, skip1],
      [1, 64, stem, stem],
    ],
    tokens: [1, block3 * block3, 768],
    entry: [1, 512, block3, block3],
    blocks: [
      [1, 256, 2 * block3, 2 * block3],
      [1, 128, 4 * block3, 4 * block3],
      [1, 64, 8 * block3, 8 * block3],
      [1, 16, side, side],
    ],
    logits: [1, 9, side, side],
  });
});

const small: TransUNetSettings = {
  ...paper,
  ...{ cropHeight: 176, cropWidth: 240, stemWidth: 24, normGroups: 8, stageUnits: [2, 2, 2] },
  ...{ tokenWidth: 192, layers: 4, heads: 3, mlpWidth: 768, dropout: 0 },
  ...{ headChannels: 64, decoderChannels: [64, 48, 32, 16], outputStride: 2 },
};

test("the JAX convention pools to exactly a quarter", () => {
  expect(build({ ...small, encoderConvention: "jax" }, 176, 240).encoded.residual!.pooled.shape).toEqual([
    1,
    small.stemWidth,
    44,
    60,
  ]);
});

test.each([1, 2, 4] as const)("logits have the picture's size at output stride %i", (outputStride) => {
  const { logits, decoded } = build({ ...small, outputStride }, 96, 160, 5);
  expect(logits.shape).toEqual([1, 5, 96, 160]);
  expect(decoded.output.shape.slice(2)).toEqual([96 / outputStride, 160 / outputStride]);
});

test("parameters do not depend on the picture's size", () => {
  const shapes = (height: number, width: number) =>
    [...build(small, height, width).model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape]);
  expect(shapes(320, 480)).toEqual(shapes(small.cropHeight, small.cropWidth));
});

test.each([0, 1, 2, 3])("with %i skips, the later blocks take the upsampled map alone", (skips) => {
  const { model } = build({ ...small, skips, outputStride: 1 }, 64);
  const inputs = [1, 2, 3, 4].map((i) => model.parameters.get(`decoder.block${i}.unit1.conv.weight`)!.tensor.shape[1]);
  const joined = [8, 4, 1, 0]
    .map((factor) => factor * small.stemWidth)
    .map((channels, i) => (i < skips ? channels : 0));
  const before = [small.headChannels, ...small.decoderChannels]; // what each block doubles
  expect(inputs).toEqual(joined.map((channels, i) => before[i] + channels));
});

test("dropout is where each code has it, and nowhere in a frozen encoder", () => {
  const recipe: TransUNetSettings = { ...paper, layers: 1 };
  const noises = (trains: (name: string) => boolean, changes: Partial<TransUNetSettings> = {}) => {
    const model = new Model({ training: true, trains });
    transunet(model.scope, input("image", [1, 3, 64, 64]), 3, { ...recipe, ...changes });
    return { noises: model.noises.size, trained: model.trained.map(({ name }) => name) };
  };
  const all = () => true;
  expect(noises(all).noises).toBe(3); // tokens, twice in the MLP
  expect(noises(all, { attentionDropout: 0.1 }).noises).toBe(5); // and the attention's weights and result
  expect(noises(all, { encoderConvention: "jax" }).noises).toBe(4); // and the attention's result
  const frozen = noises((name) => !name.startsWith("encoder."));
  expect(frozen.noises).toBe(0);
  expect(frozen.trained.every((name) => !name.startsWith("encoder."))).toBe(true);
});

test("random numbers are drawn by the published names, each stream once", () => {
  const model = new Model({ training: true });
  const recipe = { ...paper, layers: 2, attentionDropout: 0.1 };
  transunet(model.scope, input("image", [1, 3, 64, 64]), 3, recipe);
  const streams = new Map(
    [...model.parameters.values(), ...model.noises.values()].map((each) => [each.name, each.stream]),
  );
  expect(new Set(streams.values()).size).toBe(streams.size);
  for (const [name, stream] of streams) expect(stream, name).toMatch(/^(transformer|decoder|segmentation_head)\./);
  expect(streams.get("encoder.layer2.attention.query.weight")).toBe("transformer.encoder.layer.1.attn.query.weight");
  expect(streams.get("encoder.dropout")).toBe("transformer.embeddings.dropout");
  expect(streams.get("decoder.block1.unit2.norm.weight")).toBe("decoder.blocks.0.conv2.1.weight");
});

test("sides that are no multiples of 16 are refused", () => {
  expect(() => build(small, 100, 160)).toThrow("encoder: image sides must be multiples of 16, got 100 × 160");
});

test("without residual units, patches are the tokens and the decoder is given no features", () => {
  const { model, encoded, logits } = build({ ...paper, stageUnits: [], skips: 0 }, 224);
  expect([encoded.tokens.shape, encoded.features, logits.shape]).toEqual([[1, 196, 768], [], [1, 9, 224, 224]]);
  expect(model.parameters.get("encoder.patches.weight")!.tensor.shape).toEqual([768, 3, 16, 16]);
  // ViT-B/16 of 86,567,656 parameters without its class token, that token's position, and the head of 1000 classes.
  expect(count(model, "encoder.")).toBe(86_567_656 - 2 * 768 - 769_000);
});
