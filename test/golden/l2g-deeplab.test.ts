/** DeepLab's networks, losses and rates as L2G's second stage has them, against the authors' code. */
import { describe, expect } from "vitest";
import { type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { type ResNetUnits, resNet, resNet101Units } from "../../src/backbones/resnet.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { resizeLabels } from "../../src/image/resize.ts";
import { crossEntropy } from "../../src/losses/index.ts";
import { type DeepLabHead, deepLabHead } from "../../src/networks/deeplab/heads.ts";
import { multiScale } from "../../src/networks/deeplab/multi-scale.ts";
import { deepLabNames } from "../../src/networks/deeplab/weights.ts";
import { add } from "../../src/ops/index.ts";
import { learningRate } from "../../src/optimizers/schedule.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { expectStated } from "./config.ts";
import { coversAll, goldens, holderOf, inputsOf, type L2GCase, ourWeights, weightsOf } from "./l2g.ts";

interface DeepLabConfig {
  readonly base_channels: number;
  readonly blocks: ResNetUnits;
  readonly classes: number;
  readonly aspp_rates: readonly number[];
  readonly fov_dilation: number;
  /** What the case is a small copy of. */
  readonly real_network?: { readonly base_channels: number; readonly blocks: readonly number[] };
}

/** The network of a case. Widths of the head are its weights'. */
function networkOf(config: DeepLabConfig, head: DeepLabHead, hidden: number) {
  return (scope: Scope, x: Tensor): Tensor => {
    const maps = resNet(scope.at("encoder"), x, {
      ...{ form: "caffe", norms: "frozen", outputStride: 8 },
      units: config.blocks,
      width: config.base_channels,
    });
    const rates = { rates: config.aspp_rates, dilation: config.fov_dilation };
    return deepLabHead(scope.at("head"), maps.at(-1)!.map, config.classes, { head, hidden, ...rates });
  };
}

for (const [kind, head] of [
  [/^aspp/, "aspp"],
  [/^fov/, "large-fov"],
] as const) {
  coversAll("deeplab", kind, async (golden) => {
    const config = golden.config as unknown as DeepLabConfig;
    const { base_channels, blocks } = config.real_network ?? {};
    expectStated(golden, "real_network.base_channels", base_channels, 64);
    expectStated(golden, "real_network.blocks", blocks, resNet101Units);
    const weights = golden.under("weights/");
    const hidden = weights["base.fov.conv6.weight"]?.shape[0] ?? 0;
    const { at, feeds } = inputsOf(golden, ["x"]);
    const [first, ...others] = multiScale(new Model().scope, at.x, networkOf(config, head, hidden));
    const outputs = { base_logits: first, msc_logits: others.at(-1)! };
    golden.check(await evaluate(outputs, { ...feeds, ...ourWeights(weights, deepLabNames(head)) }));
  });
}

/** The network of a case that has the weights of another: that one tells what it does not. */
function configOf(golden: L2GCase): DeepLabConfig {
  const own = golden.config as Partial<DeepLabConfig>;
  const other = goldens.case(`deeplab/${holderOf(golden.raw.what)}`).config as unknown as DeepLabConfig;
  return {
    base_channels: own.base_channels ?? other.base_channels,
    blocks: own.blocks ?? other.blocks,
    classes: own.classes ?? other.classes,
    aspp_rates: own.aspp_rates ?? other.aspp_rates,
    fov_dilation: own.fov_dilation ?? other.fov_dilation,
  };
}

coversAll("deeplab", /^train/, async (golden) => {
  const weights = weightsOf(golden, golden.raw.what);
  const { at, feeds } = inputsOf(golden, ["x"]);
  const model = new Model({ training: true, trains: (name) => !/norm/.test(name) });
  const outputs = multiScale(model.scope, at.x, networkOf(configOf(golden), "aspp", 0));
  const whole = golden.tensor("label");
  const labels = outputs.map(({ shape: [, , height, width] }) => reduced(whole, height, width));
  const losses = outputs.map((logits, i) =>
    crossEntropy(logits, input(`labels${i}`, labels[i].shape, "uint8"), {
      ignoreLabel: golden.config.ignore as number,
    }),
  );
  const total = losses.reduce((sum, loss) => add(sum, loss));
  const names = deepLabNames("aspp");
  const own = Object.keys(golden.under("grad/"));
  const found = gradients(
    total,
    own.map((name) => model.parameters.get(names.ours(name)!)!.tensor),
  );
  const all = {
    total,
    ...Object.fromEntries(outputs.map((output, i) => [`out_${i}`, output])),
    ...Object.fromEntries(losses.map((loss, i) => [`loss${i}`, loss])),
    ...Object.fromEntries(own.map((name, i) => [`grad/${name}`, found[i]])),
  };
  const labelFeeds = Object.fromEntries(labels.map((label, i) => [`labels${i}`, label]));
  const got = await evaluate(all, { ...feeds, ...labelFeeds, ...ourWeights(weights, names) });
  const part = (kind: RegExp) => Object.fromEntries(Object.entries(got).filter(([name]) => kind.test(name)));
  golden.check(part(/^(total|out_)/));
  golden.check(part(/^grad/), "gradients");
  const four = losses.map((_, i) => toNumbers(got[`loss${i}`])[0]);
  golden.check({ losses: ndarray("float32", [four.length], Float32Array.from(four)) });
  for (const [i, label] of labels.entries()) {
    if (golden.has(`label_${i}`)) expect(toNumbers(label)).toEqual(toNumbers(golden.tensor(`label_${i}`)));
  }
});

function reduced({ shape: [count, height, width], data }: NdArray, rows: number, columns: number): NdArray {
  const parts = Array.from({ length: count }, (_, i) => {
    const map = { width, height, data: (data as Uint8Array).subarray(i * height * width, (i + 1) * height * width) };
    return [...resizeLabels(map, columns, rows).data];
  });
  return ndarray("uint8", [count, rows, columns], Uint8Array.from(parts.flat()));
}

describe("rates", () => {
  coversAll("deeplab", /^poly_lr/, (golden) => {
    const { base, step, iter_max, power } = golden.config as Record<string, number>;
    const schedule = { kind: "poly", rate: base, steps: iter_max, power, every: step } as const;
    toNumbers(golden.tensor("lr")).forEach((expected, i) => {
      expect(Math.abs(learningRate(schedule, i + 1) - expected), `step ${i + 1}`).toBeLessThanOrEqual(1e-12 * base);
    });
  });
});
