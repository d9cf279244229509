/**
 * TransUNet's encoder, R50+ViT: a stem and three residual stages bring the picture to 1/16 of its size, each position
 * becomes a token, and a transformer mixes them (Chen et al. 2021, sec. 3.1, 3.2; Dosovitskiy et al. 2021, "hybrid").
 * Parameters have the names of TransUNet's state dictionary under `transformer.`.
 */
import {
  type Initializer,
  lecunNormalInitializer,
  normalInitializer,
  onesInitializer,
  xavierUniformInitializer,
  zerosInitializer,
} from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d, standardizedConv2d } from "../../nn/conv.ts";
import { dropout } from "../../nn/dropout.ts";
import { type Grid, resizePositions } from "../../nn/embedding.ts";
import { groupNorm, layerNorm } from "../../nn/norm.ts";
import { type BlockNames, transformerBlock } from "../../nn/transformer.ts";
import { add, axisSize, maxPool, pad, relu, reshape, transpose } from "../../ops/index.ts";
import { frameworkInitializer } from "./decoder.ts";
import type { TransUNetRecipe } from "./recipe.ts";

export type EncoderRecipe = Pick<
  TransUNetRecipe,
  | "encoderConvention"
  | "initialization"
  | "stemWidth"
  | "normGroups"
  | "stageUnits"
  | "tokenWidth"
  | "layers"
  | "heads"
  | "mlpWidth"
  | "dropout"
  | "attentionDropout"
  | "cropHeight"
  | "cropWidth"
>;

/** Where TransUNet's code and the JAX code that trained the published weights compute different things. */
interface Convention {
  /** Padding of a k×k convolution. */
  readonly padding: (kernel: number) => number | "same";
  readonly poolPadding: 0 | "same";
  readonly standardization: "sqrt(var+eps)" | "sqrt(var)+eps";
  /** Groups and epsilon of the norm on a unit's projection. */
  readonly projectionNorm: (channels: number, groups: number) => { readonly groups: number; readonly epsilon: number };
  readonly gelu: "none" | "tanh";
}

const conventions: Readonly<Record<TransUNetRecipe["encoderConvention"], Convention>> = {
  transunet: {
    padding: (kernel) => (kernel - 1) / 2,
    poolPadding: 0,
    standardization: "sqrt(var+eps)",
    projectionNorm: (channels) => ({ groups: channels, epsilon: 1e-5 }),
    gelu: "none",
  },
  jax: {
    padding: () => "same",
    poolPadding: "same",
    standardization: "sqrt(var)+eps",
    projectionNorm: (_, groups) => ({ groups, epsilon: 1e-6 }),
    gelu: "tanh",
  },
};

/** What a module of the residual network is told. */
interface Style {
  readonly convention: Convention;
  readonly groups: number;
  readonly convInitializer: Initializer;
  /** Of the weight of a unit's last norm; 0 lets the unit start as its shortcut. */
  readonly lastNormInitializer: Initializer;
}

/** How a recipe wants its residual units. */
export function residualStyle({
  encoderConvention,
  initialization,
  normGroups,
}: Pick<TransUNetRecipe, "encoderConvention" | "initialization" | "normGroups">): Style {
  const jax = initialization === "jax";
  return {
    convention: conventions[encoderConvention],
    groups: normGroups,
    convInitializer: jax ? lecunNormalInitializer : frameworkInitializer,
    lastNormInitializer: jax ? zerosInitializer : onesInitializer,
  };
}

/** Options that all convolutions of the residual network share. */
function standardized({ convention, convInitializer }: Style, kernel: number, stride = 1) {
  return {
    kernel,
    stride,
    padding: convention.padding(kernel),
    mode: convention.standardization,
    epsilon: 1e-5,
    initializer: convInitializer,
  } as const;
}

const epsilon = 1e-6; // of every group norm but the projection's

/**
 * Residual unit with the norm after each convolution; its code calls it pre-activation, which it is not.
 * The stride sits on the 3×3. x: [B, I, H, W] → [B, outputs, H/stride, W/stride].
 */
export function residualUnit(
  scope: Scope,
  x: Tensor,
  { middle, outputs, stride, style }: { middle: number; outputs: number; stride: 1 | 2; style: Style },
): Tensor {
  const { convention, groups, lastNormInitializer } = style;
  let shortcut = x;
  if (stride !== 1 || axisSize(x, 1) !== outputs) {
    const projected = standardizedConv2d(scope.at("downsample"), x, outputs, standardized(style, 1, stride));
    shortcut = groupNorm(scope.at("gn_proj"), projected, convention.projectionNorm(outputs, groups)); // [B, outputs, ...]
  }
  let y = standardizedConv2d(scope.at("conv1"), x, middle, standardized(style, 1)); // [B, middle, H, W]
  y = relu(groupNorm(scope.at("gn1"), y, { groups, epsilon }));
  y = standardizedConv2d(scope.at("conv2"), y, middle, standardized(style, 3, stride)); // [B, middle, H/stride, W/stride]
  y = relu(groupNorm(scope.at("gn2"), y, { groups, epsilon }));
  y = standardizedConv2d(scope.at("conv3"), y, outputs, standardized(style, 1)); // [B, outputs, ...]
  y = groupNorm(scope.at("gn3"), y, { groups, epsilon, initializer: lastNormInitializer });
  return relu(add(shortcut, y));
}

