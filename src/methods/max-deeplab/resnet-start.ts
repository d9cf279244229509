/** A ResNet that was trained on ImageNet as the start of the pixel path: its bottlenecks are those of stages 2 and 3, and the first of 4. */
import { float32, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { type Shape, sameShape } from "../../array/shape.ts";
import type { OnnxEncoderFile } from "../../backbones/onnx-file.ts";
import { publishedEncoder } from "../../backbones/published.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Beginning, Trained } from "../stage.ts";
import { norms } from "./layers.ts";
import { isBackbone } from "./names.ts";
import { maxDeepLab } from "./network.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";

/** Of ResNets as PyTorch trains them. */
const theirEpsilon = 1e-5;

/** A file of a ResNet, see `Method.encoder`. Throws InputError for other networks, and for those of which no block fits. */
export function encoderFile(
  file: WeightFile | OnnxEncoderFile,
  recipe: MaxDeepLabRecipe,
): Pick<Trained, "weights" | "stage" | "recipe"> {
  if (file.kind === "onnx") {
    throw new InputError(
      `recipe ${recipe.name}: expected the weights of a ResNet to begin with, got an ONNX model. Give its weights, such as model.safetensors.`,
    );
  }
  const { weights } = publishedEncoder(file);
  const prefixed = Object.fromEntries(Object.entries(weights).map(([name, array]) => [`encoder.${name}`, array]));
  resNetStart({ weights: prefixed, source: file.where }, recipe); // what does not fit is said now
  return { stage: "encoder", weights: prefixed, recipe };
}

/**
 * What the pixel path takes of a ResNet: each convolution whose kernel has the same shape, with its norm, which is changed to our ε. The stem
 * is another, axial blocks and everything that is no backbone start anew. Rectifying before a block, as here, and behind it, as there, is the
 * same network. Differs: here stage 2 strides, where they pool.
 */
export function resNetStart(
  { weights, source }: Pick<Trained, "weights" | "source">,
  recipe: MaxDeepLabRecipe,
): Beginning {
  const own = shapesOf(recipe);
  const fits = (ours: string, theirs: NdArray | undefined) => {
    const shape = own.get(ours);
    return shape !== undefined && theirs !== undefined && sameShape(shape, theirs.shape);
  };
  const taken: Record<string, NdArray> = {};
  for (const [name, kernel] of Object.entries(weights)) {
    const found = /^encoder\.stage(\d+)\.unit(\d+)\.(conv\d|shortcut\.conv)\.weight$/.exec(name);
    if (found === null) continue;
    const [, stage, unit, conv] = found;
    const block = `backbone.stage${Number(stage) + 1}.block${unit}`;
    // Not of an axial block, nor of another kind of unit, which may have a kernel of that shape as well.
    if (!fits(`${block}.conv3.conv.weight`, weights[`encoder.stage${stage}.unit${unit}.conv3.weight`])) continue;
    const place = `${block}.${conv.replace(".conv", "")}`;
    const norm = name.replace("conv", "norm").replace(/\.weight$/, "");
    if (!fits(`${place}.conv.weight`, kernel) || weights[`${norm}.running_var`] === undefined) continue;
    taken[`${place}.conv.weight`] = kernel;
    for (const [kind, array] of Object.entries(ourNorm(weights, norm))) taken[`${place}.norm.${kind}`] = array;
  }
  const kernels = Object.keys(taken).filter((name) => name.endsWith(".conv.weight")).length;
  if (kernels === 0) {
    throw new InputError(
      `${source}: expected a ResNet whose bottlenecks are as wide as those of recipe ${recipe.name}, got another network. Give a ResNet-50 or -101, and recipe maxdeeplab-s.`,
    );
  }
  return {
    weights: taken,
    anew: [...own.keys()].filter((name) => isBackbone(name) && !(name in taken)),
    notes: [`${source}: ${kernels} convolutions of the pixel path begin with these weights; all else starts anew`],
  };
}

/** The same norm where ours adds more to the variance. */
function ourNorm(weights: Named<NdArray>, norm: string): Record<string, NdArray> {
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
    (kind) => weights[`${norm}.${kind}`],
  );
  const variances = toNumbers(variance);
  const scales = toNumbers(weight).map(
    (scale, at) => scale * Math.sqrt((variances[at] + norms.epsilon) / (variances[at] + theirEpsilon)),
  );
  return { weight: float32(weight.shape, scales), bias, running_mean: mean, running_var: variance };
}

/** Shapes of the network's parameters and running averages, by name. */
function shapesOf(recipe: MaxDeepLabRecipe): ReadonlyMap<string, Shape> {
  const model = new Model({ training: true });
  maxDeepLab(model.scope, input("image", [1, 65, 65, 3], "uint8"), recipe, 1);
  return new Map([...model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape]));
}
