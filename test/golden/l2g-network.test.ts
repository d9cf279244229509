/** L2G's classification networks, whole and in parts, against the authors' code. */
import { expect } from "vitest";
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
import { coversAll, headOf, inputsOf, type NetworkConfig, networkOf, ourWeights, trunkOf, weightsOf } from "./l2g.ts";

const names = releaseNames("resnet38");

interface BlockConfig {
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
  const { maps, refined } = seamMaps(scope.at("head"), at.x, places, config.num_classes, headOf(config));
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

coversAll("network", /^vgg/, async (golden) => {
  const x = input("x", golden.tensor("x").shape);
  const weights = golden.under("weights/");
  const sizeOf = (name: string) => weights[`${name}.weight`].shape[0];
  const { scope } = new Model();
  const places = vggPlaces(scope.at("encoder"), scope.at("head"), x, { width: sizeOf("features.0") });
  const { maps, logits } = classify(scope.at("head"), x, places, sizeOf("extra_last_conv") - 1, {
    scoreStart: "xavier",
    earlyChannels: sizeOf("fc_extra_3"),
    lateChannels: sizeOf("fc_extra_4"),
    affinityChannels: sizeOf("extra_att_module"),
    correlation: true,
  });
  const fed = { x: golden.tensor("x"), ...ourWeights(weights, releaseNames("vgg16")) };
  golden.check(await evaluate({ featmap: maps, logits }, fed));
});
