import { normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { crossAttention } from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { layerNorm } from "../../nn/norm.ts";
import { type MlpOptions, mlp } from "../../nn/transformer.ts";
import {
  add,
  argMax,
  axisSize,
  clip,
  div,
  log,
  matmul,
  mul,
  neg,
  oneHot,
  softmax,
  straightThrough,
  sum,
  transpose,
} from "../../ops/index.ts";
import type { GroupViTSettings } from "./settings.ts";

/**
 * Normal, biases 0: all linear layers on images. The authors' deviation is 0.02, cut at ±2, a hundred deviations.
 */
export function imageInitializers({ initialDeviation }: Pick<GroupViTSettings, "initialDeviation">) {
  return { weightInitializer: normalInitializer(initialDeviation), biasInitializer: zerosInitializer } as const;
}

type Initial = Pick<GroupViTSettings, "initialDeviation">;

export interface GroupingOptions {
  /** Segments to make. */
  readonly groups: number;
  /** Of the cross-attention; the assignment has one. */
  readonly heads: number;
  /** Width of the segments; default: that of `x`. */
  readonly outputs?: number;
  readonly settings: Pick<
    GroupViTSettings,
    | "assignment"
    | "gumbelNoise"
    | "gumbelTau"
    | "sumAssign"
    | "assignEps"
    | "mlpRatio"
    | "assignMlpRatio"
    | "initialDeviation"
  >;
  /**
   * Standard Gumbel noise of the scores, [B, G, L]. Default: drawn by the host in training of a hard assignment with
   * `gumbelNoise`, else none.
   */
  readonly noise?: Tensor | undefined;
}

/** What a grouping block gives and, for looking inside, computes on the way: B images, L tokens, T group tokens, G groups. */
export interface Grouping {
  /** Segments, [B, G, outputs]. */
  readonly segments: Tensor;
  /** Noise-free probability that a token is of a group, [B, G, L], summing to 1 over the groups: for maps of groups. */
  readonly soft: Tensor;
  /** What tokens were merged by, [B, G, L]. */
  readonly used: Tensor;
  /** Group tokens, [B, T, D], and tokens, [B, L, D], after their norms. */
  readonly groupTokens: Tensor;
  readonly tokens: Tensor;
  /** One vector for each group, before and after it has seen the tokens: [B, G, D]. */
  readonly projected: Tensor;
  readonly queries: Tensor;
  /** Scores of the assignment, [B, G, L]. */
  readonly logits: Tensor;
  /** What the groups' tokens sum up to, before the vectors of the groups are added: [B, G, D]. */
  readonly merged: Tensor;
}

/**
 * Grouping block (Xu et al. 2022, section 3.1 and the authors' `GroupingBlock`): each token goes to one group, and the
 * tokens of a group become one segment.
 *
 * Differs from the paper, as the code does: group tokens are mixed into as many vectors as groups and look at the tokens
 * before they are compared with them; scores are divided by √D; `assignEps` is added to the count of a group's tokens;
 * an MLP follows.
 *
 * x: [B, L, D], groupTokens: [B, T, D] → segments [B, G, outputs].
 */
export function groupingBlock(
  scope: Scope,
  x: Tensor,
  groupTokens: Tensor,
  { groups, heads, outputs = axisSize(x, -1), settings, noise }: GroupingOptions,
): Grouping {
  const width = axisSize(x, -1);
  const { mlpRatio, assignMlpRatio } = settings;
  const [tokenWidth, channelWidth] = assignMlpRatio.map((ratio) => Math.trunc(ratio * width));
  const normed = layerNorm(scope.at("tokenNorm"), groupTokens); // [B, T, D]
  const tokens = layerNorm(scope.at("inputNorm"), x); // [B, L, D]
  const mixed = tokenMixer(scope.at("tokenMixer"), normed, settings, { hidden: tokenWidth, outputs: groups }); // [B, G, D]
  const projected = layerNorm(scope.at("projectedNorm"), mixed);
  const queries = crossBlock(scope.at("cross"), projected, tokens, settings, {
    heads,
    hidden: Math.trunc(mlpRatio * width),
  });

  const assigned = assign(scope.at("assignment"), queries, tokens, { settings, noise });
  const y = add(assigned.merged, queries); // [B, G, D]
  const kept = outputs === width ? y : widened(scope.at("widening"), y, outputs, settings); // [B, G, outputs]
  const transformed = mlp(scope.at("segmentMlp"), layerNorm(scope.at("segmentNorm"), y), {
    ...imageInitializers(settings),
    hidden: channelWidth,
    outputs,
  });
  return {
    segments: add(kept, transformed),
    ...{ groupTokens: normed, tokens, projected, queries },
    ...assigned,
  };
}

/** MLP along the axis of tokens, which become `outputs` other ones (Tolstikhin et al. 2021). x: [B, T, D] → [B, outputs, D]. */
export function tokenMixer(
  scope: Scope,
  x: Tensor,
  settings: Initial,
  options: Pick<MlpOptions, "hidden" | "outputs">,
): Tensor {
  const turned = transpose(x, [0, 2, 1]); // [B, D, T]
  return transpose(mlp(scope, turned, { ...imageInitializers(settings), ...options }), [0, 2, 1]);
}

/** Tokens of another width, without a bias. Parts: `norm`, `linear`. x: [..., D] → [..., width]. */
export function widened(scope: Scope, x: Tensor, width: number, settings: Initial): Tensor {
  return linear(scope.at("linear"), layerNorm(scope.at("norm"), x), width, {
    ...imageInitializers(settings),
    bias: false,
  });
}

/**
 * Post-norm block of cross-attention: neither queries nor keys are normed before they meet, the result is.
 *
 * x: [B, G, D], memory: [B, L, D] → [B, G, D].
 */
function crossBlock(
  scope: Scope,
  x: Tensor,
  memory: Tensor,
  settings: Initial,
  { heads, hidden }: { readonly heads: number; readonly hidden: number },
): Tensor {
  const initial = imageInitializers(settings);
  const attended = add(x, crossAttention(scope.at("attention"), x, memory, { ...initial, heads }));
  const normed = layerNorm(scope.at("mlpNorm"), attended);
  return layerNorm(scope.at("norm"), add(attended, mlp(scope.at("mlp"), normed, { ...initial, hidden })));
}

/** Gives tokens to groups and merges them. queries: [B, G, D], tokens: [B, L, D] → merged [B, G, D]. */
function assign(
  scope: Scope,
  queries: Tensor,
  tokens: Tensor,
  { settings, noise }: Pick<GroupingOptions, "settings" | "noise">,
): Pick<Grouping, "merged" | "used" | "soft" | "logits"> {
  const width = axisSize(tokens, -1);
  const project = (name: string, x: Tensor) => linear(scope.at(name), x, width, imageInitializers(settings));
  // One head, but the scale of the whole width.
  const scale = width ** -0.5;
  const logits = matmul(project("query", queries), project("key", tokens), { transposeB: true, scale }); // [B, G, L]
  const soft = softmax(logits, { axis: 1 });

  const hard = settings.assignment === "hard";
  const drawn = noise ?? (hard && settings.gumbelNoise && scope.training ? gumbelNoise(scope, logits) : null);
  const scores = drawn === null ? logits : mul(add(logits, drawn), 1 / settings.gumbelTau);
  const shares = drawn === null ? soft : softmax(scores, { axis: 1 });
  const used = hard ? straightThrough(likeliest(scores), shares) : shares;

  const sizes = add(sum(used, { axes: [2], keepDims: true }), settings.assignEps); // [B, G, 1]
  const weights = settings.sumAssign ? used : div(used, sizes);
  const merged = project("out", matmul(weights, project("value", tokens)));
  return { merged, used, soft, logits };
}

/** 1 at the group with the largest score of each token, the first of several, else 0. scores: [B, G, L] → the same. */
function likeliest(scores: Tensor): Tensor {
  return oneHot(argMax(scores, { axis: 1 }), axisSize(scores, 1), { axis: 1, dtype: scores.dtype });
}

/** Standard Gumbel noise, independent for each element: −ln(−ln u) of uniform numbers that the host draws. */
function gumbelNoise(scope: Scope, { shape }: Tensor): Tensor {
  // The host's are multiples of 2⁻²⁴ from 0; half of one in place of 0 keeps the noise finite.
  const uniform = clip(scope.noise("gumbel", shape, "uniform"), { min: 2 ** -25 });
  return neg(log(neg(log(uniform))));
}
