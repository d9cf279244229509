/** GSS's heads and losses, against the authors' modules: training passes with gradients, and what they predict. */
import { expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import {
  type HeadOutputs,
  pixelClasses,
  pixelHead,
  sized,
  tokenHead,
  tokenLogits,
} from "../../src/methods/gss/head.ts";
import { windowInverse } from "../../src/methods/gss/inverse-window.ts";
import { accuracyOf, priorLoss, tokenCrossEntropy } from "../../src/methods/gss/losses.ts";
import { colorTable, nearestLabels, paint } from "../../src/methods/gss/maskige.ts";
import type { Palette } from "../../src/methods/gss/palette.ts";
import { priorTargets } from "../../src/methods/gss/targets.ts";
import { dvaeTokenizer, type MaskTokenizer, tokensOf } from "../../src/methods/gss/tokenizer.ts";
import { besideWeights, officialNames } from "../../src/methods/gss/weights.ts";
import { add, argMax, cast, mul, oneHot, reshape, resize, squeeze, unsqueeze } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { covers, type GssCase, goldens } from "./gss.ts";
import { settingsOf, weightsOf } from "./gss-dvae.ts";
import { type HeadConfig, headSettings, inverseSettings, lossWeights } from "./gss-networks.ts";

const names = officialNames({ published: [] });

type Config = HeadConfig & { readonly dvae: GssCase["config"] };

/** Weights of the head and of the dVAE of the set, under our names. */
function feedsOf(golden: GssCase): Record<string, NdArray> {
  const head = Object.entries(golden.under("w.")).filter(([name]) => !besideWeights.test(name));
  const dvae = goldens.case("dvae");
  const tokenizer = { ...weightsOf(dvae, "encoder"), ...weightsOf(dvae, "decoder") };
  return Object.fromEntries([
    ...head.map(([name, array]) => {
      const own = names.ours(`decode_head.${name}`);
      expect(own, name).toBeDefined();
      return [own!, array] as const;
    }),
    ...Object.entries(tokenizer).map(([name, array]) => [`tokenizer.${name}`, array] as const),
    ...featureNames(golden).map((name) => [name, golden.tensor(name)] as const),
  ]);
}

const featureNames = (golden: GssCase) => Object.keys(golden.under("")).filter((name) => /^feat\d+$/.test(name));

interface Built {
  readonly features: Named<Tensor>;
  readonly head: HeadOutputs;
  readonly grid: readonly [number, number];
  readonly levels: readonly Tensor[];
  readonly pixelGrid: readonly [number, number];
}

function built(scope: Scope, golden: GssCase, config: Config): Built {
  const features = Object.fromEntries(
    featureNames(golden).map((name) => [name, input(name, golden.tensor(name).shape)]),
  );
  const levels = config.in_index.map((index) => features[`feat${index}`]);
  const [grid, pixelGrid] = [config.indice_channel_index, config.pixel_channel_index].map((index) => {
    const [, , rows, columns] = levels[index].shape;
    return [rows, columns] as const;
  });
  return {
    features,
    levels,
    grid,
    pixelGrid,
    head: tokenHead(scope.at("head"), levels, headSettings(config, settingsOf({ config: config.dvae })), grid),
  };
}

/** Gradients by their names, those that the case has. */
function slopesOf(golden: GssCase, model: Model, objective: Tensor, features: Named<Tensor>) {
  const weights = Object.keys(golden.under("grad."));
  expect(weights.length).toBeGreaterThan(0);
  const inputs = Object.keys(golden.under("grad_"));
  const wrt = [
    ...weights.map((name) => model.parameters.get(names.ours(`decode_head.${name}`)!)?.tensor),
    ...inputs.map((name) => features[name]),
  ];
  expect(wrt.every((each) => each !== undefined)).toBe(true);
  const found = gradients(objective, wrt as Tensor[]);
  const all = [...weights.map((name) => `grad.${name}`), ...inputs.map((name) => `grad_${name}`)];
  return Object.fromEntries(all.map((name, i) => [name, found[i]]));
}

const one = (x: Tensor) => reshape(x, [1]);
const int32 = (x: Tensor) => cast(x, "int32");
const trains = (name: string) => !name.startsWith("tokenizer.");

/** What a token head predicts: levels → tokens → maskige → labels. */
async function checkPrediction(golden: GssCase, config: Config, tokenizer: MaskTokenizer, feeds: Named<NdArray>) {
  const { scope } = new Model();
  const { head } = built(scope, golden, config);
  const logits = tokenLogits(head.classifier);
  const tokens = argMax(logits, { axis: 1 });
  const maskige = tokenizer.decode(scope.at("tokenizer"), tokens);
  const classes = config.num_classes;
  const outputs: Named<Tensor> = {
    "eval.mla": head.fused,
    "eval.swin_ln": reshape(head.attended, [head.attended.shape[0], -1, head.attended.shape[3]]),
    "eval.token_logits": logits,
    "eval.tokens": int32(tokens),
    "eval.maskige01": maskige,
    "eval.maskige255": mul(maskige, 255),
    "eval.labels": int32(nearestLabels(maskige, paletteOf(config).slice(0, classes))),
    ...(config.post_seg_channel !== undefined && {
      "eval.logits": windowInverse(scope.at("inverse"), maskige, classes, inverseSettings(config)),
    }),
  };
  const listed = Object.fromEntries(Object.entries(outputs).filter(([name]) => golden.has(name)));
  expect(Object.keys(listed).sort()).toEqual(
    Object.keys(golden.under("eval."))
      .map((name) => `eval.${name}`)
      .sort(),
  );
  golden.check(await evaluate(listed, feeds));
}

const paletteOf = ({ palette }: HeadConfig) => palette as Palette;

for (const name of ["ff", "ffs"]) {
  covers(name, async (golden) => {
    const config = golden.config as unknown as Config;
    const tokenizer = dvaeTokenizer(settingsOf({ config: config.dvae }));
    const feeds = { ...feedsOf(golden), gt: golden.tensor("gt") };
    const classes = config.num_classes;
    const table = colorTable(paletteOf(config));

    const model = new Model({ training: true, trains });
    const { scope } = model;
    const { head, grid, features, levels, pixelGrid } = built(scope, golden, config);
    const pixels = /SingleFusion/.test(config.type)
      ? pixelClasses(scope.at("auxiliary"), head.fused, classes)
      : pixelHead(scope.at("auxiliary"), levels, { levelWidth: config.channels, classes }, pixelGrid);
    const { stride, codes } = tokenizer;
    const pixelLogits = sized(pixels, [stride * grid[0], stride * grid[1]]);
    const gt = squeeze(input("gt", golden.tensor("gt").shape, "int32"), 1);
    const targets = priorTargets(gt, {
      ...{ classes, codes, stride, grid, pixelLogits },
      encode: (completed) => tokensOf(tokenizer, scope.at("tokenizer"), paint(completed, table)),
    });
    const { terms, watched } = priorLoss(head.classifier, pixelLogits, targets, lossWeights(config));
    const total = add(terms.tokens, terms.pixels!);
    const found = await evaluate(
      {
        gt_up: unsqueeze(targets.labels, 1),
        completed_labels: unsqueeze(targets.completed, 1),
        target_tokens: unsqueeze(targets.tokens, 1),
        token_mask: unsqueeze(cast(targets.counts, "float32"), 1),
        pixel_logits: pixelLogits,
        token_logits: tokenLogits(head.classifier),
        loss_ce: one(terms.tokens),
        loss_ce_pixel: one(terms.pixels!),
        loss_total: one(total),
        acc_seg_aux: one(watched.pixelAccuracy!),
        acc_seg_indice: one(watched.tokenAccuracy),
      },
      feeds,
    );
    golden.check(found);
    golden.check(await evaluate(slopesOf(golden, model, total, features), feeds), "grad");

    // In pieces of a few cells the loss and its gradients are the same.
    const pieces = tokenCrossEntropy(head.classifier, targets.tokens, { chunkElements: 5 * codes });
    const inPieces = add(mul(pieces.loss, lossWeights(config).tokenWeight), terms.pixels!);
    golden.check(await evaluate({ loss_total: one(inPieces), acc_seg_indice: one(pieces.accuracy) }, feeds));
    golden.check(await evaluate(slopesOf(golden, model, inPieces, features), feeds), "grad");

    await checkPrediction(golden, config, tokenizer, feeds);
    if (golden.has("recon.labels")) await checkReconstruction(golden, config, tokenizer, feeds);
  });
}

/** Labels painted, encoded, decoded and read again, at their own size. */
async function checkReconstruction(golden: GssCase, config: Config, tokenizer: MaskTokenizer, feeds: Named<NdArray>) {
  const labels = golden.tensor("recon.labels");
  const place = new Model().scope.at("tokenizer");
  const painted = paint(squeeze(input("labels", labels.shape, "int32"), 1), colorTable(paletteOf(config)));
  const maskige = tokenizer.decode(place, tokensOf(tokenizer, place, painted));
  const found = oneHot(nearestLabels(maskige, paletteOf(config).slice(0, config.num_classes)), config.num_classes, {
    axis: 1,
  });
  const [, , height, width] = labels.shape;
  golden.check(await evaluate({ "recon.out": resize(found, [height, width]) }, { ...feeds, labels }));
}

covers("ftw", async (golden) => {
  const config = golden.config as unknown as Config;
  const tokenizer = dvaeTokenizer(settingsOf({ config: config.dvae }));
  const feeds = { ...feedsOf(golden), gt: golden.tensor("gt") };
  // The head learns nothing, but its norms and its dropout are those of training.
  const model = new Model({
    training: true,
    trains: (name) => name.startsWith("inverse."),
    rests: (name) => !/^(head|inverse)\./.test(name),
  });
  const { scope } = model;
  const { head } = built(scope, golden, config);
  const tokens = argMax(tokenLogits(head.classifier), { axis: 1 });
  const maskige = tokenizer.decode(scope.at("tokenizer"), tokens);
  const logits = windowInverse(scope.at("inverse"), maskige, config.num_classes, inverseSettings(config));
  const gt = squeeze(input("gt", golden.tensor("gt").shape, "int32"), 1);
  const atLabels = sized(logits, [gt.shape[1], gt.shape[2]]);
  const loss = mul(crossEntropy(atLabels, gt), lossWeights(config).tokenWeight);
  golden.check(
    await evaluate({ loss_ce: one(loss), acc_seg: one(accuracyOf(argMax(atLabels, { axis: 1 }), gt, 255)) }, feeds),
  );
  golden.check(await evaluate(slopesOf(golden, model, loss, {}), feeds), "grad");
  expect(model.trained.every(({ name }) => name.startsWith("inverse."))).toBe(true);

  const averages = Object.keys(golden.under("after."));
  const updated = averages.map((name) => model.updates.get(names.ours(`decode_head.${name}`)!));
  expect(updated.every((each) => each !== undefined)).toBe(true);
  golden.check(await evaluate(Object.fromEntries(averages.map((name, i) => [`after.${name}`, updated[i]!])), feeds));
  await checkPrediction(golden, config, tokenizer, feeds);
});

covers("losses", async (golden) => {
  const all = Object.keys(golden.under(""));
  const losses = all.flatMap((name) => /^(.+)\.logits$/.exec(name)?.[1] ?? []);
  expect(losses.length).toBeGreaterThan(0);
  for (const name of losses) {
    const { loss_weight, ignore_index } = golden.config[name] as { loss_weight: number; ignore_index: number };
    const [given, truth] = [golden.tensor(`${name}.logits`), golden.tensor(`${name}.target`)];
    const logits = input("logits", given.shape);
    const target = input("target", truth.shape, "int32");
    const loss = mul(crossEntropy(logits, target, { ignoreLabel: ignore_index }), loss_weight);
    const feeds = { logits: given, target: truth };
    const accuracy = accuracyOf(argMax(logits, { axis: 1 }), target, ignore_index);
    golden.check(await evaluate({ [`${name}.loss`]: one(loss), [`${name}.acc`]: one(accuracy) }, feeds));
    golden.check(await evaluate({ [`${name}.grad`]: gradients(loss, [logits])[0] }, feeds), "grad");
  }
  const x = golden.tensor("resize.x");
  const sizes = Object.entries(golden.under("resize.")).filter(([name]) => name !== "x");
  const outputs = sizes.map(([name, { shape }]) => {
    return [`resize.${name}`, resize(input("x", x.shape), [shape[2], shape[3]])] as const;
  });
  for (const [name, y] of outputs) golden.check(await evaluate({ [name]: y }, { x }));
});
