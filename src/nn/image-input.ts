import { float32 } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, cast, mul, sub, transpose } from "../ops/index.ts";

/** Red, green, blue; in the units of the bytes, 0 … 255. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Bytes to [−1, 1]: (v − 127.5) / 127.5. */
export const symmetricNormalization: Normalization = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] };

/** Mean and standard deviation of ImageNet's training images, as torchvision's models take them. */
export const imagenetNormalization: Normalization = {
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
};

/** Means of ImageNet's training images alone, as networks were trained in Caffe: bytes keep their scale. */
export const caffeNormalization: Normalization = { mean: [122.675, 116.669, 104.008], deviation: [1, 1, 1] };

/** Mean and standard deviation of CLIP's training images (Radford et al. 2021), as its ports take them. */
export const clipNormalization: Normalization = {
  mean: [0.48145466 * 255, 0.4578275 * 255, 0.40821073 * 255],
  deviation: [0.26862954 * 255, 0.26130258 * 255, 0.27577711 * 255],
};

/**
 * The first nodes of every model: bytes become (v − mean) / deviation with the channels in front.
 *
 * image: [B, H, W, 3] uint8, RGB → [B, 3, H, W] float32; in [−1, 1] by default.
 */
export function imageInput(image: Tensor, { mean, deviation }: Normalization = symmetricNormalization): Tensor {
  if (image.dtype !== "uint8" || image.shape.length !== 4 || image.shape[3] !== 3) {
    throw new InputError(
      `image: expected uint8 [B, H, W, 3], got ${image.dtype} ${show(image.shape)}. Feed RGB bytes as decoded.`,
    );
  }
  // Bytes are moved before they become floats: a quarter of the traffic.
  const channelsFirst = cast(transpose(image, [0, 3, 1, 2]), "float32"); // [B, 3, H, W]
  const scale = deviation.map((value) => 1 / value);
  return mul(sub(channelsFirst, perChannel(mean)), perChannel(scale));
}

/** image: [B, 3, H, W] in [−1, 1] → the same pictures as another normalization has them. */
export function renormalized(image: Tensor, { mean, deviation }: Normalization): Tensor {
  const half = symmetricNormalization.mean;
  const scale = deviation.map((value) => half[0] / value);
  const shift = mean.map((value, i) => (half[i] - value) / deviation[i]);
  if (scale.every((value) => value === 1) && shift.every((value) => value === 0)) return image;
  return add(mul(image, perChannel(scale)), perChannel(shift));
}

function perChannel(values: readonly number[]): Tensor | number {
  return values.every((value) => value === values[0]) ? values[0] : constant(float32([1, values.length, 1, 1], values));
}
