/** Pictures around GroupViT: where names are written, and what photographs are made into before. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import { constant, input } from "../../src/graph/tensor.ts";
import type { Image, LabelMap } from "../../src/image/image.ts";
import { labelAnchors } from "../../src/image/label-anchors.ts";
import { pixelsOfLargest } from "../../src/methods/groupvit/largest-groups.ts";
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
import { checkEngine } from "../support/check-model.ts";
import { portInput, portScaled } from "../support/port-input.ts";
import { tensorOf, testEach } from "./groupvit.ts";
import { openGoldens } from "./manifest.ts";

const goldens = openGoldens("groupvit");

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

const mapOf = ({ shape, ...array }: NdArray): LabelMap => {
  const [height, width] = shape;
  return { height, width, data: Uint8Array.from(toNumbers({ shape, ...array })) };
};

/** The largest difference of two lists, in which the same numbers may be missing (NaN). */
function apart(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  return Array.from(expected).reduce((worst, value, i) => {
    const difference = Object.is(got[i], value) ? 0 : Math.abs(got[i] - value);
    return difference <= worst ? worst : difference;
  }, 0);
}

describe("names of labels", () => {
  testEach(goldens, "stand at the mean place of their pixels", /^anchor\.centroids$/, (golden) => {
    const expected = golden.tensor("anchor.centroids");
    const anchors = labelAnchors(mapOf(tensorOf(golden, "anchor.labels")), expected.shape[0]);
    const got = anchors.flatMap((anchor) => [anchor?.row ?? Number.NaN, anchor?.column ?? Number.NaN]);
    expect(apart(got, toNumbers(expected))).toBeLessThan(1e-5);
  });
});

describe("the largest groups", () => {
  testEach(goldens, "take the pixels of the others", /^top_groups\.k\d+$/, (golden) => {
    const { shape, ...map } = tensorOf(golden, "top_groups.in");
    const [, height, width, count] = shape;
    const shares = toNumbers({ shape, ...map });
    const ofPixel = (pixel: number) => shares.slice(pixel * count, (pixel + 1) * count);
    const pixels = Array.from({ length: height * width }, (_, pixel) => ofPixel(pixel));
    const groups = pixels.map((each) => each.indexOf(Math.max(...each)));
    const weights = Array.from({ length: count }, (_, group) => pixels.reduce((sum, each) => sum + each[group], 0));
    for (const name of Object.keys(golden.entries)) {
      const largest = Number(/^top_groups\.k(\d+)$/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(largest)) continue;
      const got = Array.from(pixelsOfLargest({ width, height, weights, groups }, largest), ofPixel).flat();
      expect(apart(got, toNumbers(golden.tensor(name))), name).toBeLessThan(1e-6);
    }
  });
});

describe("what photographs are made into", () => {
  const imageOf = ({ shape: [height, width], data }: NdArray): Image => ({ height, width, data: data as Uint8Array });

  const scaledBy = async (picture: NdArray, scaling: ScalingOptions, shortSide: number): Promise<NdArray> => {
    const program = await engine.load(encodeModel(scalingModel(scaling)), []);
    const feeds = { image: picture, short_side: ndarray("int64", [], BigInt64Array.of(BigInt(shortSide))) };
    const { scaled } = await program.run(feeds, { keepFeeds: true });
    await program.release();
    return scaled;
  };

  testEach(
    goldens,
    "the authors' scaling: bilinear, at most 2048 long",
    /^prep\.official\.resized$/,
    async (golden) => {
      const expected = golden.tensor("prep.official.resized");
      const picture = tensorOf(golden, "prep.image_rgb");
      const { height, width } = imageOf(picture);
      const { longSide = 0, antialias } = wordModel(recipes["groupvit-2stage"], anyTask).preparation ?? {};
      const shortSide = Math.min(...expected.shape.slice(0, 2)); // a stand-in for their 448
      expect(workingSize(height, width, shortSide, longSide)).toEqual(expected.shape.slice(0, 2));
      const scaled = await scaledBy(picture, { longSide, antialias }, shortSide);
      expect(scaled.shape).toEqual(expected.shape);
      expect(apart(toNumbers(scaled), toNumbers(expected))).toBeLessThanOrEqual(1);
    },
  );

  testEach(goldens, "the authors' normalization", /^prep\.official\.normalized$/, async (golden) => {
    const resized = tensorOf(golden, "prep.official.resized");
    const { pixels } = await evaluate({
      pixels: imageInput(constant({ ...resized, shape: [1, ...resized.shape] }), normalizations.official),
    });
    expect(apart(toNumbers(pixels), toNumbers(golden.tensor("prep.official.normalized")))).toBeLessThan(1e-5);
  });

  testEach(goldens, "the port's scaling and crop: Pillow's bicubic filter", /^prep\.hf\./, async (golden) => {
    const picture = tensorOf(golden, "prep.image_rgb");
    const [resized, expected] = ["prep.hf.resized", "prep.hf.pixel_values"].map((name) => tensorOf(golden, name));
    const preparation = { ...usualPreparation(expected.shape[1]), shortSide: Math.min(...resized.shape.slice(0, 2)) };
    const image = input("image", [1, ...picture.shape], "uint8");
    const got = await evaluate(
      { scaled: portScaled(image, preparation), pixels: portInput(image, preparation) },
      { image: { ...picture, shape: image.shape } },
    );
    expect([got.scaled.shape.slice(1), got.pixels.shape.slice(1)]).toEqual([resized.shape, expected.shape]);
    expect(apart(toNumbers(got.scaled), toNumbers(resized))).toBeLessThanOrEqual(1);
    // One byte more or less, divided by the smallest deviation.
    const byte = 1 / Math.min(...preparation.normalization.deviation);
    expect(apart(toNumbers(got.pixels), toNumbers(expected))).toBeLessThan(byte + 1e-5);
    // Windows are cut from photographs that are scaled alike, but whose longer side is rounded where Pillow's is cut: of one size in
    // both there are the same bytes.
    const windowed = await scaledBy(picture, { filter: "bicubic" }, preparation.shortSide);
    const byRows = workingSize(picture.shape[0], picture.shape[1], preparation.shortSide);
    expect(windowed.shape.slice(0, 2)).toEqual(byRows);
    for (const [axis, side] of resized.shape.slice(0, 2).entries()) expect(byRows[axis] - side).toBeOneOf([0, 1]);
    if (show(windowed.shape) !== show(resized.shape)) return;
    expect(apart(toNumbers(windowed), toNumbers(resized))).toBeLessThanOrEqual(1);
  });
});
