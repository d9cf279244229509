import { expect, test } from "vitest";
import { freshWeights } from "../../../test/support/weights.ts";
import { float32, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type ClassifierSettings, classifier, cocoNormalization } from "./network.ts";
import { recipes } from "./recipe.ts";

const side = 32;
const random = new Random("pixels");
/** [3, H, W], bytes; not near the ends, where the other normalization's pixels would be none. */
const pixels = Array.from({ length: 3 * side * side }, () => 60 + random.integer(130));

async function mapsOf(settings: ClassifierSettings, bytes: readonly number[]): Promise<number[]> {
  const model = new Model();
  const shape = [1, 3, side, side];
  const { maps } = classifier(model.scope, "global", input("image", shape), 2, settings);
  const image = Float32Array.from(bytes, (value) => (value - 127.5) / 127.5);
  return toNumbers((await evaluate({ maps }, { image: float32(shape, image), ...freshWeights(model) })).maps);
}

test.each(["resnet38", "vgg16", "mobilenet-v2"])(
  "%s sees pixels by COCO's mean and deviation where asked to",
  async (encoder) => {
    const width = encoder === "mobilenet-v2" ? 0 : 2;
    const settings = { ...recipes["l2g-tiny"], encoder, encoderWidth: width, scoreStart: "xavier" as const };
    const coco = { ...settings, viewNormalization: "coco" as const };
    const usual = findEncoder(encoder).normalization;
    // Pixels that are to COCO's normalization what these are to the encoder's own.
    const moved = pixels.map((value, i) => {
      const c = Math.floor(i / side ** 2);
      const { mean, deviation } = cocoNormalization;
      return ((value - usual.mean[c]) / usual.deviation[c]) * deviation[c] + mean[c];
    });
    const own = await mapsOf(settings, pixels);
    const most = Math.max(...own.map(Math.abs));
    const far = (maps: readonly number[]) => Math.max(...maps.map((value, i) => Math.abs(value - own[i]))) / most;
    expect(far(await mapsOf(coco, moved))).toBeLessThan(1e-3);
    expect(far(await mapsOf(coco, pixels))).toBeGreaterThan(1e-3);
  },
);
