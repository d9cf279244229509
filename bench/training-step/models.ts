/** The three training steps that are compared with PyTorch, as options of our own training step. */
import { fromNumbers, type Named, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { resNetClassifier } from "../../src/backbones/resnet.ts";
import { transunet } from "../../src/backbones/transunet/network.ts";
import { vitClassifier } from "../../src/backbones/vit.ts";
import type { Scope } from "../../src/graph/scope.ts";
import type { Tensor, TensorType } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { recipes, type TransUNetRecipe } from "../../src/methods/transunet/recipe.ts";
import type { OptimizerRecipe } from "../../src/training/update.ts";

export interface Benched {
  readonly title: string;
  readonly inputs: Named<TensorType>;
  readonly loss: (scope: Scope, batch: Named<Tensor>) => Named<Tensor>;
  readonly recipe: OptimizerRecipe;
  readonly classes: number;
  /** What the PyTorch side needs to build the same model. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const small: TransUNetRecipe = { ...recipes["transunet-small"], averageDecay: 0, clipNorm: 0, accumulate: 1 };
const classification = {
  image: { dtype: "float32", shape: [8, 3, 224, 224] },
  labels: { dtype: "int64", shape: [8] },
} as const;

export const models: Readonly<Record<string, Benched>> = {
  vit: {
    title: "ViT-S/16, 224 pixels, batch 8, AdamW",
    inputs: classification,
    loss: (scope, { image, labels }) => ({
      crossEntropy: crossEntropy(vitClassifier(scope, image, { classes: 1000 }), labels),
    }),
    recipe: { ...small, optimizer: "adamw", learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
    classes: 1000,
    settings: {},
  },
  resnet: {
    title: "ResNet-50, 224 pixels, batch 8, batch statistics, SGD with momentum",
    inputs: classification,
    loss: (scope, { image, labels }) => ({
      crossEntropy: crossEntropy(resNetClassifier(scope, image, { classes: 1000 }), labels),
    }),
    recipe: { ...small, optimizer: "sgd", learningRate: 1e-3, schedule: "constant", warmupSteps: 0, weightDecay: 0 },
    classes: 1000,
    settings: {},
  },
  transunet: {
    title: `TransUNet small, ${small.cropHeight} × ${small.cropWidth} pixels, batch 8, 11 classes, AdamW`,
    inputs: {
      image: { dtype: "float32", shape: [8, 3, small.cropHeight, small.cropWidth] },
      labels: { dtype: "int64", shape: [8, small.cropHeight, small.cropWidth] },
    },
    loss: (scope, { image, labels }) => ({
      crossEntropy: crossEntropy(transunet(scope, image, 11, small).logits, labels),
    }),
    recipe: { ...small, learningRate: 1e-4, schedule: "constant", warmupSteps: 0 },
    classes: 11,
    settings: { ...small },
  },
};

/** One random batch. */
export function batchOf({ inputs, classes }: Benched): Named<NdArray> {
  const { image, labels } = inputs;
  const random = new Random(1, "batch");
  const pixels = random.fillNormal(new Float32Array(sizeOf(image.shape)));
  return {
    image: { dtype: "float32", shape: image.shape, data: pixels },
    labels: fromNumbers(
      "int64",
      labels.shape,
      Array.from({ length: sizeOf(labels.shape) }, () => random.integer(classes)),
    ),
  };
}
