/**
 * TransUNet's encoder, R50+ViT: a residual network brings the picture to 1/16 of its size, each position becomes a
 * token, and a transformer mixes them (Chen et al. 2021, sec. 3.1, 3.2; Dosovitskiy et al. 2021, "hybrid").
 */
import {
  lecunNormalInitializer,
  normalInitializer,
  xavierUniformInitializer,
  zerosInitializer,
} from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { dropout } from "../../nn/dropout.ts";
import { type Grid, resizePositions } from "../../nn/embedding.ts";
import { layerNorm } from "../../nn/norm.ts";
import { transformerBlock } from "../../nn/transformer.ts";
import { add, reshape, transpose } from "../../ops/index.ts";
import { frameworkInitializer } from "../unet/decoder.ts";
import { conventions, type HybridFeatures, type HybridSettings, hybridBackbone } from "./hybrid.ts";
import type { TransUNetSettings } from "./settings.ts";

export type EncoderSettings = HybridSettings &
  Pick<
    TransUNetSettings,
    "tokenWidth" | "layers" | "heads" | "mlpWidth" | "dropout" | "attentionDropout" | "cropHeight" | "cropWidth"
  >;

/** The token grid that the position embedding is made for: that of its training crops. */
export function trainingGrid({ cropHeight, cropWidth }: Pick<TransUNetSettings, "cropHeight" | "cropWidth">): Grid {
  return [cropHeight / 16, cropWidth / 16];
}

export interface Encoded {
  /** What the residual network gave; null where patches of the image are the tokens. */
  readonly residual: HybridFeatures | null;
  /** For the decoder, deepest first; none without a residual network. */
  readonly features: readonly Tensor[];
  readonly grid: Grid;
  /** After patch and position embedding: [B, T, D], T = rows·columns, row-major. */
  readonly embedded: Tensor;
  /** After the transformer and its last norm: [B, T, D]. */
  readonly tokens: Tensor;
}

/**
 * The whole encoder. image: [B, 3, H, W] in [−1, 1]; H and W multiples of 16, of any size: the position embedding is
 * kept for the grid of the training crops and resized where the picture's differs.
 */
export function encoder(scope: Scope, image: Tensor, settings: EncoderSettings): Encoded {
  const { tokenWidth, layers, initialization, stageUnits } = settings;
  const jax = initialization === "jax";
  const [, , height, width] = image.shape;
  if (height % 16 !== 0 || width % 16 !== 0) {
    throw scope.error(`image sides must be multiples of 16, got ${height} × ${width}. Pad or crop the image.`);
  }
  const residual = stageUnits.length === 0 ? null : hybridBackbone(scope, image, settings);

  const side = residual === null ? 16 : 1;
  const patches = conv2d(scope.at("patches"), residual?.stages[2] ?? image, tokenWidth, {
    kernel: side,
    stride: side,
    ...(jax
      ? { initializer: lecunNormalInitializer, biasInitializer: zerosInitializer }
      : { initializer: frameworkInitializer }),
  }); // [B, D, rows, columns]
  const [batch, , rows, columns] = patches.shape;
  const grid: Grid = [rows, columns];
  const sequence = transpose(reshape(patches, [batch, tokenWidth, rows * columns]), [0, 2, 1]); // [B, T, D]
  const madeFor = trainingGrid(settings);
  const positions = scope.parameter(
    "positions",
    [1, madeFor[0] * madeFor[1], tokenWidth],
    jax ? normalInitializer(0.02) : zerosInitializer,
  );
  const embedded = dropout(scope, add(sequence, resizePositions(positions, madeFor, grid)), settings.dropout);

  let tokens = embedded;
  for (let layer = 0; layer < layers; layer++) {
    tokens = transformerBlock(scope.at(`layer${layer + 1}`), tokens, blockOptions(settings));
  }
  return {
    residual,
    features: residual?.features ?? [],
    grid,
    embedded,
    tokens: layerNorm(scope.at("norm"), tokens, { epsilon: 1e-6 }),
  };
}

function blockOptions({
  heads,
  mlpWidth,
  encoderConvention,
  dropout: rate,
  attentionDropout,
  initialization,
}: EncoderSettings) {
  // Both codes start the MLP alike; the attention is Xavier-uniform in one and the framework's default in the other.
  const kernel = xavierUniformInitializer();
  return {
    heads,
    hidden: mlpWidth,
    epsilon: 1e-6,
    gelu: conventions[encoderConvention].gelu,
    dropout: rate,
    attentionDropout,
    // TransUNet's code has one rate for all of the attention, the vision transformer's one for the results of both branches.
    attentionOutputDropout: encoderConvention === "jax" ? rate : attentionDropout,
    attentionInitializers:
      initialization === "jax" ? { weightInitializer: kernel, biasInitializer: zerosInitializer } : {},
    mlpInitializers: { weightInitializer: kernel, biasInitializer: normalInitializer(1e-6) },
  };
}
