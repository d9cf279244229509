/** What U-Nets end in: blocks that each double the size of a map, join the encoder's map of that size, and mix both. */
import { convNorm } from "../../backbones/encoder.ts";
import { fanInUniformInitializer, fans, heUniformInitializer, type Initializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { axisSize, concat, relu, resize } from "../../ops/index.ts";

/** How PyTorch starts a convolution: uniform within ±1/√fan-in. */
export const frameworkInitializer: Initializer = (shape, random) =>
  fanInUniformInitializer(fans(shape).fanIn)(shape, random);

/**
 * Changes what a batch norm gives before the ReLU, by its place in the decoder such as `block1.unit1.norm`.
 * y: [B, C, H, W] → the same shape.
 */
export type Modulation = (place: string, y: Tensor) => Tensor;

export interface BlockOptions {
  /** How a map is doubled: bilinearly between the corners' middles (`aligned`) or edges, or by repeating its values. */
  readonly upsampling: "aligned" | "bilinear" | "nearest";
  readonly initialization: "framework" | "he";
  readonly modulate?: Modulation | undefined;
}

/** 3×3 convolution without bias (`conv`), batch norm (`norm`), ReLU. x: [B, I, H, W] → [B, channels, H, W]. */
export function convNormRelu(
  decoder: Scope,
  place: string,
  x: Tensor,
  channels: number,
  { initialization, modulate = (_, y) => y }: BlockOptions,
): Tensor {
  const initializer = initialization === "he" ? heUniformInitializer : frameworkInitializer;
  const normed = convNorm(decoder.at(place), x, channels, { kernel: 3, padding: 1, initializer });
  return relu(modulate(`${place}.norm`, normed));
}

/**
 * A block for each of `channels` (Ronneberger et al. 2015, with padded convolutions): twice the size, the encoder's map
 * where `skips` has one, two units of convolution, norm and ReLU. Returns what each block gives.
 *
 * x: [B, C, H, W]; skips: [B, Cᵢ, 2ⁱ⁺¹·H, 2ⁱ⁺¹·W], the smallest first.
 */
export function decoderBlocks(
  scope: Scope,
  x: Tensor,
  skips: readonly (Tensor | undefined)[],
  channels: readonly number[],
  options: BlockOptions,
): readonly Tensor[] {
  let y = x;
  return channels.map((width, i) => {
    y = doubled(y, options.upsampling);
    const skip = skips[i];
    if (skip !== undefined) y = concat([y, skip], { axis: 1 });
    y = convNormRelu(scope, `block${i + 1}.unit1`, y, width, options);
    y = convNormRelu(scope, `block${i + 1}.unit2`, y, width, options);
    return y;
  });
}

function doubled(x: Tensor, upsampling: BlockOptions["upsampling"]): Tensor {
  const size = [2 * axisSize(x, 2), 2 * axisSize(x, 3)] as const;
  return upsampling === "nearest"
    ? resize(x, size, { mode: "nearest", alignCorners: false })
    : resize(x, size, { mode: "bilinear", alignCorners: upsampling === "aligned" });
}

/** 3×3 convolution with bias, no activation. x: [B, C, H, W] → [B, outputs, H, W]. */
export function head(scope: Scope, x: Tensor, outputs: number): Tensor {
  return conv2d(scope, x, outputs, { kernel: 3, padding: 1, initializer: frameworkInitializer });
}
