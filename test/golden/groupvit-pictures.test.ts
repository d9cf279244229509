/** Pictures around GroupViT: where names are written, and what photographs are made into before. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Named, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { constant, input } from "../../src/graph/tensor.ts";
import type { Image, LabelMap } from "../../src/image/image.ts";
import { labelAnchors } from "../../src/image/label-anchors.ts";
import { usualPreparation } from "../../src/methods/groupvit/port-preparation.ts";
import { wordModel } from "../../src/methods/groupvit/prediction.ts";
import { recipes } from "../../src/methods/groupvit/recipe.ts";
import { normalizations } from "../../src/methods/groupvit/window-scores.ts";
import { anyTask } from "../../src/methods/stages.ts";
import { imageInput } from "../../src/nn/image-input.ts";
import { encodeModel } from "../../src/onnx/wire.ts";
import { type ScalingOptions, scalingModel } from "../../src/prediction/pipeline/pipeline.ts";
import { workingSize } from "../../src/prediction/windows.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { checkEngine } from "../support/check-model.ts";
import { portInput, portScaled } from "../support/port-input.ts";
import { caseEntries } from "./cases.ts";
import { openGoldens } from "./manifest.ts";

const { folder, manifest } = openGoldens("groupvit");
const file = join(folder, "misc.safetensors");
const isThere = existsSync(file) && caseEntries(manifest).some(({ name }) => name === "misc");
const tensors: Named<NdArray> = isThere ? readSafetensors(new Uint8Array(readFileSync(file)), file).tensors : {};

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

const mapOf = ({ shape, ...array }: NdArray): LabelMap => {
  const [height, width] = shape;
  return { height, width, data: Uint8Array.from(toNumbers({ shape, ...array })) };
};

/** The largest difference of two lists. */
function apart(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  return Array.from(expected).reduce((worst, value, i) => Math.max(worst, Math.abs(got[i] - value)), 0);
}

describe.skipIf(!isThere)("misc", () => {
  test("names of labels stand at the mean place of their pixels", () => {
    const expected = tensors["anchor.centroids"];
    const anchors = labelAnchors(mapOf(tensors["anchor.labels"]), expected.shape[0]);
    const got = anchors.flatMap((anchor) => [anchor?.row ?? Number.NaN, anchor?.column ?? Number.NaN]);
    expect(apart(got, toNumbers(expected))).toBeLessThan(1e-5);
  });

  const picture = tensors["prep.image_rgb"];
  const imageOf = ({ shape: [height, width], data }: NdArray): Image => ({ height, width, data: data as Uint8Array });

  const scaledBy = async (scaling: ScalingOptions, shortSide: number): Promise<NdArray> => {
    const program = await engine.load(encodeModel(scalingModel(scaling)), []);
    const feeds = { image: picture, short_side: ndarray("int64", [], BigInt64Array.of(BigInt(shortSide))) };
    const { scaled } = await program.run(feeds, { keepFeeds: true });
    await program.release();
    return scaled;
  };

  test("the authors' scaling: bilinear, the longer side at most 2048", async () => {
    const expected = tensors["prep.official.resized"];
    const { longSide = 0, antialias } = wordModel(recipes["groupvit-2stage"], anyTask).preparation ?? {};
    const { height, width } = imageOf(picture);
    const shortSide = Math.min(...expected.shape.slice(0, 2)); // a stand-in for their 448
    expect(workingSize(height, width, shortSide, longSide)).toEqual(expected.shape.slice(0, 2));
    const scaled = await scaledBy({ longSide, antialias }, shortSide);
    expect(scaled.shape).toEqual(expected.shape);
    expect(apart(toNumbers(scaled), toNumbers(expected))).toBeLessThanOrEqual(1);
    const { pixels } = await evaluate({
      pixels: imageInput(constant({ ...expected, shape: [1, ...expected.shape] }), normalizations.official),
    });
    expect(apart(toNumbers(pixels), toNumbers(tensors["prep.official.normalized"]))).toBeLessThan(1e-5);
  });

  test("the port's scaling and crop: Pillow's bicubic filter", async () => {
    const [resized, expected] = [tensors["prep.hf.resized"], tensors["prep.hf.pixel_values"]];
    const preparation = usualPreparation(expected.shape[1]);
    const image = input("image", [1, ...picture.shape], "uint8");
    const got = await evaluate(
      { scaled: portScaled(image, preparation), pixels: portInput(image, preparation) },
      { image: { ...picture, shape: image.shape } },
    );
    expect([got.scaled.shape.slice(1), got.pixels.shape.slice(1)]).toEqual([resized.shape, expected.shape]);
    expect(apart(toNumbers(got.scaled), toNumbers(resized))).toBeLessThanOrEqual(1);
    // Windows are cut from photographs that are scaled alike.
    expect(
      apart(toNumbers(await scaledBy({ filter: "bicubic" }, preparation.shortSide)), toNumbers(resized)),
    ).toBeLessThanOrEqual(1);
    // One byte more or less, divided by the smallest deviation.
    const byte = 1 / Math.min(...preparation.normalization.deviation);
    expect(apart(toNumbers(got.pixels), toNumbers(expected))).toBeLessThan(byte + 1e-5);
  });
});
