/** L2G's classification networks, whole and in parts, against the authors' code. */
import { expect, test } from "vitest";
import { gradients } from "../../src/autodiff/gradients.ts";
import { wideBottleneck, wideUnit, wideUnitNames } from "../../src/backbones/resnet38.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { binaryCrossEntropy } from "../../src/losses/index.ts";
import { correlate } from "../../src/methods/l2g/correlation.ts";
import { classify, resNet38Places, vggPlaces } from "../../src/methods/l2g/network.ts";
import { seamMaps } from "../../src/methods/l2g/seam.ts";
import { isNew, releaseNames, trainsInPair } from "../../src/methods/l2g/weights.ts";
import { add, mul, resize, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { expectStated, unknownValue } from "./config.ts";
import {
  classesOf,
  coversAll,
  goldens,
  headOf,
  inputsOf,
  type L2GCase,
  type NetworkConfig,
  networkOf,
  ourWeights,
  trunkOf,
  weightsOf,
} from "./l2g.ts";

const names = releaseNames("resnet38");

test("norms have the epsilon that the manifest's conventions state", () => {
  const { bn_eps: epsilon } = (goldens.manifest.conventions ?? {}) as { readonly bn_eps?: number };
  expectStated({ name: "l2g" }, "bn_eps", epsilon, 1e-5);
});

interface BlockConfig {
  readonly in_channels?: number;
  readonly mid_channels?: number;
  readonly out_channels: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly first_dilation?: number;
  readonly dropout?: number;
}

coversAll("blocks", /^/, async (golden) => {
  const config = golden.config as unknown as BlockConfig;
  const { at, feeds } = inputsOf(golden, ["x", "probe_out", "probe_pre"]);
  expectStated(golden, "in_channels", config.in_channels, at.x.shape[1]);
  const model = new Model({ training: false });
  const options = {
    channels: config.out_channels,
    stride: config.stride ?? 1,
    dilation: config.dilation ?? 1,
    norms: "frozen",
  } as const;
  const middle = config.mid_channels;
  const { out, activated } =
    middle === undefined
      ? wideBottleneck(model.scope, at.x, { ...options, dropout: config.dropout ?? 0 })
      : wideUnit(model.scope, at.x, { ...options, middle, firstDilation: config.first_dilation ?? options.dilation });
  const loss = add(sum(mul(out, at.probe_out), {}), sum(mul(activated, at.probe_pre), {}));
  const own = Object.keys(golden.under("grad/"));
  expect(own.length).toBeGreaterThan(0);
  const parameters = own.map((name) => model.parameters.get(wideUnitNames.ours(name)!)!.tensor);
  const found = gradients(loss, [at.x, ...parameters]);
  const outputs = Object.fromEntries(
    ["grad_x", ...own.map((name) => `grad/${name}`)].map((name, i) => [name, found[i]]),
  );
  const weights = ourWeights(golden.under("weights/"), wideUnitNames);
  golden.check(await evaluate({ out, x_bn_relu: activated, ...outputs }, { ...feeds, ...weights }));
});

coversAll("pcm", /^pcm_/, async (golden) => {
  const { at, feeds } = inputsOf(golden, ["cam", "f", "probe"]);
  const model = new Model();
  const weight = golden.tensor("f9.weight");
  const channels = weight.shape[0];
  const scope = model.scope.shared();
  const out = correlate(scope, at.cam, at.f, { channels });
  const f9 = model.parameters.get("weight")!.tensor;
  const [grad_cam, grad_f, grad_f9] = gradients(sum(mul(out, at.probe), {}), [at.cam, at.f, f9]);
  // In blocks of a few columns the same comes out.
  const [, , rows, columns] = at.cam.shape;
  const blocks = correlate(scope, at.cam, at.f, { channels, most: 3 * rows * columns });
  const { blocks: inBlocks, ...got } = await evaluate({ out, grad_cam, grad_f, grad_f9, blocks }, { ...feeds, weight });
  golden.check({ ...got });
  golden.check({ out: inBlocks });
});

coversAll("pcm", /^seam/, async (golden) => {
  const config = golden.config as unknown as NetworkConfig;
  const { at, feeds } = inputsOf(golden, ["x"]);
  const { scope } = new Model();
  const places = resNet38Places(scope.at("encoder"), at.x, trunkOf(config));
  const { maps, refined } = seamMaps(scope.at("head"), at.x, places, classesOf(config), headOf(config));
  const weights = ourWeights(golden.under("weights/"), names);
  golden.check(await evaluate({ cam: maps, cam_rv: refined }, { ...feeds, ...weights }));
});

coversAll("network", /^forward/, async (golden) => {
  const config = golden.config as unknown as NetworkConfig & { weights: string };
  const { at, feeds } = inputsOf(golden, ["x"]);
  const { places, maps, logits, plain, compared, refined } = networkOf(new Model().scope, at.x, config);
  const outputs = {
    conv4: places.early,
    conv5: places.late,
    conv6: places.last,
    x_s: resize(at.x, [places.last.shape[2], places.last.shape[3]], { alignCorners: true }),
    pcm_feature: compared!,
    conv6_refined: refined!,
    cam_plain: plain,
    featmap: maps,
    logits,
  };
  const weights = ourWeights(weightsOf(golden, config.weights), names);
  golden.check(await evaluate(outputs, { ...feeds, ...weights }));
});

coversAll("network", /grad/, async (golden) => {
  const config = golden.config as unknown as NetworkConfig;
  const { at, feeds } = inputsOf(golden, ["x", "label"]);
  const model = new Model({ training: true, trains: (name) => trainsInPair(name) });
  const { logits } = networkOf(model.scope, at.x, config);
  const loss = binaryCrossEntropy(logits, at.label);
  const own = Object.keys(golden.under("grad/"));
  expect(own.length).toBeGreaterThan(0);
  // What the release freezes has no gradient here either.
  const { params_without_grad: frozen = [], param_groups: groups, what } = golden.raw;
  const trained = new Set(model.trained.map(({ name }) => name));
  for (const name of frozen) expect(trained.has(names.ours(name)!), name).toBe(false);
  for (const name of own) expect(trained.has(names.ours(name)!), name).toBe(true);
  expect([...trained].some((name) => /norm/.test(name))).toBe(false);
  if (groups !== undefined) {
    const fresh = groups.from_scratch.map((name) => names.ours(name)!);
    expect([...trained].filter(isNew).sort()).toEqual(fresh.sort());
  }
  const found = gradients(
    loss,
    own.map((name) => model.parameters.get(names.ours(name)!)!.tensor),
  );
  const weights = ourWeights(weightsOf(golden, what), names);
  const {
    logits: gotLogits,
    loss: gotLoss,
    ...got
  } = await evaluate(
    { logits, loss, ...Object.fromEntries(own.map((name, i) => [`grad/${name}`, found[i]])) },
    { ...feeds, ...weights },
  );
  golden.check({ logits: gotLogits, loss: gotLoss });
  golden.check(got, "gradients");
});

interface VggConfig {
  readonly width_divisor?: number;
  readonly layers?: readonly (number | string)[];
  readonly note?: string;
  readonly num_classes?: number;
}

/** Convolutions and channels of each stage of a case's list of layers, where the last pool is one that keeps the size. */
function vggSizes({ name, config }: Pick<L2GCase, "name" | "config">) {
  const { layers, note = "", width_divisor: divisor = 1 } = config as VggConfig;
  if (layers === undefined) return {};
  const pools = layers.filter((layer) => typeof layer === "string");
  expectStated({ name }, "layers: pools", pools, ["M", "M", "M", "N"]);
  const ends = [...layers.flatMap((layer, i) => (typeof layer === "string" ? [i] : [])), layers.length];
  const stages = ends.map((end, i) => layers.slice(i === 0 ? 0 : ends[i - 1] + 1, end) as number[]);
  for (const stage of stages) {
    const alike = stage.map(() => stage[0]);
    if (stage.length === 0 || String(stage) !== String(alike))
      throw unknownValue(name, "layers", "convolutions of as many channels in each of five stages", layers);
  }
  // By the place in the list, pools and all: "index > 13 use dilation 2".
  const [, after, dilation] = /index > (\d+) use dilation (\d+)/.exec(note) ?? [0, ends[3], 2];
  const widened = layers.flatMap((layer, i) => (typeof layer === "number" && i > Number(after) ? [i] : []));
  expectStated({ name }, "note: dilation", Number(dilation), 2);
  expectStated(
    { name },
    "note: widened layers",
    widened,
    [...stages[4].keys()].map((i) => ends[3] + 1 + i),
  );
  return { units: stages.map(({ length }) => length), channels: stages.map(([first]) => Math.floor(first / divisor)) };
}

coversAll("network", /^vgg/, async (golden) => {
  const x = input("x", golden.tensor("x").shape);
  const weights = golden.under("weights/");
  const sizeOf = (name: string) => weights[`${name}.weight`].shape[0];
  const { num_classes: stated } = golden.config as VggConfig;
  const classes = sizeOf("extra_last_conv") - 1;
  expectStated(golden, "num_classes", stated, classes);
  const { scope } = new Model();
  const usual = { width: sizeOf("features.0") };
  const sizes = { ...usual, ...vggSizes(golden) };
  const places = vggPlaces(scope.at("encoder"), scope.at("head"), x, sizes);
  const { maps, logits } = classify(scope.at("head"), x, places, classes, {
    scoreStart: "xavier",
    earlyChannels: sizeOf("fc_extra_3"),
    lateChannels: sizeOf("fc_extra_4"),
    affinityChannels: sizeOf("extra_att_module"),
    correlation: true,
  });
  const fed = { x: golden.tensor("x"), ...ourWeights(weights, releaseNames("vgg16", sizes.units)) };
  golden.check(await evaluate({ featmap: maps, logits }, fed));
});

/** A case of these layers, as a manifest would have it. */
const vggCase = (layers: readonly (number | string)[], note = "list items with index > 13 use dilation 2") =>
  ({ name: "made", config: { layers, note, width_divisor: 2 } }) as const;
const last = [8, 8, "M", 8, 8, "M", 6, 6, 6, "M", 8, 8, 8, "N"];

test("layers of VGG in a manifest are read as convolutions and channels of the stages", () => {
  const sizes = { units: [2, 2, 3, 3, 4], channels: [4, 4, 3, 4, 6] };
  expect(vggSizes(vggCase([...last, 12, 12, 12, 12]))).toEqual(sizes);
  const shallow = vggCase([8, "M", 8, "M", 8, "M", 8, "N", 8], "list items with index > 7 use dilation 2");
  expect(vggSizes(shallow).units).toEqual([1, 1, 1, 1, 1]);
});

test.each([
  ["a pool that makes smaller in place of the last", vggCase([...last.slice(0, -1), "M", 8]), "config.layers: pools"],
  ["channels that change within a stage", vggCase([...last, 8, 4]), "expected convolutions of as many channels"],
  [
    "a dilation that is not known",
    vggCase([...last, 8], "index > 13 use dilation 3"),
    "note: dilation: expected 2, got 3",
  ],
  ["widened kernels elsewhere", vggCase([...last, 8], "index > 9 use dilation 2"), "config.note: widened layers"],
])("of VGG that we do not build is told: %s", (_, made, message) => {
  expect(() => vggSizes(made)).toThrow(message);
});
