/** Fully supervised transfer (Xu et al. 2022, table 5): a GroupViT's image encoder and a 1 x 1 head, fine-tuned on masks. */
import { InputError } from "../../errors.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { imageInput, renormalized } from "../../nn/image-input.ts";
import { linear } from "../../nn/linear.ts";
import { axisSize, concat, matmul, reshape, resize, softmax, transpose } from "../../ops/index.ts";
import { checkSegmentationLoss, checksOf } from "../checks.ts";
import type { Method, Task } from "../method.ts";
import type { SemanticModel } from "../model.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Beginning, Trained } from "../stage.ts";
import { encoderFile, encoderStart } from "./encoder-start.ts";
import { imageInitializers } from "./grouping.ts";
import { imageEncoder } from "./image-encoder.ts";
import { paper } from "./paper.ts";
import { patchGroups } from "./segmentation.ts";
import { encoderFields, type TransferRecipe, transferRecipes } from "./transfer-recipe.ts";
import { checkImageEncoder, checkWindows } from "./validate.ts";
import { weightDecayGroup } from "./weight-decay.ts";
import { fittedPositions } from "./whole-weights.ts";
import { normalizations, scalings } from "./window-scores.ts";

/**
 * A linear layer over what a patch is and what its segments are: the tokens of the first stage, and those of the last segments, each
 * by how much of it the patch is (soft maps, as in zero-shot prediction). Without groups, the tokens of the patches alone.
 *
 * images: [B, 3, H, W] float, normalized → class scores [B, K, H, W], enlarged bilinearly.
 */
export function transferLogits(scope: Scope, images: Tensor, classes: number, settings: TransferRecipe): Tensor {
  const { tokens, stages, soft, grid } = imageEncoder(scope.at("image"), images, settings);
  const [batch, , height, width] = images.shape;
  const features = soft.length === 0 ? tokens : concat([stages[0].grouping!.tokens, segmentsOfPatches()], { axis: 2 });
  const logits = linear(scope.at("head"), features, classes, imageInitializers(settings)); // [B, N, K]
  return resize(reshape(transpose(logits, [0, 2, 1]), [batch, classes, ...grid]), [height, width]);

  /** [B, N, D] */
  function segmentsOfPatches(): Tensor {
    const map = patchGroups(soft, grid).at(-1)!; // [B, G, rows, columns]
    const shares = reshape(map, [batch, axisSize(map, 1), grid[0] * grid[1]]);
    return matmul(transpose(shares, [0, 2, 1]), tokens);
  }
}

/** What a transfer takes of a run of captions, of another transfer, or of a pretrained vision transformer. */
function begin(from: Trained, recipe: TransferRecipe, { classes }: Task): Beginning {
  if (from.stage === "encoder") return encoderStart(from, recipe);
  const taken = Object.entries(fittedPositions(from.weights, recipe)).filter(([name, { shape }]) => {
    if (name.startsWith("image.")) return true;
    return name.startsWith("head.") && shape[0] === classes.length;
  });
  if (!taken.some(([name]) => name.startsWith("image."))) {
    throw new InputError(
      `${from.source}: expected a run of groupvit to begin recipe ${recipe.name} with, got one of ${from.recipe.method}. Choose another.`,
    );
  }
  const parts = new Set(Object.keys(from.weights).map((name) => name.split(".")[0]));
  for (const [name] of taken) parts.delete(name.split(".")[0]);
  const left = parts.size === 0 ? [] : [`${from.source}: not taken: ${[...parts].join(", ")}`];
  return { weights: Object.fromEntries(taken), notes: left };
}

function transferModel(recipe: TransferRecipe, { classes }: Task): SemanticModel {
  const { patchSize, windowSide, shortSide, longSide, normalization } = recipe;
  return {
    ...{ kind: "semantic", stride: patchSize, window: [windowSide, windowSide], windowing: "halves" },
    preparation: { shortSide, longSide, ...scalings[normalization] },
    scores(scope, image) {
      const images = imageInput(image, normalizations[normalization]);
      return softmax(transferLogits(scope, images, classes.length, recipe), { axis: 1 });
    },
  };
}

export const groupvitTransfer: Method<TransferRecipe> = {
  name: "groupvit-transfer",
  paper,
  vocabulary: "closed",
  recipes: transferRecipes,
  formerly: { stemChannels: [] },
  stages(recipe, task) {
    const network = (scope: Scope, image: Tensor) =>
      transferLogits(scope, renormalized(image, normalizations[recipe.normalization]), task.classes.length, recipe);
    return [
      segmentationStage(network, recipe, task, {
        name: "finetune",
        begin: (from) => begin(from, recipe, task),
        group: weightDecayGroup,
      }),
    ];
  },
  model: transferModel,
  validate(recipe) {
    checkImageEncoder(recipe);
    checkSegmentationLoss(recipe);
    checkWindows(recipe);
    checksOf(recipe).oneOf("normalization", Object.keys(normalizations));
  },
  adopt(recipe, from) {
    const runs = from.filter(({ stage }) => stage !== "encoder").map(({ recipe: its }) => its as TransferRecipe);
    const fields = runs.flatMap((its) => encoderFields.map((key) => [key, its[key] ?? recipe[key]] as const));
    return { ...recipe, ...Object.fromEntries(fields) };
  },
  encoder: encoderFile,
};
