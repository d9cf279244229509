/** Pictures as the port of GroupViT to Hugging Face's transformers sees them: the golden numbers and transformers.js are compared with it. */
import type { Tensor } from "../../src/graph/tensor.ts";
import type { PortPreparation } from "../../src/methods/groupvit/port-preparation.ts";
import { imageInput } from "../../src/nn/image-input.ts";
import { add, axisSize, cast, clip, floor, resize, slice, transpose } from "../../src/ops/index.ts";

/**
 * A picture as the port's scaling makes it: in two passes, across and down, each rounded to bytes as Pillow does. image: uint8
 * [B, H, W, 3] → uint8 [B, h, w, 3], the shorter side `shortSide`.
 */
export function portScaled(image: Tensor, { shortSide }: Pick<PortPreparation, "shortSide">): Tensor {
  const [, height, width] = image.shape;
  const scaled = (side: number) => Math.trunc((shortSide * side) / Math.min(height, width));
  const bytes = (x: Tensor) => clip(floor(add(x, 0.5)), { min: 0, max: 255 });
  const filter = { mode: "bicubic", antialias: true } as const;
  const planes = cast(transpose(image, [0, 3, 1, 2]), "float32"); // [B, 3, H, W]
  const across = bytes(resize(planes, [height, scaled(width)], filter)); // [B, 3, H, w]
  const down = bytes(resize(across, [scaled(height), scaled(width)], filter)); // [B, 3, h, w]
  return cast(transpose(down, [0, 2, 3, 1]), "uint8");
}

/** What the port's network sees of a picture. image: uint8 [B, H, W, 3] → float [B, 3, crop, crop]. */
export function portInput(image: Tensor, preparation: PortPreparation): Tensor {
  const { crop, normalization } = preparation;
  const scaled = portScaled(image, preparation);
  const middle = [1, 2].map((axis) => {
    const start = Math.floor((axisSize(scaled, axis) - crop) / 2);
    return { axis, start, end: start + crop };
  });
  return imageInput(slice(scaled, middle), normalization);
}
