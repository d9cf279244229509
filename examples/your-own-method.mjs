// A method of your own: a fully convolutional network, trained on masks. Nothing is registered anywhere; it is named:
//   npx tessera-seg train scenes:size=128,classes=coarse --method ./your-own-method.mjs --recipe fcn --out run
//   npx tessera-seg predict run photo.jpg --method ./your-own-method.mjs --out masks
import { baseRecipe, ops, segmentationStage, UsageError } from "tessera-seg";
import { batchNorm2d, conv2d, imageInput } from "tessera-seg/layers";
import { plainCrossEntropy } from "tessera-seg/losses";

/** A convolution, halving the size if `stride` is 2, batch norm, ReLU. x: [B, C, H, W]. */
function layer(scope, x, channels, stride) {
  const y = conv2d(scope.at("conv"), x, channels, { kernel: 3, padding: 1, stride, bias: false });
  return ops.relu(batchNorm2d(scope.at("norm"), y));
}

/** image: [B, 3, H, W] → class scores [B, K, H, W], computed at a quarter of the size. */
const network =
  ({ width }, { classes }) =>
  (scope, image) => {
    let x = image;
    for (const [index, stride] of [2, 2, 1, 1].entries()) {
      x = layer(scope.at("layers").at(index), x, width * (index + 1), stride);
    }
    const scores = conv2d(scope.at("head"), x, classes.length, { kernel: 1 });
    const [, , height, columns] = image.shape;
    return ops.resize(scores, [height, columns]);
  };

export const fcn = {
  name: "fcn",
  paper: {
    authors: "Long, Shelhamer, Darrell",
    title: "Fully Convolutional Networks for Semantic Segmentation",
    venue: "CVPR 2015",
    url: "https://arxiv.org/abs/1411.4038",
  },
  vocabulary: "closed",
  recipes: { fcn: { ...baseRecipe, ...plainCrossEntropy, name: "fcn", method: "fcn", width: 24, steps: 300 } },
  validate({ name, width }) {
    if (!Number.isInteger(width) || width < 1) {
      throw new UsageError(`recipe ${name}: width must be a whole number above 0, got ${width}. Try 24.`);
    }
  },
  stages: (recipe, task) => [segmentationStage(network(recipe, task), recipe, task, { name: "train" })],
  model: (recipe, task) => ({
    kind: "semantic",
    stride: 4,
    scores: (scope, image) => ops.softmax(network(recipe, task)(scope, imageInput(image)), { axis: 1 }),
  }),
};
