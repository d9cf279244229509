import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { encoder } from "./encoder.ts";
import { settingsFrom } from "./found-settings.ts";
import { transunet } from "./network.ts";
import { publishedTransUNet, type TransUNetSettings } from "./settings.ts";

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
  test.each(["encoder.patches.weight", "encoder.positions", "encoder.layer1.mlp.hidden.weight"])(
    "nothing without %s",
    (name) => {
      expect(() => settingsFrom(without(name), "file")).toThrow(
        `file: expected a weight ${name}, got none. The file is not whole, or another network's.`,
      );
      expect(() => settingsFrom(without(name), "file")).toThrow(InputError);
    },
  );
});
