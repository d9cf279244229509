/** The authors' TensorFlow checkpoints as runs of ours: whole models, and backbones that were trained on ImageNet. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError, listed } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported } from "../method.ts";
import { cocoPanopticClasses } from "./coco.ts";
import { isBackbone, ourName, ourTensor } from "./names.ts";
import { maxDeepLab, semanticLogits } from "./network.ts";
import { type MaxDeepLabRecipe, recipes } from "./recipe.ts";

/** What is no weight of the network. */
const bookkeeping = /^(global_step|save_counter|optimizer|backbone_optimizer|_CHECKPOINTABLE_OBJECT_GRAPH)(\/|$)/;

/** Some archives of backbones put this in front of all names. */
const backbonePrefix = /^backbone\/_encoder\//;

/** Names by which the network is known. */
const stems = { s: "encoder/_stem/_conv1_bn_act/_conv/kernel", l: "encoder/_stem/_conv/kernel" } as const;

/** Of a list of weights in a message. */
const mostNamed = 3;

const classKernel = "transformer_class_head/_conv/kernel";

/**
 * A checkpoint of MaX-DeepLab-S or -L, or of the backbone of one; null for files of other kinds. Throws InputError where weights are
 * missing or of other shapes, by their names in the file; what the network has no use for is told.
 */
export function importMaxDeepLab([file, ...others]: readonly WeightFile[]): Imported<MaxDeepLabRecipe> | null {
  if (file.kind !== "tensorflow" || others.length > 0) return null;
  const named = Object.entries(file.tensors)
    .filter(([name]) => !bookkeeping.test(name))
    .map(([name, array]) => [name.replace(backbonePrefix, "encoder/"), array] as const);
  const theirs: Named<NdArray> = Object.fromEntries(named);
  const kind = stems.s in theirs ? "s" : stems.l in theirs ? "l" : null;
  if (kind === null) return null;

  const coco = cocoPanopticClasses();
  const published = recipes[`maxdeeplab-${kind}`];
  const classes = theirs[classKernel]?.shape[2];
  const memory = theirs["encoder/_memory_feature"];
  const recipe: MaxDeepLabRecipe = {
    ...published,
    ...(memory && { slots: memory.shape[1] }),
    // Without its auxiliary head it trains without the loss of that.
    ...(classes !== undefined && !("semantic_last_layer/kernel" in theirs) && { semanticWeight: 0 }),
  };
  const isWhole = classes !== undefined;
  const wanted = weightsWanted(recipe, isWhole ? classes - 1 : null);
  const weights: Record<string, NdArray> = {};
  const unused: string[] = [];
  for (const [name, array] of named) {
    const ours = ourName(name);
    const shape = wanted.get(ours);
    if (shape === undefined) {
      unused.push(name);
      continue;
    }
    const tensor = ourTensor(name, array);
    if (String(tensor.shape) !== String(shape)) {
      throw new InputError(
        `${file.where}: expected ${name} of MaX-DeepLab-${kind.toUpperCase()} to become [${shape}], got [${tensor.shape}]. Give weights of the published widths.`,
      );
    }
    weights[ours] = tensor;
  }
  const missing = [...wanted.keys()].filter((name) => !(name in weights));
  if (missing.length > 0) {
    throw new InputError(
      `${file.where}: expected all ${wanted.size} weights of ${isWhole ? "the network" : "the backbone"}, got none for ${listed(missing, mostNamed)}. Fetch the whole checkpoint.`,
    );
  }
  return {
    recipe,
    weights,
    outputs: isWhole ? classes - 1 : null,
    ...(classes === coco.length + 1 && { classes: coco }),
    ...(!isWhole && { partial: true as const }),
    untold: [],
    notes: unused.length === 0 ? [] : [`${file.where}: the network has no use for ${listed(unused, mostNamed)}.`],
  };
}

/** Shapes by our names: of the whole network on so many classes, or of what ImageNet pretrains. */
function weightsWanted(recipe: MaxDeepLabRecipe, classes: number | null): Map<string, readonly number[]> {
  const model = new Model({ training: true });
  const image = input("image", [1, 65, 65, 3], "uint8");
  const { encoded } = maxDeepLab(model.scope, image, recipe, classes ?? 1);
  if (classes !== null && recipe.semanticWeight > 0) {
    semanticLogits(model.scope, encoded, recipe, { outputs: classes + 1 });
  }
  const all = [...model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape] as const);
  return new Map(classes === null ? all.filter(([name]) => isBackbone(name)) : all);
}
