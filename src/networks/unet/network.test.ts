import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { InputError, UsageError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { concat, resize } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { networkOf } from "../network.ts";
import { convNormRelu, decoderBlocks } from "./decoder.ts";
import { decodedFrom, encodedBy, unet } from "./network.ts";
import { type UNetSettings, usualUNet } from "./settings.ts";
import { transferUNet } from "./transfer.ts";

const small: UNetSettings = { ...usualUNet, encoder: "resnet18", decoderChannels: [16, 12, 8, 8, 4] };
const image = input("image", [2, 3, 64, 96]);

function built(settings: UNetSettings, outputs = 5): Model {
  const model = new Model();
  const { logits } = unet(model.scope, image, outputs, settings);
  expect(logits.shape).toEqual([2, outputs, 64, 96]);
  return model;
}

const weightsOf = (settings: UNetSettings, outputs = 5): Named<NdArray> => movedWeights(built(settings, outputs));

describe("scores have the picture's size", () => {
  test.each<[string, Partial<UNetSettings>, string[]]>([
    ["with five blocks", {}, ["block5.unit2.conv.weight"]],
    ["with three, resized", { outputStride: 4 }, ["block3.unit2.conv.weight"]],
    ["repeated or bilinear", { upsampling: "bilinear", outputStride: 2 }, ["block4.unit2.conv.weight"]],
    ["of an encoder with wide kernels", { encoderStride: 8, outputStride: 4 }, ["block1.unit2.conv.weight"]],
    ["of a magnified picture", { magnification: 2, outputStride: 4 }, ["block2.unit2.conv.weight"]],
    ["of folded norms", { encoder: "mobilenet-v2-tf", encoderNorms: "folded" }, ["block5.unit2.conv.weight"]],
    [
      "with norms before its blocks",
      { mapNorms: "batch" },
      ["block5.unit2.conv.weight", "map4.norm.weight", "map32.norm.running_var"],
    ],
    ["of a linear head", { decoder: "linear" }, ["norm.weight"]],
    ["of a convolutional head", { decoder: "convolutional" }, ["entry.conv.weight", "unit4.conv.weight"]],
  ])("%s", (_, change, last) => {
    const names = [...built({ ...small, ...change }).parameters.keys()].filter((name) => name.startsWith("decoder."));
    for (const name of last) expect(names).toContain(`decoder.${name}`);
    const number = Math.max(...names.map((name) => Number(/block(\d)/.exec(name)?.[1] ?? 0)));
    expect(number).toBe(Number(/block(\d)/.exec(last[0])?.[1] ?? 0));
  });
});

test("a magnified picture's scores are those of the larger picture, at half its size", async () => {
  const picture = input("picture", [1, 3, 32, 64]);
  const settings: UNetSettings = { ...small, magnification: 2 };
  const model = new Model();
  const { logits, features } = unet(model.scope, picture, 2, settings);
  expect(features.map(({ stride }) => stride)).toEqual([1, 2, 4, 8, 16]);
  const again = new Model();
  const larger = resize(picture, [64, 128], { mode: "bilinear", alignCorners: false });
  const plain: UNetSettings = { ...small, outputStride: 2 };
  const expected = decodedFrom(again.scope, encodedBy(again.scope, larger, plain), [32, 64], 2, plain);
  const values = Float32Array.from({ length: 3 * 32 * 64 }, (_, i) => Math.sin(i / 7));
  const given = { ...movedWeights(model), picture: float32([1, 3, 32, 64], values) };
  const got = (await evaluate({ logits }, given)).logits;
  expect(toNumbers(got)).toEqual(toNumbers((await evaluate({ expected }, given)).expected));
});

test("norms of maps come between the encoder and the blocks", async () => {
  const picture = input("picture", [1, 3, 32, 64]);
  const settings: UNetSettings = { ...small, mapNorms: "batch" };
  const model = new Model();
  const { logits } = unet(model.scope, picture, 2, settings);
  const again = new Model();
  const normed = encodedBy(again.scope, picture, settings).map(({ stride, map }) => ({
    ...{ stride, map: batchNorm2d(again.scope.at(`decoder.map${stride}.norm`), map) },
  }));
  const expected = decodedFrom(again.scope, normed, [32, 64], 2, { ...settings, mapNorms: "none" });
  const values = Float32Array.from({ length: 3 * 32 * 64 }, (_, i) => Math.sin(i / 7));
  const given = { ...movedWeights(again), ...movedWeights(model), picture: float32([1, 3, 32, 64], values) };
  const got = (await evaluate({ logits }, given)).logits;
  expect(toNumbers(got)).toEqual(toNumbers((await evaluate({ expected }, given)).expected));
});

test("a block doubles its map, joins the encoder's of that size, and mixes both", async () => {
  const [x, skip] = [input("x", [1, 2, 2, 3]), input("skip", [1, 3, 4, 6])];
  const options = { upsampling: "nearest", initialization: "he" } as const;
  const model = new Model();
  const [first, second] = decoderBlocks(model.scope, x, [skip, undefined], [4, 2], options);
  expect([first.shape, second.shape]).toEqual([
    [1, 4, 4, 6],
    [1, 2, 8, 12],
  ]);
  expect(model.parameters.get("block1.unit1.conv.weight")?.tensor.shape).toEqual([4, 5, 3, 3]);
  // The same by its pieces.
  const again = new Model();
  const doubled = resize(x, [4, 6], { mode: "nearest", alignCorners: false });
  const once = convNormRelu(again.scope, "block1.unit1", concat([doubled, skip], { axis: 1 }), 4, options);
  const expected = convNormRelu(again.scope, "block1.unit2", once, 4, options);
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const feeds = { x: float32([1, 2, 2, 3], values(12)), skip: float32([1, 3, 4, 6], values(72)) };
  const weights = { ...movedWeights(model), ...feeds };
  const got = await evaluate({ first }, weights);
  expect(toNumbers(got.first)).toEqual(toNumbers((await evaluate({ expected }, weights)).expected));
});

describe("weights of another U-Net", () => {
  const options = { parts: ["encoder", "decoder", "head"], outputs: 5, source: "run" } as const;

  test("are taken as they are, and blocks that there are not, left out", () => {
    const weights = weightsOf(small);
    expect(transferUNet(weights, small, small, options)).toEqual({ weights, notes: [] });
    const shorter = { ...small, outputStride: 4 } as const;
    const { weights: kept, notes } = transferUNet(weights, small, shorter, options);
    const blocks = new Set(Object.keys(kept).flatMap((name) => /block\d/.exec(name) ?? []));
    expect([...blocks]).toEqual(["block1", "block2", "block3"]);
    // It read another block's map.
    expect([Object.keys(kept).filter((name) => name.startsWith("head.")), notes.length]).toEqual([[], 1]);
  });

  test("without a head that read another map, though its shapes are the same", () => {
    const even = { ...small, decoderChannels: [8, 8, 8, 8, 8] };
    const { weights, notes } = transferUNet(weightsOf(even), even, { ...even, outputStride: 4 }, options);
    expect(Object.keys(weights).some((name) => name.startsWith("head."))).toBe(false);
    expect(notes).toEqual([
      "head: decoder unet at output stride 1 in run, decoder unet at output stride 4 wanted: it starts anew",
    ]);
  });

  test("without a head for other classes", () => {
    const { weights, notes } = transferUNet(weightsOf(small, 7), small, small, options);
    expect(Object.keys(weights).some((name) => name.startsWith("head."))).toBe(false);
    expect(notes).toEqual(["head: 7 outputs in run, 5 wanted: it starts anew"]);
  });

  test.each<[string, Partial<UNetSettings>, string]>([
    [
      "of another encoder",
      { encoder: "resnet34" },
      "run: expected weights of a network with encoder resnet18, got resnet34. Add --set encoder=resnet34.",
    ],
    ["of folded norms", { encoderNorms: "folded" }, "encoderNorms batch, got folded"],
    ["of maps without norms", { mapNorms: "batch" }, "expected a decoder of mapNorms none, got one of batch"],
    ["of another width", { decoderChannels: [12, 12, 8, 8, 4] }, "expected decoder.block1.unit1.conv.weight"],
  ])("%s are refused", (_, change, message) => {
    const from = { ...small, ...change };
    const transfer = () => transferUNet(weightsOf(from), from, small, options);
    expect(transfer).toThrow(message);
    expect(transfer).toThrow(InputError);
  });

  test("frozen norms are the same weights as those of the batch", () => {
    const frozen = { ...small, encoderNorms: "frozen" } as const;
    expect(transferUNet(weightsOf(small), small, frozen, options).notes).toEqual([]);
  });
});

describe("a file of an encoder", () => {
  const theirs = (prefix = "") => {
    const names: [RegExp, string][] = [
      [/^stem\.conv/, "conv1"],
      [/^stem\.norm/, "bn1"],
      [/^stage(\d)\.unit(\d)\.shortcut\.conv/, "layer$1.@$2.downsample.0"],
      [/^stage(\d)\.unit(\d)\.shortcut\.norm/, "layer$1.@$2.downsample.1"],
      [/^stage(\d)\.unit(\d)\.conv(\d)/, "layer$1.@$2.conv$3"],
      [/^stage(\d)\.unit(\d)\.norm(\d)/, "layer$1.@$2.bn$3"],
    ];
    const weights = Object.entries(weightsOf(small)).filter(([name]) => name.startsWith("encoder."));
    return Object.fromEntries(
      weights.map(([name, array]) => {
        const own = name.replace("encoder.", "");
        const rule = names.find(([pattern]) => pattern.test(own))!;
        const renamed = own.replace(...rule).replace(/@(\d)/, (_, number) => String(Number(number) - 1));
        return [prefix + renamed, array];
      }),
    );
  };
  const file = (tensors: Named<NdArray>) => ({ kind: "torch", tensors, where: "w.pth" }) as const;

  test.each(["", "backbone.", "module.model."])("is known by its names, with %j before them", (prefix) => {
    const head = { [`${prefix}fc.weight`]: float32([2, 512], new Float32Array(1024)) };
    const counters = { [`${prefix}bn1.num_batches_tracked`]: float32([], [7]) };
    const { weights, settings } = networkOf(usualUNet).encoder(file({ ...theirs(prefix), ...head, ...counters }));
    expect(settings).toEqual({ encoder: "resnet18", encoderNorms: "batch" });
    const expected = Object.entries(weightsOf(small)).filter(([name]) => name.startsWith("encoder."));
    expect(weights).toEqual(Object.fromEntries(expected));
  });

  test.each<[string, (tensors: Record<string, NdArray>) => void, string]>([
    [
      "lacks a weight",
      (all) => delete all["layer2.0.conv1.weight"],
      "w.pth: expected the weights of resnet18 (torchvision), got none called layer2.0.conv1.weight. The file is of another network, or damaged.",
    ],
    [
      "has another shape",
      (all) => (all["layer2.0.bn1.bias"] = float32([3], [1, 2, 3])),
      "got layer2.0.bn1.bias of [3] where [128] is right",
    ],
    ["has others beside them", (all) => (all["layer9.x"] = float32([1], [1])), "got layer9.x beside them"],
    [
      "has numbers that are none",
      (all) => (all["bn1.bias"] = float32([64], new Float32Array(64).fill(NaN))),
      "expected finite numbers, got others in bn1.bias",
    ],
  ])("that %s is refused", (_, change, message) => {
    const tensors = theirs();
    change(tensors);
    const read = () => networkOf(usualUNet).encoder(file(tensors));
    expect(read).toThrow(message);
    expect(read).toThrow(InputError);
  });

  test("of a network that is none of ours is refused", () => {
    const read = () => networkOf(usualUNet).encoder(file({ "a.b": float32([1], [1]) }));
    expect(read).toThrow(/expected weights of mobilenet-v2, .*, got names such as a\.b\./);
  });
});

test("a decoder with too few blocks, and one for tokens, say so", () => {
  const build = (change: Partial<UNetSettings>) => () => built({ ...small, ...change });
  expect(build({ decoderChannels: [8, 8] })).toThrow("decoderChannels: expected 5 numbers");
  expect(build({ decoderChannels: [8, 8] })).toThrow(UsageError);
  expect(build({ encoder: "resnet1" })).toThrow(/got "resnet1"\. Did you mean resnet18\?/);
});
