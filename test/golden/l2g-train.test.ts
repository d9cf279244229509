/** Steps of L2G's pair of networks against the authors' code: one optimizer, joined only by the target. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { float32, fromNumbers, type Named, type NdArray, scalar, toNumbers, zeros } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { binaryCrossEntropy } from "../../src/losses/index.ts";
import { readReleaseCheckpoint } from "../../src/methods/l2g/checkpoint.ts";
import { alignedProbabilities, transferLoss, transferTarget } from "../../src/methods/l2g/losses.ts";
import { isNew, releaseNames, trainsInPair } from "../../src/methods/l2g/weights.ts";
import { baseRecipe } from "../../src/methods/recipe.ts";
import { add, mul } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { updateGraph } from "../../src/step/update.ts";
import {
  asFloat,
  coversAll,
  expectClose,
  expectViews,
  goldens,
  type L2GCase,
  type NetworkConfig,
  networkOf,
  ourWeights,
  ruleOf,
  tolerancesOf,
} from "./l2g.ts";

const names = releaseNames("resnet38");

interface StepConfig extends NetworkConfig {
  readonly kd_weight: number;
  readonly lr: number;
  readonly lr_from_scratch: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weight_decay: number;
}

/** The square that each box is of x [B, C, H, W]. */
function crops({ shape: [, channels, height, width], data }: NdArray, boxes: readonly (readonly number[])[]): NdArray {
  const side = boxes[0][3] - boxes[0][1];
  const out = new Float32Array(boxes.length * channels * side * side);
  let to = 0;
  for (const [image, left, top] of boxes) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < side; y++) {
        const from = ((image * channels + c) * height + top + y) * width + left;
        for (let x = 0; x < side; x++) out[to++] = Number(data[from + x]);
      }
    }
  }
  return float32([boxes.length, channels, side, side], out);
}

