import { beforeAll, describe, expect, test } from "vitest";
import { float32, fromNumbers, type Named, type NdArray } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { readWeights, type WeightFile } from "../../weights/read-weights.ts";
import { writeSafetensors } from "../../weights/safetensors.ts";
import { writeTorchParts } from "../../weights/torch-write.ts";
import { forms, officialTensors, settingsText } from "./forms.ts";
import { declareNetwork, importGss } from "./import.ts";
import { mergedWeights } from "./merge.ts";
import { givenPalette, type Palette } from "./palette.ts";
import { type GssRecipe, recipes } from "./recipe.ts";

const palette: Palette = [
  [10, 20, 30],
  [200, 100, 0],
  [0, 0, 0],
];
const fixed: GssRecipe = {
  ...{ ...recipes["gss-tiny"], encoder: "hrnet-w18", encoderStride: 32, pixelHead: "single" },
  ...givenPalette(palette),
};
const mended: GssRecipe = { ...fixed, variant: "FT-W", pixelHead: "none", inverseHeads: 2 };

function weightsOf(recipe: GssRecipe): Record<string, NdArray> {
  const model = new Model({ training: true });
  declareNetwork(model, recipe, 2);
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor }) => [
      name,
      float32(tensor.shape, new Random(name).fillUniform(new Float32Array(sizeOf(tensor.shape)))),
    ]),
  );
}

/** Names, types, shapes and bytes, which are compared fast. */
function expectSame(got: Named<NdArray>, expected: Named<NdArray>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  const bytes = ({ data }: NdArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (const [name, array] of Object.entries(expected)) {
    expect([got[name].dtype, got[name].shape], name).toEqual([array.dtype, array.shape]);
    expect(bytes(got[name]).equals(bytes(array)), name).toBe(true);
  }
}

const fileOf = (tensors: Named<NdArray>, config?: string) =>
  readWeights(
    writeTorchParts({ state_dict: tensors }, "gss.pth", config === undefined ? {} : { texts: { meta: { config } } }),
    "gss.pth",
  );

describe("a checkpoint", () => {
  let [weights, official, text]: [Named<NdArray>, Named<NdArray>, string] = [{}, {}, ""];
  beforeAll(() => {
    weights = weightsOf(fixed);
    official = officialTensors(weights, fixed).tensors;
    text = settingsText(fixed, palette);
  });

  test("becomes a run's weights and recipe", async () => {
    const imported = importGss([await fileOf(official, text)])!;
    expectSame(imported.weights, weights);
    expect(imported.outputs).toBe(2);
    expect(imported.notes).toEqual([]);
    const { recipe } = imported;
    for (const key of [
      "encoder",
      "codes",
      "tokenizerWidth",
      "levelWidth",
      "fusionWidth",
      "pixelHead",
      "variant",
    ] as const) {
      expect(recipe[key], key).toEqual(fixed[key]);
    }
    expect([recipe.palette, recipe.paletteColors]).toEqual(["given", palette.flat()]);
  });

  test("is written as it was read, counters of batches and all", async () => {
    const counted = { ...official, "decode_head.convs.0.bn.num_batches_tracked": fromNumbers("int64", [], [7]) };
    const { weights: read, kept = {}, recipe } = importGss([await fileOf(counted, text)])!;
    const { content, notes } = (await forms.gss({ weights: { ...read, ...kept }, recipe, source: "run" }))!;
    if (!("bytes" in content)) throw new Error("expected one file");
    const again = await readWeights(content.bytes, "again.pth");
    expectSame(again.tensors, counted);
    expect(again.meta).toEqual({ config: text });
    expect(notes).toEqual([]);
  });

  test("without a palette gets one, and says so", async () => {
    const { recipe, notes } = importGss([await fileOf(official)])!;
    expect(recipe.palette).toBe("farthest");
    expect(notes?.join()).toContain("its settings tell no palette");
  });

  test("with something besides is taken without it, and says so", async () => {
    const imported = importGss([await fileOf({ ...official, "decode_head.other.weight": float32([1], [0]) }, text)])!;
    expectSame(imported.weights, weights);
    expect(imported.notes).toEqual(["gss.pth: the network has no use for decode_head.other.weight."]);
  });

  test.each([
    ["a weight less", "swin_ln.weight", null, "got none for decode_head.swin_ln.weight."],
    ["another shape", "fusion_conv.bn.bias", [3], "expected decode_head.fusion_conv.bn.bias of [16], got [3]."],
  ])("with %s is refused", async (_, name, shape, message) => {
    const damaged: Record<string, NdArray> = { ...official };
    if (shape === null) delete damaged[`decode_head.${name}`];
    else damaged[`decode_head.${name}`] = float32(shape, new Float32Array(sizeOf(shape)));
    const file = await fileOf(damaged, text);
    expect(() => importGss([file])).toThrow(message);
  });

  test("of FT-W and one of FF are merged", async () => {
    const trained = officialTensors(weightsOf(mended), mended).tensors;
    const later = Object.fromEntries(
      Object.entries(trained).map(([name, array]) => [
        name,
        name.startsWith("backbone.") && array.dtype === "float32"
          ? float32(array.shape, new Float32Array(sizeOf(array.shape)))
          : array,
      ]),
    );
    const imported = importGss([await fileOf(official, text), await fileOf(later, text)])!;
    expect(imported.recipe.variant).toBe("FT-W");
    expect(imported.recipe.pixelHead).toBe("single");
    // All that both have is FF's.
    const shared = Object.keys(weights).map((name) => [name, imported.weights[name]] as const);
    expectSame(Object.fromEntries(shared), weights);
    expect(Object.keys(imported.weights).some((name) => name.startsWith("inverse.block1."))).toBe(true);
    const two = await fileOf(official, text);
    expect(() => importGss([two, two])).toThrow(
      "expected a checkpoint of GSS-FF and one of GSS-FT-W to be merged, got 2 and 0",
    );
  });

  test("of colours that were trained has no form of theirs", () => {
    const trained = { weights, recipe: { ...fixed, variant: "TF" } as GssRecipe, source: "run" };
    expect(() => forms.gss(trained)).toThrow("run: expected a variant that the authors' code has (FF, FT-W), got TF.");
  });
  test("is not written where its encoder has no names there", () => {
    const recipe: GssRecipe = { ...fixed, encoder: "mobilenet-v2" };
    const trained = { weights: weightsOf(recipe), recipe, source: "run" };
    expect(() => forms.gss(trained)).toThrow(
      "run: expected an encoder that the authors' code has (swin-*, resnet*-v1c, hrnet-*), got mobilenet-v2.",
    );
  });
});

test("other backbones than Swin lend an FT-W checkpoint's head alone, without pixels", () => {
  const one = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, float32([], [1])]));
  const [head, pixel, layer, patches] = [
    "decode_head.a",
    "decode_head.b_pixel",
    "backbone.c",
    "backbone.patch_embed.d",
  ];
  const prior = ["decode_head.conv", "backbone.layer1"];
  expect(Object.keys(mergedWeights(one(prior), one([head, pixel, layer])))).toEqual([...prior, head]);
  expect(Object.keys(mergedWeights(one([...prior, patches]), one([head, pixel, layer])))).toEqual([
    ...prior,
    patches,
    head,
    pixel,
    layer,
  ]);
});

