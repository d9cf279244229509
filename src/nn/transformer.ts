import { constantInitializer, type Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, axisSize, gelu, mul, quickGelu } from "../ops/index.ts";
import { selfAttention } from "./attention.ts";
import { dropout, dropPath } from "./dropout.ts";
import { type LinearOptions, linear } from "./linear.ts";
import { layerNorm } from "./norm.ts";

/**
 * `none`: x·Φ(x), exact by erf; `tanh`: the approximation that JAX code uses by default; `quick`: x·σ(1.702 x), CLIP's.
 */
export type GeluForm = "none" | "tanh" | "quick";

/** How linear layers start, where the last of a branch starts otherwise than those before it. */
export interface BranchInitializers extends LinearOptions {
  /** Of the weight of `out`; default: as the others. */
  readonly outWeightInitializer?: Initializer;
}

export interface MlpOptions {
  /** Width of the hidden layer. */
  readonly hidden: number;
  /** Width of the result; default: that of `x`. */
  readonly outputs?: number;
  readonly gelu?: GeluForm;
  readonly dropout?: number;
  readonly weightInitializer?: Initializer;
  /** Of the weight of `out`; default: as that of `hidden`. */
  readonly outWeightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** Linear `hidden`, GELU, dropout, linear `out`, dropout. x: [..., D] → [..., outputs]. */
export function mlp(
  scope: Scope,
  x: Tensor,
  {
    hidden,
    outputs = axisSize(x, -1),
    gelu: form = "none",
    dropout: rate = 0,
    weightInitializer,
    outWeightInitializer = weightInitializer,
    biasInitializer,
  }: MlpOptions,
): Tensor {
  const first = linear(scope.at("hidden"), x, hidden, { weightInitializer, biasInitializer }); // [..., hidden]
  const inner = dropout(scope.at("hidden"), activated(first, form), rate);
  const out = linear(scope.at("out"), inner, outputs, { weightInitializer: outWeightInitializer, biasInitializer });
  return dropout(scope.at("out"), out, rate);
}

function activated(x: Tensor, form: GeluForm): Tensor {
  return form === "quick" ? quickGelu(x) : gelu(x, { approximate: form });
}

export interface TransformerBlockOptions {
  readonly heads: number;
  /** Default: 4·D. */
  readonly hidden?: number;
  /** Added to the variance in both norms. */
  readonly epsilon?: number;
  readonly gelu?: GeluForm;
  /** A token attends to itself and those before it only. Default: to all. */
  readonly causal?: boolean;
  /** In the MLP. */
  readonly dropout?: number;
  /** On the attention weights. */
  readonly attentionDropout?: number;
  /** On the result of the attention; default: as in the MLP. */
  readonly attentionOutputDropout?: number;
  /** Stochastic depth of both branches. */
  readonly dropPath?: number;
  /** Both branches are multiplied by a learned vector that starts at this (Touvron et al. 2021b, LayerScale). Default: they are not. */
  readonly layerScale?: number;
  readonly attentionInitializers?: BranchInitializers;
  readonly mlpInitializers?: BranchInitializers;
}

/**
 * Pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x)) (Dosovitskiy et al. 2021, eq. 2 and 3).
 * Parts: `norm1`, `attention`, `norm2`, `mlp`; with LayerScale parameters `scale1` and `scale2` [D].
 *
 * x: [B, T, D] → [B, T, D].
 */
export function transformerBlock(
  scope: Scope,
  x: Tensor,
  {
    heads,
    hidden = 4 * axisSize(x, -1),
    epsilon = 1e-6,
    gelu: form = "none",
    causal = false,
    dropout: rate = 0,
    attentionDropout = 0,
    attentionOutputDropout = rate,
    dropPath: pathRate = 0,
    layerScale,
    attentionInitializers = {},
    mlpInitializers = {},
  }: TransformerBlockOptions,
): Tensor {
  const scaled = (branch: Tensor, name: string) =>
    layerScale === undefined
      ? branch
      : mul(branch, scope.parameter(name, [axisSize(x, -1)], constantInitializer(layerScale)));
  const attended = selfAttention(scope.at("attention"), layerNorm(scope.at("norm1"), x, { epsilon }), {
    heads,
    dropout: attentionOutputDropout,
    attentionDropout,
    causal,
    weightInitializer: attentionInitializers.weightInitializer,
    outWeightInitializer: attentionInitializers.outWeightInitializer,
    biasInitializer: attentionInitializers.biasInitializer,
  });
  const afterAttention = add(x, dropPath(scope.at("attention"), scaled(attended, "scale1"), pathRate)); // [B, T, D]

  const transformed = mlp(scope.at("mlp"), layerNorm(scope.at("norm2"), afterAttention, { epsilon }), {
    hidden,
    gelu: form,
    dropout: rate,
    weightInitializer: mlpInitializers.weightInitializer,
    outWeightInitializer: mlpInitializers.outWeightInitializer,
    biasInitializer: mlpInitializers.biasInitializer,
  });
  return add(afterAttention, dropPath(scope.at("mlp"), scaled(transformed, "scale2"), pathRate)); // [B, T, D]
}
