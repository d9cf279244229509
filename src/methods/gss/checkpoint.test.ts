import { describe, expect, test } from "vitest";
import { dvaeFields, fieldsIn, fieldsInText, paletteIn } from "./checkpoint.ts";

describe("the palette in a configuration's text", () => {
  const rows = [
    [1, 2, 3],
    [40, 50, 60],
  ];
  test.each([
    ["on one line", "decode_head=dict(palette=[[1, 2, 3], [40, 50, 60]], num_classes=1)"],
    ["on many", "palette = [\n  [1,\n 2, 3],\n [ 40,50,\n60],\n]\nother=[[7, 8, 9]]"],
    ["of tuples", "palette=((1,2,3),(40,50,60))"],
    ["behind that of drawings", "PALETTE=[[9, 9, 9]], dataset_palette=[[9, 9, 9]], palette=[[1, 2, 3], [40, 50, 60]]"],
  ])("%s", (_, text) => {
    expect(paletteIn(text)).toEqual(rows);
  });

  test.each([
    ["none", "model = dict(type='EncoderDecoder')"],
    ["a name in its place", "palette=palette"],
    ["an expression in it", "palette=[[1, 2, x]]"],
    ["no colours", "palette=[]"],
    ["numbers that are no bytes", "palette=[[1, 2, 300]]"],
  ])("is not told by %s", (_, text) => {
    expect(paletteIn(text)).toBeNull();
  });
});

test("the text tells which level is the grid", () => {
  expect(fieldsInText("indice_channel_index=0")).toEqual({ tokenGrid: 8 });
  expect(fieldsInText("indice_channel_index = 1,")).toEqual({ tokenGrid: 4 });
  expect(fieldsInText("pixel_channel_index=0")).toEqual({});
});

describe("shapes tell the sizes", () => {
  const head = {
    "convs.0.conv.weight": [384, 512, 1, 1],
    "fusion_conv.conv.weight": [512, 1536, 1, 1],
    "conv_before_seg.conv.weight": [2048, 512, 1, 1],
    "conv_seg.weight": [8192, 2048, 1, 1],
    ...Object.fromEntries(
      [0, 1, 10].map((i) => [`transformer_block.blocks.${i}.attn.w_msa.relative_position_bias_table`, [169, 16]]),
    ),
  };
  const below = (shapes: object) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`decode_head.${name}`, shape as number[]]));
  const sizes = {
    ...{ levelWidth: 384, fusionWidth: 512, classifierWidth: 2048, codes: 8192, aggregates: true },
    ...{ aggregationDepth: 11, aggregationHeads: 16, aggregationWindow: 7 },
  };

  test.each([
    ["no pixel head", {}, "none"],
    [
      "one of its own",
      { "convs_pixel.0.conv.weight": [384, 512, 1, 1], "conv_seg_pixel.weight": [19, 384, 1, 1] },
      "separate",
    ],
    ["single fusion", { "conv_seg_pixel.weight": [19, 512, 1, 1] }, "single"],
  ])("of a head with %s", (_, more, pixelHead) => {
    expect(fieldsIn(below({ ...head, ...more }))).toEqual({ ...sizes, pixelHead });
  });

  test("of the window transformer", () => {
    const inverse = {
      "projection.conv.weight": [128, 3, 1, 1],
      "post_transformer_block.blocks.0.attn.w_msa.relative_position_bias_table": [169, 4],
    };
    expect(fieldsIn(below({ ...head, ...inverse }))).toMatchObject({
      ...{ variant: "FT-W", inverseWidth: 128, inverseDepth: 1, inverseHeads: 4, inverseWindow: 7 },
    });
  });

  const encoder = {
    "encoder.blocks.input.w": [8, 3, 7, 7],
    "encoder.blocks.group_3.block_2.res_path.conv_1.w": [4, 8, 3, 3],
    "encoder.blocks.output.conv.w": [64, 32, 1, 1],
  };
  const decoder = {
    "decoder.blocks.input.w": [16, 64, 1, 1],
    "decoder.blocks.group_3.block_1.res_path.conv_1.w": [4, 8, 1, 1],
    "decoder.blocks.group_1.block_2.res_path.conv_1.w": [4, 8, 1, 1],
    "decoder.blocks.output.conv.w": [6, 8, 1, 1],
  };
  const tokenizer = { codes: 64, tokenizerWidth: 8, tokenizerBlocks: 2, tokenizerGroups: 3 };
  test.each([
    ["both halves", { ...encoder, ...decoder }, { ...tokenizer, tokenizerEntryWidth: 16 }],
    ["an encoder", encoder, tokenizer],
    ["a decoder", decoder, { ...tokenizer, tokenizerEntryWidth: 16 }],
    ["nothing", {}, {}],
  ])("of %s of a dVAE", (_, shapes, expected) => {
    expect(dvaeFields(shapes)).toEqual(expected);
  });
});