describe("a discrete VAE", () => {
  const all = officialTensors(weightsOf(fixed), fixed).tensors;
  const half = (name: string) => {
    const prefix = `decode_head.d_vae.${name}.`;
    return Object.fromEntries(
      Object.entries(all).flatMap(([key, array]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), array]] : [],
      ),
    );
  };
  const file = async (tensors: Named<NdArray>): Promise<WeightFile> =>
    readWeights(writeSafetensors(tensors), "dvae.safetensors");

  test("is imported from its two files", async () => {
    const imported = importGss([await file(half("decoder")), await file(half("encoder"))])!;
    expect(imported.partial).toBe(true);
    expect(imported.recipe).toMatchObject({ codes: 32, tokenizerWidth: 8, tokenizerEntryWidth: 8, tokenizerBlocks: 1 });
    const expected = Object.entries(weightsOf(fixed)).filter(([name]) => name.startsWith("tokenizer."));
    expectSame(imported.weights, Object.fromEntries(expected));
  });

  test("of which one half is missing is refused", async () => {
    const alone = await file(half("decoder"));
    expect(() => importGss([alone])).toThrow(
      "expected both halves of a dVAE, such as encoder.pkl and decoder.pkl, got the decoder alone.",
    );
  });

  test("with a layer less is refused", async () => {
    const { "blocks.output.conv.b": _, ...rest } = half("encoder");
    const files = [await file(rest), await file(half("decoder"))];
    expect(() => importGss(files)).toThrow("got none for tokenizer.encoder.output.bias.");
  });

  test("is not what other files are", async () => {
    expect(importGss([await file({ "conv1.weight": float32([1], [0]) })])).toBeNull();
  });
});
