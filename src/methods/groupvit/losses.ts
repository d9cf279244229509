/** Both losses on projected vectors (Xu et al. 2022, section 3.2; the authors' `multi_label_contrastive.py`). */
import { fromNumbers } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import {
  add,
  axisSize,
  cast,
  clip,
  div,
  exp,
  logSumExp,
  matmul,
  mean,
  mul,
  or,
  reshape,
  slice,
  sub,
  sum,
  takeAlong,
  transpose,
  where,
} from "../../ops/index.ts";
import type { GroupViTSettings } from "./settings.ts";
import { unitVectors } from "./unit.ts";

/** Rows of a batch that are asked for their partners, where others were computed elsewhere. */
export interface OwnRows {
  readonly start: number;
  readonly count: number;
}

export interface ContrastiveOptions {
  /** Default: all rows. */
  readonly own?: OwnRows | undefined;
}

export interface MultiLabelOptions extends ContrastiveOptions {
  readonly form?: GroupViTSettings["multiLabelForm"];
  /**
   * Where other images' prompts are right of an image as well, [B, B·K] bool; not together with `own`. The target is then spread evenly
   * over all that are right, on both sides (as Yang et al. 2022, "Unified Contrastive Learning", do with labels).
   */
  readonly matches?: Tensor | undefined;
}

/**
 * What cosines are multiplied by: min(e^logScale, 100). Where the limit holds no gradient passes.
 * logScale: scalar → a scalar.
 */
export function clampedScale(logScale: Tensor): Tensor {
  return clip(exp(logScale), { max: 100 });
}

/**
 * Image–text loss: half the sum of the cross-entropies of finding the own text among all texts, and the own image among
 * all images.
 *
 * images, texts: [B, C] float, not normalized, one row a pair; scale: scalar. Returns a scalar, 0 or above.
 * Differs from the paper: half of the sum, as in the code.
 */
export function contrastiveLoss(
  images: Tensor,
  texts: Tensor,
  scale: Tensor,
  { own }: ContrastiveOptions = {},
): Tensor {
  const [i, t] = [unitVectors(images), unitVectors(texts)];
  const rows = own ?? { start: 0, count: axisSize(i, 0) };
  const partners = range(rows.count).map((row) => [rows.start + row]);
  // Of the whole batch, one matrix serves both ways.
  const forward = mul(matmul(rowsOf(i, rows), t, { transposeB: true }), scale); // [own, B]
  const backward =
    own === undefined ? transpose(forward, [1, 0]) : mul(matmul(rowsOf(t, rows), i, { transposeB: true }), scale);
  return mul(add(meanCrossEntropy(forward, partners), meanCrossEntropy(backward, partners)), 0.5);
}

/**
 * Multi-label loss: an image has K texts, its prompted nouns. Half the sum of the cross-entropies of finding an image's own
 * prompts among all, each with the target 1/K, and of finding a prompt's image among all images. An image's other prompts
 * stand among those that it is told from.
 *
 * images: [B, C], prompts: [B, K, C] float, not normalized; scale: scalar. Returns a scalar.
 * `form`: see `multiLabelForm` of the settings; that of the code is larger by at least ln K. Differs from the paper: half
 * of the sum, as in the code.
 */
export function multiLabelLoss(
  images: Tensor,
  prompts: Tensor,
  scale: Tensor,
  options: MultiLabelOptions = {},
): Tensor {
  const { imageSide, promptSide } = multiLabelTerms(images, prompts, scale, options);
  return mul(add(imageSide, promptSide), 0.5);
}

/** The two sides of `multiLabelLoss`. */
export function multiLabelTerms(
  images: Tensor,
  prompts: Tensor,
  scale: Tensor,
  { own, form = "mean-of-logs", matches }: MultiLabelOptions,
): { readonly imageSide: Tensor; readonly promptSide: Tensor } {
  const [batch, count, width] = prompts.shape;
  const i = unitVectors(images);
  const p = unitVectors(reshape(prompts, [batch * count, width])); // [B·K, C]
  const rows = own ?? { start: 0, count: batch };
  const ownPrompts = { start: rows.start * count, count: rows.count * count };
  const forward = mul(matmul(rowsOf(i, rows), p, { transposeB: true }), scale); // [own, B·K]
  const backward =
    own === undefined ? transpose(forward, [1, 0]) : mul(matmul(rowsOf(p, ownPrompts), i, { transposeB: true }), scale); // [own·K, B]
  const promptsOf = range(rows.count).map((row) => range(count).map((k) => ownPrompts.start + row * count + k));
  const imageOf = range(ownPrompts.count).map((prompt) => [rows.start + Math.floor(prompt / count)]);
  if (matches !== undefined) {
    const owned = range(batch * batch * count).map((i) =>
      Number(promptsOf[Math.floor(i / (batch * count))].includes(i % (batch * count))),
    );
    const right = or(matches, cast(constant(fromNumbers("int32", [batch, batch * count], owned)), "bool"));
    return {
      imageSide: spreadCrossEntropy(forward, right, 1, form),
      promptSide: spreadCrossEntropy(forward, right, 0),
    };
  }
  return {
    imageSide: meanCrossEntropy(forward, promptsOf, form),
    promptSide: meanCrossEntropy(backward, imageOf),
  };
}

/**
 * Mean over rows of ln Σ exp(logits) less what the row's right columns have: the mean of their logits, or the logarithm of
 * their summed exponentials. logits: [N, M]; right: as many columns for each row.
 */
function meanCrossEntropy(
  logits: Tensor,
  right: readonly (readonly number[])[],
  form: GroupViTSettings["multiLabelForm"] = "mean-of-logs",
): Tensor {
  const indices = constant(fromNumbers("int64", [right.length, right[0].length], right.flat()));
  const chosen = takeAlong(logits, indices, { axis: 1 }); // [N, right]
  const truth = form === "mean-of-logs" ? mean(chosen, { axes: [1] }) : logSumExp(chosen, { axes: [1] });
  return mean(sub(logSumExp(logits, { axes: [1] }), truth));
}

/**
 * The same along `axis` with any number of right ones, at least one. logits: [N, M], right: [N, M] bool.
 */
function spreadCrossEntropy(
  logits: Tensor,
  right: Tensor,
  axis: 0 | 1,
  form: GroupViTSettings["multiLabelForm"] = "mean-of-logs",
): Tensor {
  const axes = [axis];
  const weights = cast(right, logits.dtype);
  const truth =
    form === "mean-of-logs"
      ? div(sum(mul(weights, logits), { axes }), sum(weights, { axes }))
      : logSumExp(where(right, logits, constant(-1e9, logits.dtype)), { axes });
  return mean(sub(logSumExp(logits, { axes }), truth));
}

function rowsOf(x: Tensor, { start, count }: OwnRows): Tensor {
  return count === axisSize(x, 0) ? x : slice(x, [{ axis: 0, start, end: start + count }]);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
