/**
 * From what GroupViT's image encoder gives to class scores of pixels, without any training on masks (Xu et al. 2022, sec. 3.3).
 * The paper, the authors' code and its port to Hugging Face differ in it: see `ScoresName`.
 */
import { fromNumbers } from "../../array/ndarray.ts";
import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import type { Grid } from "../../nn/embedding.ts";
import {
  argMax,
  axisSize,
  cast,
  concat,
  gather,
  greater,
  less,
  matmul,
  max,
  minimum,
  mul,
  oneHot,
  reshape,
  resize,
  softmax,
  sum,
  topK,
  transpose,
  unsqueeze,
  where,
} from "../../ops/index.ts";
import { unitVectors } from "./unit.ts";

/**
 * Whose way from groups to classes. `official`, the authors' code: soft assignments are multiplied, a class has the product of two softmaxes, of which
 * one knows the few classes that fit the window best, and some group of a window is always foreground. `paper`: the assignments that tokens were
 * merged by are multiplied, one softmax over all classes, background wherever it stays below the threshold. `hf`, the port: soft maps
 * weigh cosines (`portScores`).
 */
export type ScoresName = "official" | "paper" | "hf";

/** What the image encoder found in each of B windows of one size; a part of `EncodedImages`. */
export interface GroupedImages {
  /**
   * Of each grouping block, the first stage's first: the probability that a token is of a group, without noise, [B, G, L], summing
   * to 1 over the groups; L is the number of patches, then of the groups before. Empty where nothing is grouped.
   */
  readonly soft: readonly Tensor[];
  /** What tokens were merged by, [B, G, L]: of hard assignment 1 for the likeliest group and 0 for others; of soft the same as `soft`. */
  readonly used: readonly Tensor[];
  /** Of the patches. */
  readonly grid: Grid;
  /** Of the last groups, or of the patches where nothing is grouped, of any length: [B, G, C]; null in training. */
  readonly groupEmbeddings: Tensor | null;
  /** Of the whole window, of any length: [B, C]. */
  readonly embedding: Tensor;
}

/** The background is a class of its own, the first. */
export interface Background {
  /** Groups whose best class has a lower score are background; by the authors' code never all groups of a window. 0 … 1. */
  readonly threshold: number;
}

export interface ClassScoreOptions {
  /** Null: every pixel is of one of the classes. */
  readonly background: Background | null;
  /** Default `official`, which `hf` stands for as well: groups of the port have cosines alone. */
  readonly scores?: ScoresName;
  /** So many classes, those that fit the whole window best, can be found in a window by the authors' code. Default 5. */
  readonly kept?: number;
  /** Words of each class, whose vectors follow one another; a class is as near as the nearest of them. Default: one each. */
  readonly counts?: readonly number[] | undefined;
}

/** Lower than any score, and so far that its exponential is 0. */
export const excluded = -1e9;

/** The assignments that are multiplied, by whose way. */
export function assignmentsBy(
  scores: ScoresName,
  { soft, used }: Pick<GroupedImages, "soft" | "used">,
): readonly Tensor[] {
  return scores === "paper" ? used : soft;
}

/**
 * Maps of the groups after each stage: its assignment times all before it. assignments: [B, G, L] each → [B, G, rows, columns]; they sum to 1
 * over the groups, and are as soft or hard as the assignments.
 */
export function patchGroups(assignments: readonly Tensor[], [rows, columns]: Grid): Tensor[] {
  const maps: Tensor[] = [];
  let whole: Tensor | undefined;
  for (const assignment of assignments) {
    // M₁ = S₁ᵀ, M₂ = M₁ S₂ᵀ …, here with the groups in front.
    whole = whole === undefined ? assignment : matmul(assignment, whole); // [B, G, patches]
    const [images, groups, patches] = whole.shape;
    if (patches !== rows * columns) {
      throw new InputError(
        `groups: expected probabilities of ${rows} x ${columns} patches, got ${show(whole.shape)}. Pass the encoder's own grid.`,
      );
    }
    maps.push(reshape(whole, [images, groups, rows, columns]));
  }
  return maps;
}

/**
 * The same enlarged to the window, bilinearly: stretched over all of it, although patches leave out what is no multiple of their
 * side. size: [H, W] → for each stage [B, G, H, W].
 */
export function groupMaps(assignments: readonly Tensor[], grid: Grid, size: readonly [number, number]): Tensor[] {
  return patchGroups(assignments, grid).map((map) => resize(map, size));
}

/** The group of each pixel, the lowest of several with the same share. map: [B, G, H, W] → int64 [B, H, W]. */
export function groupOfPixels(map: Tensor): Tensor {
  return argMax(map, { axis: 1 });
}

/**
 * The scores of each group, among them that of the background. By the authors' code a product of two softmaxes over the classes, of
 * which one knows only those that fit the whole window best; by the paper the one that knows all.
 *
 * classes: vectors of length 1, [N, C], or of all their words. scale: what cosines are multiplied by, `logitScale` of the network.
 * → [B, G, N], or with a background in front [B, G, 1 + N]; 0 … 1.
 */
