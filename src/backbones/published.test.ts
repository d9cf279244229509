import { describe, expect, test } from "vitest";
import { type Layout, type PublishedLayout, publishedLayouts } from "../../test/support/published-layouts.ts";
import { float32, type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { type Shape, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { readWeights } from "../weights/read-weights.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { encoders } from "./encoders.ts";
import { publishedEncoder, publishedNames } from "./published.ts";

const layouts = publishedLayouts();

/** Random numbers that all tensors are pieces of: each begins elsewhere. */
const pool = new Random("published weights").fillNormal(new Float32Array(2 ** 25));

function weightsOf(layout: Layout): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(layout).map(([name, shape]) => {
      const start = new Random(name).integer(pool.length - sizeOf(shape));
      return [name, float32(shape, pool.subarray(start, start + sizeOf(shape)))];
    }),
  );
}

const file = (tensors: Named<NdArray>) => ({ kind: "safetensors", tensors, where: "weights.safetensors" }) as const;

/** Names and shapes in order of names; numbers by their bytes, which is fast. */
function expectSame(got: Named<NdArray>, expected: Named<NdArray>): void {
  const shapes = (weights: Named<NdArray>) =>
    Object.keys(weights)
      .sort()
      .map((name) => [name, weights[name].shape]);
  expect(shapes(got)).toEqual(shapes(expected));
  const bytes = ({ data }: NdArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (const [name, array] of Object.entries(expected)) {
    expect(bytes(got[name]).equals(bytes(array)), name).toBe(true);
  }
}

/** Encoders by what their files look like: those of ViT and DeiT are alike. */
const alike = new Map<PublishedLayout, { readonly names: string[]; readonly library: string }>();
for (const [name, { published }] of Object.entries(encoders)) {
  for (const { library } of published) {
    const layout = layouts[name][library];
    alike.set(layout, { library, names: [...(alike.get(layout)?.names ?? []), name] });
  }
}

test.each([...alike].map(([layout, { names, library }]) => ({ layout, library, names, title: names.join(" and ") })))(
  "$title under the names of $library come back as they went",
  ({ layout: { encoder, beside }, library, names }) => {
    const theirs = weightsOf(encoder);
    const read = publishedEncoder(file({ ...theirs, ...weightsOf(beside) }));
    expect(read.encoders).toEqual(names);
    expect(read.library).toBe(library);
    expectSame(publishedNames(names[0], read.weights, library), theirs);
  },
);

describe("weights that they keep as one", () => {
  const { weights } = publishedEncoder(file(weightsOf(layouts["vit-tiny-16"].timm.encoder)));

  test("are query, key and value in that order", () => {
    const { "blocks.3.attn.qkv.weight": joined } = weightsOf(layouts["vit-tiny-16"].timm.encoder);
    ["query", "key", "value"].forEach((name, i) => {
      const part = weights[`layer4.attention.${name}.weight`];
      expect(part.shape).toEqual([192, 192]);
      expect(part.data).toEqual(joined.data.slice(i * 192 * 192, (i + 1) * 192 * 192));
    });
  });

  test("are of both libraries, which say the same", () => {
    const theirs = publishedNames("vit-tiny-16", weights, "transformers");
    expectSame(publishedEncoder(file(theirs)).weights, weights);
  });
});

describe("a whole model's file", () => {
  const below = (prefix: string, tensors: Named<NdArray>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, array]) => [`${prefix}${name}`, array]));
  const resNet = weightsOf(layouts.resnet18.torchvision.encoder);
  const mobileNet = weightsOf(layouts["mobilenet-v2"].torchvision.encoder);
  const mobileNetHead = weightsOf(layouts["mobilenet-v2"].torchvision.beside);
  const vit = weightsOf(layouts["vit-tiny-16"].transformers.encoder);
  const dino = weightsOf(layouts["dinov2-small-14"].transformers.encoder);
  const registers = weightsOf(layouts["dinov2-small-14-registers"].transformers.encoder);
  const head = weightsOf({ "classifier.4.weight": [21, 256, 1, 1], "decoder.blocks.0.conv1.0.weight": [8, 8, 3, 3] });
  const classifier = weightsOf({ "classifier.weight": [5, 192], "classifier.bias": [5] });

  test.each<[what: string, name: string, encoder: Named<NdArray>, whole: Named<NdArray>]>([
    ["torchvision's DeepLab", "resnet18", resNet, { ...below("backbone.", resNet), ...head }],
    ["segmentation-models-pytorch", "resnet18", resNet, { ...below("encoder.", resNet), ...head }],
    ["segmentation-models-pytorch", "mobilenet-v2", mobileNet, below("encoder.", { ...mobileNet, ...mobileNetHead })],
    ["a parallel trainer", "resnet18", resNet, below("module.", resNet)],
    [
      "a trainer of trainers",
      "resnet18",
      resNet,
      { ...below("model.module.encoder.", resNet), ...below("model.", head) },
    ],
    ["a classifier of transformers", "vit-tiny-16", vit, { ...below("vit.", vit), ...classifier }],
    ["a classifier of transformers", "dinov2-small-14", dino, { ...below("dinov2.", dino), ...classifier }],
    ["transformers", "dinov2-small-14-registers", registers, below("dinov2_with_registers.", registers)],
    ["a segmenter of transformers", "dinov2-small-14", dino, { ...below("backbone.", dino), ...classifier }],
  ])("of %s has the encoder %s in it", (_, name, encoder, whole) => {
    const read = publishedEncoder(file(whole));
    expect(read.encoders).toContain(name);
    expectSame(read.weights, publishedEncoder(file(encoder)).weights);
  });
});

