/**
 * TransUNet's decoder cup and head: tokens become a feature map again and are doubled in size four times, joined by the
 * encoder's feature maps (Chen et al. 2021, sec. 3.2).
 */
import { fanInUniformInitializer, fans, heUniformInitializer, type Initializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import type { Grid } from "../../nn/embedding.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { axisSize, concat, relu, reshape, resize, transpose } from "../../ops/index.ts";
import type { TransUNetSettings } from "./settings.ts";

export type DecoderSettings = Pick<
  TransUNetSettings,
  "headChannels" | "decoderChannels" | "widthMultiplier" | "skips" | "outputStride" | "initialization"
>;

export interface Decoded {
  /** After the convolution on the tokens: [B, headChannels, rows, columns]. */
  readonly entry: Tensor;
  /** After each block: sizes 1/8, 1/4, 1/2, 1 of the image; the last is 1 / outputStride. */
  readonly blocks: readonly Tensor[];
  /** The last block's map. */
  readonly output: Tensor;
}

/** How PyTorch starts a convolution, and so TransUNet: uniform within ±1/√fan-in. */
export const frameworkInitializer: Initializer = (shape, random) =>
  fanInUniformInitializer(fans(shape).fanIn)(shape, random);

/**
 * Changes what a batch norm gives before the ReLU, by its place in the decoder such as `block1.unit1.norm`.
 * y: [B, C, H, W] → the same shape.
 */
export type Modulation = (place: string, y: Tensor) => Tensor;

interface UnitOptions {
  readonly initialization: DecoderSettings["initialization"];
  readonly modulate: Modulation;
}

/** 3×3 convolution without bias (`conv`), batch norm (`norm`), ReLU. x: [B, I, H, W] → [B, channels, H, W]. */
function convNormRelu(
  decoder: Scope,
  place: string,
  x: Tensor,
  channels: number,
  { initialization, modulate }: UnitOptions,
): Tensor {
  const scope = decoder.at(place);
  const initializer = initialization === "jax" ? heUniformInitializer : frameworkInitializer;
  const y = conv2d(scope.at("conv"), x, channels, { kernel: 3, padding: 1, bias: false, initializer });
  const normed = batchNorm2d(scope.at("norm"), y, { epsilon: 1e-5, momentum: 0.1 });
  return relu(modulate(`${place}.norm`, normed));
}

/**
 * tokens: [B, rows·columns, D], row-major. features: the encoder's maps, deepest first, at 1/8, 1/4, 1/2; the first
 * `skips` of them are used. modulate: see `Modulation`; default none. Returns maps of
 * `decoderChannels · widthMultiplier` channels.
 */
export function decoder(
  scope: Scope,
  tokens: Tensor,
  [rows, columns]: Grid,
  features: readonly Tensor[],
  { headChannels, decoderChannels, widthMultiplier, skips, outputStride, initialization }: DecoderSettings,
  modulate: Modulation = (_, y) => y,
): Decoded {
  const options = { initialization, modulate };
  const [batch, , width] = tokens.shape;
  const map = reshape(transpose(tokens, [0, 2, 1]), [batch, width, rows, columns]); // [B, D, rows, columns]
  const entry = convNormRelu(scope, "entry", map, headChannels * widthMultiplier, options);

  const blocks: Tensor[] = [];
  let x = entry;
  decoderChannels.slice(0, 4 - Math.log2(outputStride)).forEach((channels, i) => {
    x = resize(x, [2 * axisSize(x, 2), 2 * axisSize(x, 3)], { mode: "bilinear", alignCorners: true });
    if (i < skips && i < features.length) x = concat([x, features[i]], { axis: 1 });
    x = convNormRelu(scope, `block${i + 1}.unit1`, x, channels * widthMultiplier, options);
    x = convNormRelu(scope, `block${i + 1}.unit2`, x, channels * widthMultiplier, options);
    blocks.push(x);
  });
  return { entry, blocks, output: x };
}

/** 3×3 convolution with bias, no activation. x: [B, C, H, W] → [B, outputs, H, W]. */
export function head(scope: Scope, x: Tensor, outputs: number): Tensor {
  return conv2d(scope, x, outputs, { kernel: 3, padding: 1, initializer: frameworkInitializer });
}
