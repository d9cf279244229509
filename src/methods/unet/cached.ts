/** Training behind a frozen encoder: what it makes of each photograph is computed once and kept on disk. */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { featureWindow } from "../../data/features.ts";
import { halvedTo } from "../../data/views.ts";
import { Model } from "../../graph/scope.ts";
import { input, type TensorType } from "../../graph/tensor.ts";
import type { Image } from "../../image/image.ts";
import { padImage } from "../../image/pad.ts";
import { resizeImage } from "../../image/resize.ts";
import { inEncoder } from "../../networks/transfer.ts";
import { decodedFrom, decoderMaps, encodedBy } from "../../networks/unet/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import { cast, clip } from "../../ops/index.ts";
import type { ImageSize } from "../../platform/platform.ts";
import { checksOf } from "../checks.ts";
import type { Task } from "../method.ts";
import { type MaskLearning, maskStage } from "../segmentation-stage.ts";
import type { Pass, Stage, TrainingStage } from "../stage.ts";
import type { UNetRecipe } from "./recipe.ts";

/** The largest half float: what lies beyond would be infinite. */
const largestHalf = 65504;

/** A map that the decoder looks at. */
interface CachedMap {
  readonly stride: number;
  readonly channels: number;
}

/** Names of maps in graphs. */
const nameOf = ({ stride }: Pick<CachedMap, "stride">) => `stride${stride}`;

/** The largest first. */
function mapsOf(recipe: UNetRecipe): readonly CachedMap[] {
  const side = 2 * findEncoder(recipe.encoder).multiple;
  const features = encodedBy(new Model().scope, input("image", [1, 3, side, side]), recipe);
  return decoderMaps(features, recipe).map(({ stride, map }) => ({ stride, channels: map.shape[1] }));
}