test("half precision is read as the same numbers", async () => {
  const halves = Object.fromEntries(
    Object.entries(layouts["vit-tiny-16"].timm.encoder).map(([name, shape]): [string, NdArray] => [
      name,
      ndarray("float16", shape, new Uint16Array(sizeOf(shape)).fill(0x3e00)),
    ]),
  );
  const { weights, encoders: names } = publishedEncoder(
    await readWeights(writeSafetensors(halves), "half.safetensors"),
  );
  expect(names).toEqual(["vit-tiny-16", "deit-tiny-16"]);
  expect(Object.values(weights).every(({ dtype, data }) => dtype === "float32" && data.every((x) => x === 1.5))).toBe(
    true,
  );
});

test("an encoder is told by its shapes, and by its names where those are alike", () => {
  const told = (name: string, library: string) =>
    publishedEncoder(file(weightsOf(layouts[name][library].encoder))).encoders;
  expect(told("resnet50", "torchvision")).toEqual(["resnet50"]);
  expect(told("vit-small-16", "timm")).toEqual(["vit-small-16", "deit-small-16"]);
  expect(told("dinov2-small-14", "torch.hub")).toEqual(["dinov2-small-14"]);
  expect(told("dinov2-small-14-registers", "torch.hub")).toEqual(["dinov2-small-14-registers"]);
});

describe("refuses in one line", () => {
  const without = (name: string, layout: Layout) => {
    const { [name]: _, ...rest } = layout;
    return rest;
  };
  const vit = layouts["vit-tiny-16"].timm.encoder;
  const resNet = layouts.resnet18.torchvision.encoder;
  const dino = layouts["dinov2-small-14"]["torch.hub"].encoder;
  const scaled = (layout: Layout, from: number, to: number): Layout =>
    Object.fromEntries(
      Object.entries(layout).map(([name, shape]) => [
        name,
        shape.map((size) => (size % from === 0 ? (size / from) * to : size)),
      ]),
    );

  test.each<[what: string, layout: Record<string, Shape>, message: string]>([
    ["a foreign file", { "body.gru.weight": [3] }, "got names such as body.gru.weight"],
    ["an empty file", {}, "got names such as none"],
    [
      "a file that ends early",
      without("blocks.11.mlp.fc2.weight", vit),
      "vit-tiny-16 (timm), got none called blocks.11.mlp.fc2.weight",
    ],
    ["one without a joined weight", without("blocks.2.attn.qkv.bias", vit), "got none called blocks.2.attn.qkv.bias"],
    [
      "another width",
      scaled(vit, 192, 320),
      "vit-tiny-16 (timm), got patch_embed.proj.weight of [320, 3, 16, 16] where [192, 3, 16, 16] is right",
    ],
    [
      "one joined weight of another width",
      { ...vit, "blocks.0.attn.qkv.weight": [576, 96] },
      "got blocks.0.attn.qkv.weight of [576, 96] where [576, 192] is right",
    ],
    [
      "a joined weight that cannot be cut",
      { ...vit, "blocks.0.attn.qkv.weight": [577, 192] },
      "got none called blocks.0.attn.qkv.weight",
    ],
    [
      "positions of a larger picture",
      { ...vit, pos_embed: [1, 577, 192] },
      "got pos_embed of [1, 577, 192] where [1, 197, 192] is right",
    ],
    [
      "a distilled DeiT",
      { ...vit, dist_token: [1, 1, 192], pos_embed: [1, 198, 192] },
      "got pos_embed of [1, 198, 192]",
    ],
    ["a deeper network", { ...vit, "blocks.12.norm1.weight": [192] }, "got blocks.12.norm1.weight beside them"],
    [
      "other registers",
      { ...dino, register_tokens: [1, 8, 384] },
      "got register_tokens of [1, 8, 384] where [1, 4, 384] is right",
    ],
    [
      "a ResNet of another width",
      scaled(resNet, 64, 96),
      "resnet18 (torchvision), got conv1.weight of [96, 3, 7, 7] where [64, 3, 7, 7] is right",
    ],
    [
      "a ResNet with more in its units",
      { ...resNet, "layer1.0.se.fc1.weight": [16, 64, 1, 1] },
      "got layer1.0.se.fc1.weight beside them",
    ],
  ])("%s", (_, layout, message) => {
    const read = () => publishedEncoder(file(weightsOf(layout)));
    expect(read).toThrow(message);
    expect(read).toThrow(InputError);
    expect(read).not.toThrow(/\n/);
  });

  test("a cut file", async () => {
    const bytes = writeSafetensors(weightsOf(vit));
    const read = readWeights(bytes.subarray(0, bytes.length / 2), "cut.safetensors");
    await expect(read).rejects.toThrow(InputError);
    await expect(read).rejects.toThrow(/^cut\.safetensors: .*$/);
  });

  test("numbers that are none", () => {
    const weights = weightsOf(vit);
    weights["norm.bias"] = float32([192], new Float32Array(192).fill(Number.NaN));
    expect(() => publishedEncoder(file(weights))).toThrow("expected finite numbers, got others in norm.bias");
  });

  test("a library that has no names for an encoder", () => {
    expect(() => publishedNames("vit-tiny-16", {}, "gluon")).toThrow(
      'expected names of timm or transformers, got "gluon"',
    );
  });
});
