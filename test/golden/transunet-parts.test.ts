/** TransUNet's modules one by one, against the authors' code. */
import { expect } from "vitest";
import { type Named, type NdArray, scalar, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { crossEntropy, labelled, pixelCrossEntropy } from "../../src/losses/cross-entropy.ts";
import { decoder } from "../../src/networks/transunet/decoder.ts";
import { residualStyle, residualUnit } from "../../src/networks/transunet/hybrid.ts";
import { attentionWeights } from "../../src/nn/attention.ts";
import { resizePositions, resizePositionTable } from "../../src/nn/embedding.ts";
import { linear } from "../../src/nn/linear.ts";
import { layerNorm } from "../../src/nn/norm.ts";
import { transformerBlock } from "../../src/nn/transformer.ts";
import { conv, gelu, rearrange, standardizeWeight, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { type Place, underOurNames, underPublishedNames } from "../support/published-names.ts";
import { openGoldens } from "./manifest.ts";
import { prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("ddep");

/** Inputs like `arrays`, by the same names. */
function inputs(arrays: Named<NdArray>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
}

/** `y`, and the gradients of Σ y·dy as `grad.<name>`. */
function withGradients(y: Tensor, dy: Tensor, wrt: Named<Tensor>): Record<string, Tensor> {
  const names = Object.keys(wrt);
  const found = gradients(y, Object.values(wrt), { seed: dy });
  return { y, ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, found[i]])) };
}

function trainedIn(model: Model): Record<string, Tensor> {
  return Object.fromEntries(model.trained.map(({ name, tensor }) => [name, tensor]));
}

/** Moves `grad.` in front of the prefix: y → c0.y, grad.x → grad.c0.x. */
function placed(prefix: string, arrays: Named<NdArray>): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name.startsWith("grad.") ? `grad.${prefix}${name.slice(5)}` : prefix + name,
      array,
    ]),
  );
}

goldens.covers("std_conv2d", async (golden) => {
  const settings = golden.config.cases as { stride: number; pad: number; groups?: number; bias: boolean }[];
  const got: Record<string, NdArray> = {};
  for (const [i, { stride, pad, groups = 1 }] of settings.entries()) {
    const arrays = golden.under(`c${i}.`);
    const { x, weight, bias, dy } = inputs({
      x: arrays.x,
      weight: arrays.weight,
      dy: arrays.dy,
      ...(arrays.bias && { bias: arrays.bias }),
    });
    const standard = standardizeWeight(weight, { epsilon: 1e-5, mode: "sqrt(var+eps)" });
    const y = conv(x, standard, { bias, strides: stride, padding: pad, groups });
    const outputs = {
      std_weight: standard,
      std_weight_bit: standardizeWeight(weight, { epsilon: 1e-10, mode: "sqrt(var+eps)" }),
      std_weight_flax: standardizeWeight(weight, { epsilon: 1e-5, mode: "sqrt(var)+eps" }),
      ...withGradients(y, dy, { x, weight, ...(bias && { bias }) }),
    };
    Object.assign(got, placed(`c${i}.`, await evaluate(outputs, arrays)));
  }
  golden.checkAll(got);
});

const unitPlace: Place = {
  ours: "encoder.stage1.unit1.",
  published: "transformer.embeddings.hybrid_model.body.block1.unit1.",
};

goldens.covers("bottleneck", async (golden) => {
  const { units, num_groups: normGroups } = golden.config as unknown as {
    units: { cmid: number; cout: number; stride: 1 | 2 }[];
    num_groups: number;
  };
  const style = residualStyle({ encoderConvention: "transunet", initialization: "transunet", normGroups });
  const got: Record<string, NdArray> = {};
  for (const [i, { cmid: middle, cout: outputs, stride }] of units.entries()) {
    const arrays = golden.under(`u${i}.`);
    const { x, dy } = inputs({ x: arrays.x, dy: arrays.dy });
    const model = new Model({ training: true });
    const y = residualUnit(model.scope, x, { middle, outputs, stride, style });
    const wrt = { x, ...underPublishedNames(trainedIn(model), unitPlace) };
    const all = placed(`u${i}.`, await evaluate(withGradients(y, dy, wrt), underOurNames(arrays, unitPlace)));
    // Of the gradients, the manifest keeps some.
    Object.assign(got, Object.fromEntries(Object.entries(all).filter(([name]) => golden.entries[name] !== undefined)));
  }
  golden.checkAll(got);
});

const layerPlace: Place = { ours: "encoder.layer1.", published: "transformer.encoder.layer.0." };

