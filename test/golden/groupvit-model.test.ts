/** GroupViT whole, predicting and in one training step, against the authors' model. */
import { describe, expect } from "vitest";
import { item, type Named, type NdArray, scalar, zeros } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model } from "../../src/graph/scope.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import {
  classVectors,
  encodeImages,
  encodePairs,
  encodeTexts,
  pairLosses,
} from "../../src/methods/groupvit/network.ts";
import { unitVectors } from "../../src/methods/groupvit/unit.ts";
import { weightDecayGroup } from "../../src/methods/groupvit/weight-decay.ts";
import { ourNames } from "../../src/methods/groupvit/weights.ts";
import { baseRecipe } from "../../src/methods/recipe.ts";
import { add, layerNorm, matmul, squeeze } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { updateGraph } from "../../src/step/update.ts";
import { float32Noise } from "./float32-noise.ts";
import { askedOf, checkAll, imageOutputs, inputsOf, NotInThisSet, testEach, underGoldenNames } from "./groupvit.ts";
import { tinyModel } from "./groupvit-settings.ts";
import { openGoldens } from "./manifest.ts";
import { prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("groupvit");

describe("predicting", () => {
  testEach(goldens, "model", /^(image|text)\.embedding$/, async (golden) => {
    const { settings, weights } = await tinyModel(goldens, golden.config);
    const { at, feeds } = inputsOf(golden);
    const model = new Model();
    const scope = model.scope.shared();
    const outputs: Record<string, Tensor> = {};
    if (at["in.image"] !== undefined) {
      const images = encodeImages(scope, at["in.image"], settings);
      Object.assign(outputs, prefixed("image.", imageOutputs(images)));
      outputs["image.embedding"] = images.embedding;
      outputs["image.group_embeddings"] = images.groupEmbeddings!;
    }
    if (at["in.token_ids"] !== undefined) {
      const texts = encodeTexts(scope, at["in.token_ids"], settings);
      const weight = (name: string) => model.parameters.get(name)!.tensor;
      // We norm the end tokens alone.
      const normed = layerNorm(texts.layers.at(-1)!, weight("text.norm.weight"), weight("text.norm.bias"), {
        epsilon: 1e-5,
      });
      Object.assign(outputs, {
        "text.embedded": texts.embedded,
        ...Object.fromEntries(texts.layers.map((layer, i) => [`text.block${i}`, layer])),
        "text.ln_final": normed,
        "text.pooled": texts.pooled,
        "text.embedding": texts.embedding,
      });
    }
    if (at["in.class_prompt_ids"] !== undefined) {
      const classes = classVectors(scope, at["in.class_prompt_ids"], settings);
      const images = outputs["image.embedding"];
      outputs["text.class_embeddings"] = classes;
      if (images) outputs["zero_shot.cosine"] = matmul(unitVectors(images), classes, { transposeB: true });
    }
    checkAll(goldens, golden, await evaluate(askedOf(golden, outputs), { ...weights, ...feeds }));
  });
});

/** The manifest's short names of the projections' running averages. */
const averageName = (name: string) => name.replace(/^((?:img|text)_projector)\.(?=running_)/, "$1.linear_hidden.1.");

describe("training", () => {
  testEach(goldens, "training step", /^after_step\./, async (golden) => {
    const { settings, weights } = await tinyModel(goldens, golden.config);
    const { optimizer } = golden.config as unknown as {
      optimizer: { lr: number; weight_decay: number; betas: number[]; eps: number; clip_grad_norm: number };
    };
    const { at, feeds } = inputsOf(golden);
    const gumbel = settings.depths.flatMap((_, stage) => at[`in.gumbel_noise.stage${stage}`] ?? []);
    const model = new Model({ training: true });
    const given = { noise: gumbel.map((each) => squeeze(each, 1)) };
    const vectors = encodePairs(model.scope, at["in.image"], at["in.token_ids"], settings, given);
    const { total, ...terms } = withTotal(pairLosses(model.scope, vectors, settings));

    const trained = model.trained;
    const missing = trained.filter(({ name }) => weights[name] === undefined).map(({ name }) => name);
    if (missing.length > 0)
      throw new NotInThisSet(`this set has no checkpoint with ${missing}, which the port's has not`);
    const found = gradients(
      total,
      trained.map(({ tensor }) => tensor),
    );
    const update = updateGraph(
      trained,
      found,
      {
        ...baseRecipe,
        optimizer: "adamw",
        weightDecay: optimizer.weight_decay,
        beta1: optimizer.betas[0],
        beta2: optimizer.betas[1],
        epsilon: optimizer.eps,
        clipNorm: optimizer.clip_grad_norm,
      },
      (name, rank) => ({ rate: 1, ...weightDecayGroup(name, rank) }),
    );
    const parameters = trained.map(({ name }) => name);
    const outputs = {
      ...prefixed("loss.", { ...terms, total }),
      ...prefixed("gradient:", Object.fromEntries(parameters.map((name, i) => [name, found[i]]))),
      ...prefixed("next:", Object.fromEntries(parameters.map((name) => [name, update.next[name]]))),
      ...prefixed("next:", Object.fromEntries(model.updates)),
      grad_norm: update.gradientNorm,
    };
    const state = Object.fromEntries(update.state.map(({ name, tensor }) => [name, zeros("float32", tensor.shape)]));
    const scalars = Object.entries(update.scalars(1, optimizer.lr)).map(([name, value]) => [name, scalar(value)]);
    const fed = { ...weights, ...state, ...Object.fromEntries(scalars), ...feeds };
    const values = await evaluate(outputs, fed);
    const noise = await float32Noise(outputs, fed);

    const changed = wanted(golden.entries, "after_step.", cut(values, "next:"));
    const largestMove = (name: string) => Math.max(...ownNames(name).map((own) => noise[`next:${own}`]));
    checkAll(
      goldens,
      golden,
      {
        ...Object.fromEntries(Object.entries(values).filter(([name]) => !name.includes(":"))),
        ...wanted(golden.entries, "grad.", cut(values, "gradient:")),
        ...changed,
      },
      { ...noise, ...Object.fromEntries(Object.keys(changed).map((name) => [name, largestMove(name)])) },
    );
    expect(item(values.grad_norm)).toBeGreaterThan(0);
  });
});

/** Our weights that the golden tensor `after_step.<official name>` is of. */
function ownNames(name: string): readonly string[] {
  return ourNames(averageName(name.replace(/^after_step\./, "")));
}

/** Loss terms by the manifest's names. */
function withTotal({ contrastive, multiLabel }: ReturnType<typeof pairLosses>): Record<string, Tensor> {
  return {
    contrastive,
    ...(multiLabel !== undefined && { multi_label: multiLabel }),
    total: multiLabel === undefined ? contrastive : add(contrastive, multiLabel),
  };
}

/** Those arrays whose name begins with `prefix`, without it. */
function cut(arrays: Named<NdArray>, prefix: string): Named<NdArray> {
  const under = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(under.map(([name, array]) => [name.slice(prefix.length), array]));
}

/** What the golden tensors `<prefix><official name>` are to be, of arrays by our names. */
function wanted(entries: Named<unknown>, prefix: string, arrays: Named<NdArray>): Named<NdArray> {
  const names = Object.keys(entries).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(
    names.map((name) => {
      const official = averageName(name.slice(prefix.length));
      const own = ourNames(official).map((each) => [each, arrays[each]]);
      return [name, underGoldenNames(Object.fromEntries(own), "")[official]];
    }),
  );
}
