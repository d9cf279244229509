/** DDeP's denoising against numbers computed with the authors' network: noise, losses, whole steps, conditioning. */
import { expect } from "vitest";
import { float32, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { foldCondition, levelCondition, levelEmbedding } from "../../src/methods/ddep/conditioning.ts";
import { denoising } from "../../src/methods/ddep/denoise-stage.ts";
import { addNoise, denoisingErrors, denoisingLoss } from "../../src/methods/ddep/noise.ts";
import { type DdepRecipe, type DdepTransUNetRecipe, recipes } from "../../src/methods/ddep/recipe.ts";
import { transunet } from "../../src/networks/transunet/network.ts";
import { ourName, publishedName } from "../../src/networks/transunet/weights.ts";
import { mul, slice } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { underOurNames } from "../support/published-names.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";
import { prefixed, recipeOf } from "./transunet-recipe.ts";

const goldens = openGoldens("ddep");
const [anyRecipe] = Object.values(recipes);

/** The manifest's names of the forms. */
const forms: Named<Pick<DdepRecipe, "noiseForm" | "noiseMeasure">> = {
  additive: { noiseForm: "additive", noiseMeasure: "sigma" },
  scaled_sigma: { noiseForm: "scaled", noiseMeasure: "sigma" },
  scaled_gamma: { noiseForm: "scaled", noiseMeasure: "gamma" },
};

/** An input for a golden tensor, by the same name. */
function inputOf(golden: GoldenCase, name: string): Tensor {
  return input(name, golden.tensor(name).shape);
}

goldens.covers("denoising_losses", async (golden) => {
  const inputs = new Map<string, Tensor>();
  const of = (name: string) => {
    const known = inputs.get(name) ?? inputOf(golden, name);
    inputs.set(name, known);
    return known;
  };
  const [x, epsilon, prediction, weights] = ["x", "eps", "pred", "level_weights"].map(of);
  const outputs: Record<string, Tensor> = {};
  for (const name of Object.keys(golden.entries)) {
    const [, form, sampling] = /^(.*)_(fixed|sampled)\.noisy$/.exec(name) ?? [];
    if (form !== undefined) {
      const level = of(`${form.endsWith("gamma") ? "gamma" : "sigma"}_${sampling}`);
      outputs[name] = addNoise(x, epsilon, level, { ...forms[form], noiseTarget: "noise" });
    }
    const [, what, target, kind, variant] =
      /^(loss|per_sample|grad\.pred)\.(noise|image)\.(l2|l1|huber)(?:\.(.*))?$/.exec(name) ?? [];
    if (what === undefined) continue;
    const errors = denoisingErrors(prediction, target === "noise" ? epsilon : x, kind as DdepRecipe["noiseLoss"]);
    const loss = denoisingLoss(errors, variant === "weighted" ? weights : null);
    // The squared norm as the paper writes it, where ours is a mean over the pixels and channels of an image.
    const perImage = x.shape.slice(1).reduce((product, size) => product * size);
    if (what === "per_sample") outputs[name] = errors;
    else if (what === "loss") outputs[name] = variant === "sum_per_image" ? mul(loss, perImage) : loss;
    else outputs[name] = gradients(loss, [prediction])[0];
  }
  golden.checkAll(await evaluate(outputs, golden.under("")));
});

/** What tells the decoder the level, under our names. */
function conditionOf(golden: GoldenCase): Record<string, NdArray> {
  const film = underOurNames(golden.under("cond.film."), { ours: "decoder.", published: "decoder." });
  return {
    ...prefixed("condition.hidden.", golden.under("cond.mlp.0.")),
    ...prefixed("condition.out.", golden.under("cond.mlp.2.")),
    ...prefixed("condition.film.", film),
  };
}

interface Variant {
  readonly name: string;
  readonly noise_form: string;
  readonly target: DdepRecipe["noiseTarget"];
  readonly sigma?: string;
  readonly gamma?: string;
  readonly weights?: boolean;
}

/** Our recipe for the case's network. */
function denoisingRecipe(golden: GoldenCase, settings: Partial<DdepTransUNetRecipe>): DdepTransUNetRecipe {
  return { ...anyRecipe, ...recipeOf(golden.config).recipe, noiseLoss: "l2", conditioned: false, ...settings };
}

/** Weights of the whole network with the three-channel head in place of the other, under our names. */
function weightsOf(golden: GoldenCase): Named<NdArray> {
  return underOurNames({ ...golden.used, ...golden.under("head3.") });
}

/** The case's name of a weight; `cond.` begins those of what tells a decoder the level. */
function theirName(name: string): string | undefined {
  const place = /^condition\.film\.(.*)$/.exec(name)?.[1];
  if (place !== undefined) return publishedName(`decoder.${place}`)?.replace(/^decoder\./, "cond.film.");
  return (
    publishedName(name) ?? name.replace(/^condition\.hidden/, "cond.mlp.0").replace(/^condition\.out/, "cond.mlp.2")
  );
}

goldens.covers("denoising_net", async (golden) => {
  const [clean, epsilon] = ["x", "eps"].map((name) => inputOf(golden, name));
  const got: Record<string, NdArray> = {};
  for (const variant of golden.config.variants as Variant[]) {
    const [measure, sampling] = variant.gamma ? ["gamma", variant.gamma] : ["sigma", variant.sigma];
    const level = inputOf(golden, `${measure}_${sampling}`);
    const recipe = denoisingRecipe(golden, { ...forms[variant.noise_form], noiseTarget: variant.target });
    for (const mode of ["ddep", "dep"]) {
      const place = `${mode}.${variant.name}`;
      if (golden.entries[`${place}.loss`] === undefined) continue;
      const trains = (name: string) => mode === "dep" || !name.startsWith("encoder.");
      const model = new Model({ training: true, trains });
      const { prediction, errors } = denoising(model.scope, clean, epsilon, level, recipe);
      const loss = denoisingLoss(errors, variant.weights ? inputOf(golden, "level_weights") : null);
      const trained = model.trained.filter(
        ({ name }) => golden.entries[`grad/${place}.${theirName(name)}`] !== undefined,
      );
      const found = gradients(
        loss,
        trained.map(({ tensor }) => tensor),
      );
      const outputs = {
        ...prefixed(`${place}.`, { loss, per_sample: errors, pred: prediction }),
        ...Object.fromEntries(trained.map(({ name }, i) => [`grad/${place}.${theirName(name)}`, found[i]])),
      };
      const wanted = Object.fromEntries(Object.entries(outputs).filter(([name]) => golden.entries[name] !== undefined));
      Object.assign(got, await evaluate(wanted, { ...golden.under(""), ...weightsOf(golden) }));
    }
  }
  golden.checkAll(got);
});

goldens.covers("denoising_conditioned", async (golden) => {
  const { cond, noise_form, target } = golden.config as unknown as {
    cond: { embed_dim: number; mlp_dim: number; fold_sigma: number };
    noise_form: string;
    target: DdepRecipe["noiseTarget"];
  };
  const settings = { conditionEmbedding: cond.embed_dim, conditionWidth: cond.mlp_dim };
  const told = { conditioned: true, ...settings, ...forms[noise_form], noiseTarget: target };
  const recipe = denoisingRecipe(golden, told);
  const feeds = { ...underOurNames(golden.under("")), ...weightsOf(golden), ...conditionOf(golden) };
  const [clean, epsilon, sigma] = ["x", "eps", "sigma"].map((name) => inputOf(golden, name));

  const model = new Model({ training: true, trains: (name) => !name.startsWith("encoder.") });
  const { prediction, errors } = denoising(model.scope, clean, epsilon, sigma, recipe);
  const loss = denoisingLoss(errors, null);
  const trained = model.trained.filter(({ name }) => golden.entries[`grad.${theirName(name)}`] !== undefined);
  const found = gradients(
    loss,
    trained.map(({ tensor }) => tensor),
  );
  const step = await evaluate(
    {
      embedding: levelEmbedding(sigma, cond.embed_dim),
      pred: prediction,
      loss,
      ...Object.fromEntries(trained.map(({ name }, i) => [`grad.${theirName(name)}`, found[i]])),
    },
    feeds,
  );

  const folded = foldCondition(feeds, cond.fold_sigma);
  const first = slice(clean, [{ axis: 0, start: 0, end: 1 }]);
  // Without noise and with the plain network's recipe, only the folded weights know the level.
  const { logits } = transunet(new Model().scope, first, 3, recipe);
  const plain = await evaluate({ "fold.conditioned_eval.first": logits }, { ...feeds, ...folded });
  const none = float32(golden.tensor("eps").shape, new Float32Array(golden.tensor("eps").data.length));
  const level = float32(
    golden.tensor("sigma").shape,
    toNumbers(golden.tensor("sigma")).map(() => cond.fold_sigma),
  );
  const additive = { ...recipe, noiseForm: "additive" } as const;
  const asked = denoising(new Model().scope, clean, epsilon, sigma, additive).prediction;
  const conditioned = await evaluate(
    { "fold.conditioned_eval.first": slice(asked, [{ axis: 0, start: 0, end: 1 }]) },
    { ...feeds, eps: none, sigma: level },
  );
  golden.check(conditioned);
  const affine = Object.keys(golden.entries).filter((name) => name.startsWith("fold.decoder."));
  const kept = Object.fromEntries(affine.map((name) => [name, folded[ourName(name.slice("fold.".length)) ?? name]]));
  const condition = levelCondition(new Model().scope.at("condition"), sigma, settings);
  golden.checkAll({ ...step, ...(await evaluate({ condition }, feeds)), ...plain, ...kept });
  expect(Object.keys(folded).some((name) => name.startsWith("condition."))).toBe(false);
});