goldens.covers("transformer_block", async (golden) => {
  const { heads, mlp: hidden } = golden.config as { heads: number; mlp: number };
  const own = underOurNames(golden.under(""), layerPlace);
  const { x, dy } = inputs({ x: own.x, dy: own.dy });
  const block = (scope: Scope, tokens: Tensor) => transformerBlock(scope, tokens, { heads, hidden, epsilon: 1e-6 });

  const model = new Model({ training: true });
  const scope = model.scope.shared();
  const y = block(scope, x);
  const normed = layerNorm(scope.at("norm1"), x, { epsilon: 1e-6 });
  const [q, k] = ["query", "key"].map((name) =>
    rearrange(linear(scope.at("attention").at(name), normed, x.shape[2]), "B T (h d) -> B h T d", { h: heads }),
  );
  const wrt = { x, ...underPublishedNames(trainedIn(model), layerPlace) };
  const outputs = {
    ...withGradients(y, dy, wrt),
    attention_probs: attentionWeights(q, k),
    gelu_erf: gelu(x, { approximate: "none" }),
    gelu_tanh: gelu(x, { approximate: "tanh" }),
  };
  const small = await evaluate({ y_small: block(new Model().scope, x) }, { ...own, x: own.x_small });
  golden.checkAll({ ...(await evaluate(outputs, own)), ...small });
});

goldens.covers("position_embedding", async (golden) => {
  const settings = golden.config.cases as { old: number; new: number; cls: boolean }[];
  const onHost: Record<string, NdArray> = {};
  const inGraph: Record<string, NdArray> = {};
  for (const [i, { old, new: size, cls }] of settings.entries()) {
    const source = golden.tensor(`p${i}.source`);
    onHost[`p${i}.resized`] = resizePositionTable(source, [size, size]);
    // The graph works on tables that have no class token.
    const width = source.shape[2];
    const table = cls ? (source.data as Float32Array).slice(width) : (source.data as Float32Array);
    const x = input("x", [1, old * old, width]);
    const feeds = { x: { dtype: "float32", shape: x.shape, data: table } as const };
    inGraph[`p${i}.resized`] =
      old === size ? feeds.x : (await evaluate({ y: resizePositions(x, [old, old], [size, size]) }, feeds)).y;
  }
  golden.checkAll(onHost);
  golden.checkAll(inGraph);
});

goldens.covers("decoder_variants", async (golden) => {
  type Variant = {
    head_channels: number;
    decoder_channels: number[];
    n_skip: number;
    grid: number;
    width_multiplier?: number;
  };
  const got: Record<string, NdArray> = {};
  for (const [i, variant] of (golden.config.variants as Variant[]).entries()) {
    const arrays = underOurNames(golden.under(`d${i}.`), { ours: "decoder.", published: "decoder." });
    const { tokens, feature0, feature1, feature2 } = inputs(arrays);
    const widthMultiplier = variant.width_multiplier ?? 1;
    const { output } = decoder(
      new Model().scope,
      tokens,
      [variant.grid, variant.grid],
      [feature0, feature1, feature2],
      {
        headChannels: variant.head_channels / widthMultiplier, // the manifest's are already multiplied
        decoderChannels: variant.decoder_channels.map((channels) => channels / widthMultiplier),
        widthMultiplier,
        skips: variant.n_skip,
        outputStride: 1,
        initialization: "transunet",
      },
    );
    Object.assign(got, prefixed(`d${i}.`, await evaluate({ out: output }, arrays)));
  }
  golden.checkAll(got);
});

goldens.covers("cross_entropy", async (golden) => {
  const own = golden.under("");
  const { logits, labels } = inputs({ logits: own.logits, labels: own.labels });
  const classWeights = toNumbers(own.class_weights);
  const plain = crossEntropy(logits, labels);
  const weighted = crossEntropy(logits, labels, { classWeights });
  const { valid_pixels, ...got } = await evaluate(
    {
      "loss.plain": plain,
      "grad.logits.plain": gradients(plain, [logits])[0],
      "loss.weighted": weighted,
      "grad.logits.weighted": gradients(weighted, [logits])[0],
      "loss.per_pixel": pixelCrossEntropy(logits, labels),
      valid_pixels: sum(labelled(logits, labels).valid, {}),
    },
    own,
  );
  golden.checkAll({ ...got, valid_pixels: scalar(toNumbers(valid_pixels)[0], "int32") });
  expect(toNumbers(valid_pixels)[0]).toBeGreaterThan(0);
});