/** The size that a photograph is encoded at: its longer side is no longer than `cacheSide`. */
function encodedSize({ width, height }: ImageSize, { cacheSide }: UNetRecipe): ImageSize {
  const scale = Math.min(1, cacheSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** With padding: sides that the encoder takes, and no window of a training step is larger. */
function paddedSize({ width, height }: ImageSize, { encoder, cropWidth, cropHeight }: UNetRecipe): ImageSize {
  const { multiple } = findEncoder(encoder);
  const padded = (side: number, crop: number) => multiple * Math.ceil(Math.max(side, crop) / multiple);
  return { width: padded(width, cropWidth), height: padded(height, cropHeight) };
}

/** What a mask usually takes as PNG, bytes a pixel; with names and shapes it is a thousandth to a tenth of what maps take. */
const maskBytes = 0.1;

/** Bytes that the maps of a photograph and its mask take. */
function bytesOf(photograph: ImageSize, recipe: UNetRecipe, maps: readonly CachedMap[]): number {
  const { width, height } = paddedSize(encodedSize(photograph, recipe), recipe);
  const beside = 1000 + maskBytes * photograph.width * photograph.height;
  return maps.reduce((sum, { stride, channels }) => sum + (2 * channels * width * height) / stride ** 2, beside);
}

/** The photograph as it is encoded, without padding. */
function fitted(image: Image, recipe: UNetRecipe): Image {
  const { width, height } = encodedSize(image, recipe);
  return width === image.width && height === image.height
    ? image
    : resizeImage(halvedTo(image, width, height), width, height);
}

/**
 * First the encoder looks at each photograph as a whole, as large as training sees it, padded at the right and bottom as crops
 * are; its maps are kept as half floats, beside the mask, so that no photograph is read again. Then what is behind it learns on windows of them.
 *
 * Differs from training through the encoder: it sees beyond a window's edges, and no colours or scales are varied; what is
 * mirrored are the maps.
 */
export function cachedStages(recipe: UNetRecipe, task: Task, begin: NonNullable<TrainingStage["begin"]>): Stage[] {
  const maps = mapsOf(recipe);
  return [featuresPass(recipe, maps, begin), headStage(recipe, maps, task)];
}

function featuresPass(recipe: UNetRecipe, maps: readonly CachedMap[], begin: NonNullable<Pass["begin"]>): Pass {
  return {
    kind: "pass",
    name: "features",
    learnsFrom: ["mask"],
    writes: ["features", "mask"],
    requires: "a pretrained encoder",
    begin,
    room: {
      bytes: (photograph) => bytesOf(photograph, recipe, maps),
      most: recipe.cacheMegabytes * 1e6,
      remedy: (bytes) => `Add --set cacheMegabytes=${Math.ceil(bytes / 1e6)}, or lower --short-side or cacheSide.`,
    },
    outputs(scope, { image }) {
      const features = decoderMaps(encodedBy(scope, imageInput(image), recipe), recipe);
      const half = { min: -largestHalf, max: largestHalf };
      return Object.fromEntries(
        features.map(({ stride, map }) => [nameOf({ stride }), cast(clip(map, half), "float16")]),
      );
    },
    async visit(sample, run) {
      const image = fitted(sample.image, recipe);
      const { width, height } = paddedSize(image, recipe);
      const seen = padImage(image, width, height);
      const found = await run({ image: ndarray("uint8", [1, height, width, 3], seen.data) });
      const arrays = maps.map(({ stride, channels }) => ({
        stride,
        values: ndarray("float16", [channels, height / stride, width / stride], found[nameOf({ stride })].data),
      }));
      const { mask } = sample.labels;
      const features = { width: image.width, height: image.height, maps: arrays };
      return { labels: { features, ...(mask && { mask }) } };
    },
  };
}

function headStage(recipe: UNetRecipe, maps: readonly CachedMap[], task: Task): TrainingStage {
  const { batchSize, cropHeight, cropWidth } = recipe;
  const typeOf = ({ stride, channels }: CachedMap): TensorType => ({
    dtype: "float16",
    shape: [batchSize, channels, cropHeight / stride, cropWidth / stride],
  });
  const learning: MaskLearning = {
    inputs: Object.fromEntries(maps.map((map) => [nameOf(map), typeOf(map)])),
    prepare(sample, random) {
      const window = featureWindow(sample.labels.features!, sample.labels.mask!, recipe, random);
      const arrays = Object.fromEntries(window.maps.map((map) => [nameOf(map), map.values]));
      return { arrays, labels: window.labels };
    },
    logits(scope, batch) {
      const features = maps.map(({ stride }) => ({ stride, map: cast(batch[nameOf({ stride })], "float32") }));
      return decodedFrom(scope, features, [cropHeight, cropWidth], task.classes.length, recipe);
    },
  };
  return maskStage(learning, recipe, task, {
    name: "train",
    learnsFrom: ["features", "mask"],
    photographs: false,
    // The encoder waits for the model that predicts with it.
    begin: ({ weights }) => ({
      weights: only(weights, (name) => !inEncoder(name)),
      kept: only(weights, inEncoder),
      notes: [],
    }),
  });
}

function only(weights: Named<NdArray>, isWanted: (name: string) => boolean): Named<NdArray> {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => isWanted(name)));
}

/** Throws UsageError where the fields of the cache do not go together with the others. */
export function checkCache(recipe: UNetRecipe): void {
  const { require, number } = checksOf(recipe);
  number("cacheMegabytes", { least: 0 }, "0 keeps no features.");
  number("cacheSide", { least: 1, most: 8192, whole: true }, "1024 is usual.");
  if (recipe.cacheMegabytes === 0) return;
  const { size } = findEncoder(recipe.encoder);
  const off = "Add --set cacheMegabytes=0.";
  require(size === undefined, "cacheMegabytes", `0 for ${recipe.encoder}, which takes pictures of one size alone`, off);
  const fixed = { encoderRate: 0, frozenSteps: 0, scaleMin: 1, scaleMax: 1, photometric: 0, cropMaxShare: 1 } as const;
  for (const [key, value] of Object.entries(fixed) as [keyof typeof fixed, number][]) {
    const remedy = `Add --set ${key}=${value}, or cacheMegabytes=0.`;
    require(recipe[key] === value, key, `${value} where features are kept (cacheMegabytes above 0)`, remedy);
  }
}
