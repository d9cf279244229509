/** What the pair lowers, and the parts of it that a look inside shows. */
import { fromNumbers, type Named } from "../../array/ndarray.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { binaryCrossEntropy } from "../../losses/index.ts";
import { imageInput } from "../../nn/image-input.ts";
import { axisSize, expand, mul, reshape, unsqueeze } from "../../ops/index.ts";
import type { Losses } from "../stage.ts";
import { alignedProbabilities, attention, transferLoss, transferTarget } from "./losses.ts";
import { type Classified, classifier } from "./network.ts";
import type { L2GRecipe } from "./recipe.ts";

export interface Transfer {
  readonly global: Classified;
  readonly local: Classified;
  /** Of the views, [R, C]. */
  readonly tags: Tensor;
  /** What the local network attends to, and what the global one is to reproduce of it: [R, C + 1, h, w]. */
  readonly attention: Tensor;
  readonly target: Tensor;
  /** What the global one sees there: [R, C + 1, h, w], probabilities. */
  readonly seen: Tensor;
}

/** The photographs' tags, or what is to stand in their place: local → [B, C]. */
type TagsFrom = (local: Classified) => Tensor;

/** Both networks on a batch of `preparedViews`, R views in all. */
export function transferOf(
  scope: Scope,
  batch: Named<Tensor>,
  recipe: L2GRecipe,
  tagsFrom: TagsFrom = () => batch.tags,
): Transfer {
  const { views, localSize, viewSize, strongestOnly } = recipe;
  const [count, classes] = batch.tags.shape;
  const all = count * views;
  const flat = (name: string, shape: readonly number[]) => reshape(batch[name], [all, ...shape]);
  const global = classifier(scope, "global", imageInput(batch.image), classes, recipe);
  const local = classifier(scope, "local", imageInput(flat("views", [localSize, localSize, 3])), classes, recipe);
  const tags = reshape(expand(unsqueeze(tagsFrom(local), 1), [count, views, classes]), [all, classes]);
  const target = transferTarget(
    local.maps,
    tags,
    {
      threshold: recipe.targetThreshold,
      background: recipe.targetBackground,
      strongestOnly,
      ties: "first",
      fallback: recipe.saliencyFallback,
    },
    batch.saliency && flat("saliency", [1, localSize, localSize]),
  );
  const images = Array.from({ length: all }, (_, i) => Math.floor(i / views));
  const seen = alignedProbabilities(
    global.maps,
    { boxes: flat("boxes", [4]), images: constant(fromNumbers("int64", [all], images)) },
    [axisSize(local.maps, 2), axisSize(local.maps, 3)],
    { stride: viewSize / axisSize(global.maps, 2), aligned: recipe.alignedBoxes },
  );
  return {
    global,
    local,
    tags,
    attention: attention(local.maps, tags, { strongestOnly, ties: "first" }),
    target,
    seen,
  };
}

/** What both networks lower. The target between them is detached, so that neither loss reaches the other's network. */
export function pairLosses(scope: Scope, batch: Named<Tensor>, recipe: L2GRecipe): Losses {
  const { transferWeight, localWeight, globalWeight } = recipe;
  const { global, local, tags, target, seen } = transferOf(scope, batch, recipe);
  const globalTags = binaryCrossEntropy(global.logits, batch.tags);
  const weighted = {
    transfer: [transferLoss(seen, target), transferWeight],
    localTags: [binaryCrossEntropy(local.logits, tags), localWeight],
    globalTags: [globalTags, globalWeight],
  } as const;
  const terms = Object.entries(weighted).flatMap(([name, [loss, weight]]) =>
    weight > 0 ? [[name, mul(loss, weight)] as const] : [],
  );
  return { terms: Object.fromEntries(terms), ...(globalWeight === 0 && { watched: { globalTags } }) };
}