export interface HybridFeatures {
  /** After the first convolution: [B, w, H/2, W/2]. */
  readonly root: Tensor;
  /** After the max-pool: [B, w, ~H/4, ~W/4]. */
  readonly pooled: Tensor;
  /** Of the three stages: 4w, 8w, 16w channels at ~1/4, 1/8, 1/16. */
  readonly stages: readonly Tensor[];
  /** For the decoder, deepest first: 8w at H/8, 4w at H/4 (padded where the stage is smaller), w at H/2. */
  readonly features: readonly Tensor[];
}

/** The residual network (TransUNet `ResNetV2`). image: [B, 3, H, W] in [−1, 1], sides multiples of 16. */
export function hybridBackbone(scope: Scope, image: Tensor, recipe: EncoderRecipe): HybridFeatures {
  const { stemWidth, stageUnits } = recipe;
  const [, , height, width] = image.shape;
  if (height % 16 !== 0 || width % 16 !== 0) {
    throw scope.error(`image sides must be multiples of 16, got ${height} × ${width}. Pad or crop the image.`);
  }
  const style = residualStyle(recipe);
  const { convention, groups } = style;
  let root = standardizedConv2d(scope.at("root").at("conv"), image, stemWidth, standardized(style, 7, 2)); // [B, w, H/2, W/2]
  root = relu(groupNorm(scope.at("root").at("gn"), root, { groups, epsilon }));
  const pooled = maxPool(root, { kernel: 3, strides: 2, padding: convention.poolPadding }); // [B, w, ~H/4, ~W/4]

  const stages: Tensor[] = [];
  let x = pooled;
  stageUnits.forEach((units, stage) => {
    const middle = stemWidth * 2 ** stage;
    for (let unit = 1; unit <= units; unit++) {
      const stride = stage > 0 && unit === 1 ? 2 : 1;
      const place = scope
        .at("body")
        .at(`block${stage + 1}`)
        .at(`unit${unit}`);
      x = residualUnit(place, x, { middle, outputs: 4 * middle, stride, style });
    }
    stages.push(x);
  });
  const features = [padTo(stages[1], height / 8, width / 8), padTo(stages[0], height / 4, width / 4), root];
  return { root, pooled, stages, features };
}

/** Zeros at the bottom and right up to height × width. Differs from TransUNet, which takes both sizes from the height. */
function padTo(x: Tensor, height: number, width: number): Tensor {
  const below = height - axisSize(x, 2);
  const right = width - axisSize(x, 3);
  if (below === 0 && right === 0) return x;
  return pad(x, { before: [0, 0, 0, 0], after: [0, 0, below, right], mode: "constant", value: 0 });
}

/** TransUNet's names of a transformer block's parts. */
export const transunetBlockNames: BlockNames = {
  attentionNorm: "attention_norm",
  attention: "attn",
  projections: { query: "query", key: "key", value: "value", out: "out" },
  mlpNorm: "ffn_norm",
  mlp: "ffn",
};

/** The token grid that the position embedding of a recipe is made for: that of its training crops. */
export function trainingGrid({ cropHeight, cropWidth }: Pick<TransUNetRecipe, "cropHeight" | "cropWidth">): Grid {
  return [cropHeight / 16, cropWidth / 16];
}

export interface Encoded extends HybridFeatures {
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
export function encoder(scope: Scope, image: Tensor, recipe: EncoderRecipe): Encoded {
  const { tokenWidth, layers, initialization } = recipe;
  const jax = initialization === "jax";
  const embeddings = scope.at("embeddings");
  const hybrid = hybridBackbone(embeddings.at("hybrid_model"), image, recipe);

  const patches = conv2d(embeddings.at("patch_embeddings"), hybrid.stages[2], tokenWidth, {
    kernel: 1,
    ...(jax
      ? { initializer: lecunNormalInitializer, biasInitializer: zerosInitializer }
      : { initializer: frameworkInitializer }),
  }); // [B, D, rows, columns]
  const [batch, , rows, columns] = patches.shape;
  const grid: Grid = [rows, columns];
  const sequence = transpose(reshape(patches, [batch, tokenWidth, rows * columns]), [0, 2, 1]); // [B, T, D]
  const madeFor = trainingGrid(recipe);
  const positions = embeddings.parameter(
    "position_embeddings",
    [1, madeFor[0] * madeFor[1], tokenWidth],
    jax ? normalInitializer(0.02) : zerosInitializer,
  );
  const embedded = dropout(embeddings, add(sequence, resizePositions(positions, madeFor, grid)), recipe.dropout);

  let tokens = embedded;
  for (let layer = 0; layer < layers; layer++) {
    tokens = transformerBlock(scope.at("encoder").at("layer").at(layer), tokens, blockOptions(recipe));
  }
  return {
    ...hybrid,
    grid,
    embedded,
    tokens: layerNorm(scope.at("encoder").at("encoder_norm"), tokens, { epsilon: 1e-6 }),
  };
}

function blockOptions({
  heads,
  mlpWidth,
  encoderConvention,
  dropout: rate,
  attentionDropout,
  initialization,
}: EncoderRecipe) {
  // Both codes start the MLP alike; the attention is Xavier-uniform in one and the framework's default in the other.
  const kernel = xavierUniformInitializer();
  return {
    heads,
    hidden: mlpWidth,
    names: transunetBlockNames,
    epsilon: 1e-6,
    gelu: conventions[encoderConvention].gelu,
    dropout: rate,
    attentionDropout,
    attentionInitializers:
      initialization === "jax" ? { weightInitializer: kernel, biasInitializer: zerosInitializer } : {},
    mlpInitializers: { weightInitializer: kernel, biasInitializer: normalInitializer(1e-6) },
  };
}