describe("steps", () => {
  coversAll("train", /step/, async (golden) => {
    const config = golden.config as unknown as StepConfig;
    const steps = golden.names.filter((name) => /^step\d+\/image$/.test(name)).length;
    const at = (step: number, name: string) => asFloat(golden.tensor(`step${step}/${name}`));
    const rowsOf = (step: number) => {
      const { shape, ...array } = at(step, "boxes");
      const numbers = toNumbers({ shape, ...array });
      return Array.from({ length: shape[0] }, (_, i) => numbers.slice(5 * i, 5 * i + 5));
    };
    const feedsOf = (step: number) => {
      const rows = rowsOf(step);
      const label = at(step, "label");
      const classes = label.shape[1];
      const tags = toNumbers(label);
      return {
        image: at(step, "image"),
        views: crops(at(step, "image"), rows),
        saliency: crops(at(step, "saliency_u8"), rows),
        boxes: fromNumbers(
          "float32",
          [rows.length, 4],
          rows.flatMap((row) => row.slice(1)),
        ),
        images: fromNumbers(
          "int64",
          [rows.length],
          rows.map(([image]) => image),
        ),
        label,
        tags: fromNumbers(
          "float32",
          [rows.length, classes],
          rows.flatMap(([image]) => tags.slice(image * classes, (image + 1) * classes)),
        ),
      };
    };
    const first = feedsOf(0);
    const inputs = Object.fromEntries(
      Object.entries(first).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
    ) as Record<keyof typeof first, ReturnType<typeof input>>;
    const [[batch, , , pixels], [count, , , side]] = [inputs.image.shape, inputs.views.shape];
    expectViews(golden, { batch, count, side, size: pixels });
    const model = new Model({ training: true, trains: (name) => trainsInPair(name) });
    const global = networkOf(model.scope.at("global"), inputs.image, config);
    const local = networkOf(model.scope.at("local"), inputs.views, config);
    // The numbers of this case are those of exact ties: the losses' own cases, in single precision, have the first of them.
    const rule = ruleOf(golden, "larger");
    const target = transferTarget(local.maps, inputs.tags, rule, inputs.saliency);
    const size = [local.maps.shape[2], local.maps.shape[3]] as const;
    const stride = inputs.views.shape[3] / size[1];
    const seen = alignedProbabilities(global.maps, inputs, size, { stride, aligned: false });
    const transfer = mul(transferLoss(seen, target), config.kd_weight);
    const classification = binaryCrossEntropy(local.logits, inputs.tags);
    const watched = binaryCrossEntropy(global.logits, inputs.label);
    const total = add(transfer, classification);

    const trained = model.trained;
    const tensors = trained.map(({ tensor }) => tensor);
    const found = gradients(total, tensors);
    // Neither loss reaches the other's network: not small, none.
    const [ofTransfer, ofClassification] = [gradients(transfer, tensors), gradients(classification, tensors)];
    const across = Object.fromEntries(
      trained.flatMap(({ name }, i) =>
        name.startsWith("local.") ? [[`across:${name}`, ofTransfer[i]]] : [[`across:${name}`, ofClassification[i]]],
      ),
    );
    const update = updateGraph(
      trained,
      found,
      {
        ...baseRecipe,
        ...{ optimizer: "sgd", momentum: config.momentum, nesterov: config.nesterov },
        ...{ weightDecay: config.weight_decay, clipNorm: 0 },
      },
      (name) => ({ rate: isNew(name) ? config.lr_from_scratch / config.lr : 1, decay: 1 }),
    );
    const outputs = {
      ...{ transfer, classification, watched, total },
      ...Object.fromEntries(trained.map(({ name }, i) => [`gradient:${name}`, found[i]])),
      ...Object.fromEntries(Object.entries(update.next).map(([name, tensor]) => [`next:${name}`, tensor])),
    };
    let store: Named<NdArray> = {
      ...ourWeights(golden.under("global0/"), names, "global."),
      ...ourWeights(golden.under("local0/"), names, "local."),
      ...Object.fromEntries(update.state.map(({ name, tensor }) => [name, zeros("float32", tensor.shape)])),
    };
    for (let step = 0; step < steps; step++) {
      const scalars = Object.entries(update.scalars(step + 1, config.lr)).map(([name, value]) => [name, scalar(value)]);
      const feeds = { ...store, ...feedsOf(step), ...Object.fromEntries(scalars) };
      const got = await evaluate(step === 0 ? { ...outputs, ...across } : outputs, feeds);
      const losses = [got.transfer, got.classification, got.watched, got.total].flatMap(toNumbers);
      golden.check({ [`step${step}/losses`]: float32([4], losses) });
      if (step === 0) {
        for (const name of Object.keys(across))
          expect(
            toNumbers(got[name]).every((value) => value === 0),
            name,
          ).toBe(true);
        for (const network of ["global", "local"]) {
          const wanted = Object.keys(golden.under(`${network}_grad0/`));
          expect(wanted.length).toBe(trained.filter(({ name }) => name.startsWith(network)).length);
          const own = wanted.map((name) => [
            `${network}_grad0/${name}`,
            got[`gradient:${network}.${names.ours(name)}`],
          ]);
          golden.check(Object.fromEntries(own), "gradients");
        }
      }
      store = { ...store, ...Object.fromEntries(Object.keys(update.next).map((name) => [name, got[`next:${name}`]])) };
    }
    for (const network of ["global", "local"]) {
      const wanted = Object.keys(golden.under(`${network}${steps}/`));
      expect(wanted.length).toBeGreaterThan(0);
      const own = wanted.map((name) => [`${network}${steps}/${name}`, store[`${network}.${names.ours(name)}`]]);
      golden.check(Object.fromEntries(own));
    }
    await checkAllWeights(golden, store);
  });
});

/** All weights after the steps of a case are in the checkpoint that is said to be of it. */
async function checkAllWeights({ file, name }: L2GCase, store: Named<NdArray>): Promise<void> {
  const checkpoints = Object.entries(goldens.manifest.files as Named<{ readonly about: string }>).filter(([each]) =>
    /l2g_checkpoint/.test(each),
  );
  const [tolerance] = tolerancesOf(goldens.manifest);
  for (const [path, { about }] of checkpoints) {
    const [, ...of] = /(\w+\.safetensors) (\w+)/.exec(about)!;
    if (String(of) !== String([file, name])) continue;
    const saved = await readReleaseCheckpoint(readFileSync(join(goldens.folder, path)), path);
    for (const [network, weights] of Object.entries({ global: saved.global, local: saved.local! })) {
      for (const [each, array] of Object.entries(ourWeights(weights, names, `${network}.`))) {
        expectClose(store[each], array, tolerance, each);
      }
    }
  }
}
