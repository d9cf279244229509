/** The whole network, against the authors' code. */
import { expect } from "vitest";
import { type NdArray, scalar, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { publishedName } from "../../src/networks/transunet/weights.ts";
import { resizePositions } from "../../src/nn/embedding.ts";
import {
  add,
  argMax,
  cast,
  concat,
  flip,
  mul,
  notEqual,
  slice,
  softmax,
  sqrt,
  sum,
  sumSquare,
} from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { underOurNames, underPublishedNames } from "../support/published-names.ts";
import { openGoldens } from "./manifest.ts";
import { build, leading, prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("ddep");

/** Inputs of the model `transunet_weights` describes: nothing is needed but names and shapes. */
goldens.covers("transunet_weights", (golden) => {
  const { model } = build(golden.config, input("x", [1, 3, Number(golden.config.img), Number(golden.config.img)]));
  const shapes = Object.fromEntries([...model.parameters].map(([name, { tensor }]) => [name, tensor.shape]));
  const ours = underPublishedNames(shapes);
  const theirs = Object.fromEntries(Object.entries(golden.entries).map(([name, { shape }]) => [name, shape]));
  expect(ours).toEqual(theirs);
});

goldens.covers("transunet_forward_eval", async (golden) => {
  const { encoded, decoded, logits } = build(golden.config, golden.tensor("x"));
  golden.checkAll(
    await evaluate(
      {
        "stem.out": encoded.residual!.stages[2],
        ...prefixed("stem.feature", { ...encoded.features }),
        "tokens.embedded": encoded.embedded,
        "tokens.encoded": encoded.tokens,
        "decoder.conv_more": decoded.entry,
        ...prefixed("decoder.block", { ...decoded.blocks.slice(0, 3) }),
        logits,
      },
      { ...underOurNames(golden.used), x: golden.tensor("x") },
    ),
  );
});

goldens.covers("transunet_finetune", async (golden) => {
  const { model, logits } = build(golden.config, golden.tensor("x"), { training: true });
  const labels = input("labels", golden.tensor("labels").shape, "int32");
  const loss = crossEntropy(logits, labels, { ignoreLabel: Number(golden.config.ignore_index) });
  const found = gradients(
    loss,
    model.trained.map(({ tensor }) => tensor),
  );
  const kept = model.trained.flatMap(({ name }, i): [string, Tensor][] => {
    const key = `grad.${publishedName(name)}`;
    return golden.entries[key] === undefined ? [] : [[key, found[i]]];
  });
  const squares = found.map((gradient) => sumSquare(gradient)).reduce((left, right) => add(left, right));
  const after = [...model.updates].map(([name, tensor]): [string, Tensor] => [`after.${publishedName(name)}`, tensor]);
  golden.checkAll(
    await evaluate(
      {
        logits_train: logits,
        loss,
        grad_global_norm: sqrt(squares),
        ...Object.fromEntries(kept),
        ...Object.fromEntries(after.filter(([name]) => golden.entries[name] !== undefined)),
      },
      { ...underOurNames(golden.used), x: golden.tensor("x"), labels: golden.tensor("labels") },
    ),
  );
});

goldens.covers("encoder_jax_compat", async (golden) => {
  const { encoded } = build(golden.config, golden.tensor("x"));
  const { root, pooled, stages } = encoded.residual!;
  const [block1, block2, block3] = stages;
  const whole = await evaluate(
    {
      "stem.root.first": root,
      "stem.pool": pooled,
      "stem.block1": block1,
      "stem.block2": block2,
      "stem.block3": block3,
      "tokens.encoded": encoded.tokens,
    },
    { ...underOurNames(golden.used), x: golden.tensor("x") },
  );
  const excerpts = Object.entries(whole).map(([name, array]): [string, NdArray] => [
    name,
    leading(array, golden.entries[name].shape),
  ]);
  golden.checkAll(Object.fromEntries(excerpts));
});

goldens.covers("transunet_rectangular", async (golden) => {
  const x = golden.tensor("x");
  const { encoded, logits } = build(golden.config, x);
  const side = Number(golden.config.grid);
  const table = input("encoder.positions", golden.tensor("transformer.embeddings.position_embeddings").shape);
  const feeds = { ...underOurNames(golden.used), x };
  golden.checkAll({
    ...(await evaluate({ position_embeddings: resizePositions(table, [side, side], encoded.grid) }, feeds)),
    ...(await evaluate({ logits }, feeds)),
  });
});

goldens.covers("inference_halves", async (golden) => {
  const wide = golden.tensor("x");
  const half = wide.shape[3] / 2;
  const x = input("x", wide.shape);
  const left = slice(x, [{ axis: 3, start: 0, end: half }]);
  const right = slice(x, [{ axis: 3, start: half, end: 2 * half }]);
  const views = concat([left, flip(left, { axes: [3] }), right, flip(right, { axes: [3] })], { axis: 0 });
  const { logits } = build(golden.config, views);

  const joined = (scores: Tensor) => {
    const view = (i: number) => slice(scores, [{ axis: 0, start: i, end: i + 1 }]);
    const halves = [0, 2].map((i) => mul(add(view(i), flip(view(i + 1), { axes: [3] })), 0.5));
    return concat(halves, { axis: 3 });
  };
  const probabilities = joined(softmax(logits, { axis: 1 }));
  const labels = argMax(probabilities, { axis: 1, keepDims: false });
  const byLogits = argMax(joined(logits), { axis: 1, keepDims: false });
  const { differing, ...got } = await evaluate(
    {
      probabilities,
      prediction_from_probabilities: cast(labels, "int32"),
      differing: sum(cast(notEqual(labels, byLogits), "float32")),
    },
    { ...underOurNames(golden.used), x: wide },
  );
  golden.checkAll({ ...got, pixels_where_logit_average_differs: scalar(toNumbers(differing)[0], "int32") });
});
