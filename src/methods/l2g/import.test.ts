import { expect, test } from "vitest";
import type { Named, NdArray } from "../../array/ndarray.ts";
import { ndarray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { readTorch } from "../../weights/torch.ts";
import { readReleaseCheckpoint } from "./checkpoint.ts";
import { forms } from "./forms.ts";
import { importL2G } from "./import.ts";
import { l2g } from "./index.ts";
import { classifier } from "./network.ts";
import { type L2GRecipe, recipes } from "./recipe.ts";
import { releaseNames } from "./weights.ts";

const recipe: L2GRecipe = {
  ...recipes["l2g-tiny"],
  ...{ encoder: "vgg16", encoderStride: 8, earlyChannels: 4, lateChannels: 5, affinityChannels: 6 },
};

/** Both networks with every number of a weight its place in the list of weights. */
function pair(): Named<NdArray> {
  const model = new Model();
  for (const network of ["global", "local"] as const) {
    classifier(model.scope, network, input(network, [1, 3, 32, 32]), 3, recipe);
  }
  const all = [...model.parameters.values()].map(
    ({ name, tensor: { shape } }, i) =>
      [name, ndarray("float32", shape, new Float32Array(sizeOf(shape)).fill(i))] as const,
  );
  return Object.fromEntries(all);
}

const written = async (weights: Named<NdArray>, form = "l2g") => {
  const { content } = (await forms[form]({ weights, recipe, source: "run" }))!;
  if (!("bytes" in content)) throw new Error("expected one file");
  return content.bytes;
};

test("a pair is written as the release's checkpoint, and read back its global network is the same", async () => {
  const weights = pair();
  const bytes = await written(weights);
  const both = await readReleaseCheckpoint(bytes, "l2g.pth");
  expect(Object.keys(both.local ?? {}).sort()).toEqual(Object.keys(both.global).sort());
  const { tensors } = await readTorch(bytes, "l2g.pth");
  const imported = importL2G([{ kind: "torch", tensors, where: "l2g.pth" }]);
  expect(imported?.recipe).toMatchObject({ encoder: "vgg16", earlyChannels: 4, lateChannels: 5, affinityChannels: 6 });
  expect([imported?.outputs, imported?.classes?.[0]]).toMatchObject([4, { background: true }]);
  const own = Object.entries(weights).filter(([name]) => name.startsWith("global"));
  expect(Object.keys(imported!.weights).sort()).toEqual(own.map(([name]) => name).sort());
  for (const [name, { data }] of own) expect(imported!.weights[name].data[0], name).toBe(data[0]);
});

test.each([
  ["resnet38", [1, 1, 2, 1, 1, 1]],
  ["vgg16", [1, 2, 1, 4, 2]],
] as const)(
  "a narrow %s of another depth is told by its names and shapes, and written under them again",
  async (encoder, units) => {
    const small = { ...recipe, encoder, encoderWidth: 2, encoderUnits: units };
    const model = new Model();
    classifier(model.scope, "global", input("image", [1, 3, 32, 32]), 3, small);
    const names = releaseNames(encoder, units);
    const tensors = Object.fromEntries(
      [...model.parameters.values()].map(({ name, tensor: { shape } }) => [
        names.theirs(name.replace(/^global(Encoder|Head)/, (_, part: string) => part.toLowerCase()))!,
        ndarray("float32", shape, new Float32Array(sizeOf(shape))),
      ]),
    );
    const imported = importL2G([{ kind: "torch", tensors, where: "small.pth" }])!;
    expect(imported.recipe).toMatchObject({ encoder, encoderWidth: 2, encoderUnits: units, steps: 0 });
    expect(() => l2g.validate(imported.recipe)).not.toThrow();
    expect(Object.keys(imported.weights).sort()).toEqual([...model.parameters.keys()].sort());
    const { content } = (await forms.l2g({ weights: imported.weights, recipe: imported.recipe, source: "run" }))!;
    const { global } = await readReleaseCheckpoint((content as { bytes: Uint8Array }).bytes, "again.pth");
    expect(Object.keys(global)).toEqual(expect.arrayContaining(Object.keys(tensors)));
  },
);

test.each([
  [20, "encoder"],
  [80, "coco"],
])("a network of %i classes sees pixels by the normalization %s", (classes, viewNormalization) => {
  const model = new Model();
  const small = { ...recipe, encoderWidth: 1 };
  classifier(model.scope, "global", input("image", [1, 3, 32, 32]), classes, small);
  const tensors = Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor: { shape } }) => [
      releaseNames("vgg16").theirs(name.replace(/^global(Encoder|Head)/, (_, part: string) => part.toLowerCase()))!,
      ndarray("float32", shape, new Float32Array(sizeOf(shape))),
    ]),
  );
  expect(importL2G([{ kind: "torch", tensors, where: "a.pth" }])?.recipe).toMatchObject({ viewNormalization });
});

test("files of others are none of L2G's, and a head without its other layers is damaged", async () => {
  const { tensors } = await readTorch(await written(pair()), "l2g.pth");
  expect(
    importL2G([{ kind: "torch", tensors: { "conv1.weight": tensors["extra_last_conv.weight"] }, where: "a" }]),
  ).toBeNull();
  const { "fc_extra_3.weight": _, ...others } = tensors;
  expect(() => importL2G([{ kind: "torch", tensors: others, where: "a.pth" }])).toThrow(
    /a\.pth: expected fc_extra_3\.weight/,
  );
  const more = { ...tensors, "layer9.weight": tensors["extra_last_conv.weight"] };
  expect(() => importL2G([{ kind: "torch", tensors: more, where: "a.pth" }])).toThrow(/got layer9\.weight besides/);
});

test("weights of half precision are read as float32, and numbers that are none are refused", async () => {
  const { tensors } = await readTorch(await written(pair()), "l2g.pth");
  const name = "extra_last_conv.weight";
  const size = tensors[name].data.length;
  const halves = (bits: number) =>
    ({ ...tensors[name], dtype: "float16", data: new Uint16Array(size).fill(bits) }) as const;
  const read = (array: NdArray) =>
    importL2G([{ kind: "torch", tensors: { ...tensors, [name]: array }, where: "a.pth" }]);
  const { dtype, data } = read(halves(0x3c00))!.weights["globalHead.scores.weight"]; // 1
  expect([dtype, data[0]]).toEqual(["float32", 1]);
  expect(() => read(halves(0x7e00))).toThrow("a.pth: expected finite numbers, got others in extra_last_conv.weight."); // NaN
});

test("pairs on encoders that the release does not have, are refused by name, and of a run that has left the pair nothing is written", async () => {
  const trained = { weights: pair(), recipe: { ...recipe, encoder: "mobilenet-v2" }, source: "run" };
  expect(() => forms.l2g(trained)).toThrow(/run: expected a pair on resnet38 or vgg16.*got mobilenet-v2/);
  for (const form of Object.values(forms)) expect(await form({ ...trained, weights: {} })).toBeNull();
});