export function groupClassScores(
  { groupEmbeddings, embedding }: Pick<GroupedImages, "groupEmbeddings" | "embedding">,
  classes: Tensor,
  scale: Tensor,
  { background, scores: whose = "official", kept = 5, counts }: ClassScoreOptions,
): Tensor {
  const logits = groupLogits({ groupEmbeddings }, classes, scale, counts); // [B, G, N]
  const all = softmax(logits, { axis: 2 });
  if (whose === "paper") return background === null ? all : withBackground(all, background.threshold);
  const whole = mul(nearness(embedding, classes, counts), scale); // [B, N]
  const count = axisSize(whole, 1);
  const { indices } = topK(whole, Math.min(kept, count), { axis: 1 }); // [B, kept]
  const chosen = unsqueeze(sum(oneHot(indices, count), { axes: [1] }), 1); // [B, 1, N]
  const scores = mul(softmax(where(greater(chosen, 0), logits, excluded), { axis: 2 }), all); // [B, G, N]
  if (background === null) return scores;
  return withBackground(scores, minimum(max(scores, { axes: [1, 2], keepDims: true }), background.threshold));
}

/** A background in front, 1 for groups whose best class scores below `threshold`, else 0. scores: [B, G, N] → [B, G, 1 + N]. */
function withBackground(scores: Tensor, threshold: Tensor | number): Tensor {
  const best = max(scores, { axes: [2], keepDims: true }); // [B, G, 1]
  return concat([cast(less(best, threshold), "float32"), scores], { axis: 2 });
}

/**
 * Class scores of each pixel: those of its group; where nothing is grouped, those of the patches, enlarged bilinearly as maps of
 * groups are. size: of the windows, [H, W]; the rest as in `groupClassScores`.
 * → [B, N, H, W], or with a background in front [B, 1 + N, H, W]. Those of overlapping windows are averaged as they are.
 */
export function classScores(
  images: GroupedImages,
  classes: Tensor,
  scale: Tensor,
  size: readonly [number, number],
  options: ClassScoreOptions,
): Tensor {
  const scores = groupClassScores(images, classes, scale, options); // [B, G, K]
  if (images.soft.length === 0) return enlarged(scores, images.grid, size);
  const assignments = assignmentsBy(options.scores ?? "official", images);
  const map = groupMaps(assignments, images.grid, size).at(-1)!; // [B, G, H, W]
  const groups = axisSize(map, 1);
  const belongs = oneHot(groupOfPixels(map), groups, { axis: 1 }); // [B, G, H, W], 0 or 1
  return spread(scores, belongs);
}

/** How near each group is to the classes, times `scale`, and nothing else: [B, G, N]. */
export function groupLogits(
  { groupEmbeddings }: Pick<GroupedImages, "groupEmbeddings">,
  classes: Tensor,
  scale: Tensor,
  counts?: readonly number[],
): Tensor {
  return mul(nearness(ofGroups(groupEmbeddings), classes, counts), scale);
}

/** Cosines of vectors [..., C] with classes, [..., N]: of several words of one the largest. */
export function nearness(x: Tensor, words: Tensor, counts?: readonly number[]): Tensor {
  const cosines = matmul(unitVectors(x), words, { transposeB: true }); // [..., W]
  if (counts === undefined || counts.every((count) => count === 1)) return cosines;
  // Classes with fewer words than others have their first again: all are as many.
  const most = Math.max(...counts);
  let start = 0;
  const table = counts.flatMap((count) => {
    const row = Array.from({ length: most }, (_, i) => start + (i < count ? i : 0));
    start += count;
    return row;
  });
  const each = gather(cosines, constant(fromNumbers("int64", [counts.length, most], table)), { axis: -1 }); // [..., N, most]
  return max(each, { axes: [-1] });
}

/**
 * Class scores as the port in Hugging Face's transformers has them: soft maps are weights, the temperature counts
 * twice, there is no background, and nothing is a probability. scale: e^logitScale, without the authors' limit. → [B, N, H, W]
 */
export function portScores(
  images: GroupedImages,
  classes: Tensor,
  scale: Tensor,
  size: readonly [number, number],
  { counts }: Pick<ClassScoreOptions, "counts"> = {},
): Tensor {
  const logits = groupLogits(images, classes, scale, counts); // [B, G, N]
  if (images.soft.length === 0) return mul(enlarged(logits, images.grid, size), scale);
  return mul(spread(logits, groupMaps(images.soft, images.grid, size).at(-1)!), scale);
}

/** scores: [B, G, K] and shares of the groups [B, G, H, W] → the shares' sum of scores, [B, K, H, W]. */
function spread(scores: Tensor, shares: Tensor): Tensor {
  const [images, groups, height, width] = shares.shape;
  const pixels = reshape(shares, [images, groups, height * width]);
  const spreaded = matmul(transpose(scores, [0, 2, 1]), pixels); // [B, K, H·W]
  return reshape(spreaded, [images, axisSize(scores, 2), height, width]);
}

/** Scores of patches, [B, N, K], as those of pixels: [B, K, H, W]. */
function enlarged(scores: Tensor, [rows, columns]: Grid, size: readonly [number, number]): Tensor {
  const [images, patches, classes] = scores.shape;
  if (patches !== rows * columns) {
    throw new InputError(
      `groups: expected groups, or a vector of each of ${rows} x ${columns} patches, got ${patches} vectors. Pass the encoder's own grid.`,
    );
  }
  return resize(reshape(transpose(scores, [0, 2, 1]), [images, classes, rows, columns]), size);
}

function ofGroups(embeddings: Tensor | null): Tensor {
  if (embeddings !== null) return embeddings;
  throw new Error("groups: vectors of groups are not there in training.");
}
