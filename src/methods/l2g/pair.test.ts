import { describe, expect, test } from "vitest";
import { freshWeights } from "../../../test/support/weights.ts";
import { fromNumbers, ndarray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { gradients } from "../../autodiff/gradients.ts";
import { mxnetName } from "../../backbones/resnet38.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { abs, max } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { openLocalEngine } from "../../runtime/local-engine.ts";
import { nodeBackend } from "../../runtime/node.ts";
import { buildStageStep } from "../../training/stage-step.ts";
import type { Task } from "../method.ts";
import { l2g } from "./index.ts";
import { pairStage } from "./pair.ts";
import { recipes } from "./recipe.ts";
import { pairLosses } from "./transfer.ts";
import { isNew, releaseNames, trainsInPair } from "./weights.ts";

// With scores of zeros nothing behind them is taught by the first step.
const recipe = { ...recipes["l2g-tiny"], saliency: true, scoreStart: "xavier" as const };
const { viewSize, localSize, views } = recipe;

const bytes = (shape: readonly number[], seed: string) => {
  const random = new Random(seed);
  const count = shape.reduce((product, side) => product * side, 1);
  return ndarray(
    "uint8",
    shape,
    Uint8Array.from({ length: count }, () => random.integer(256)),
  );
};
const feeds = {
  image: bytes([1, viewSize, viewSize, 3], "image"),
  views: bytes([1, views, localSize, localSize, 3], "views"),
  tags: fromNumbers("float32", [1, 2], [1, 1]),
  boxes: fromNumbers("float32", [1, views, 4], [0, 0, localSize, localSize, 16, 8, 16 + localSize, 8 + localSize]),
  saliency: fromNumbers(
    "float32",
    [1, views, 1, localSize, localSize],
    new Array<number>(views * localSize ** 2).fill(0.75),
  ),
};

const someTask: Task = {
  classes: ["background", "cow", "horse"].map((name) => ({
    ...{ name, color: [0, 0, 0] },
    ...(name === "background" && { background: true }),
  })),
  frequencies: [],
};

const build = (settings: Partial<typeof recipe> = {}) => {
  const model = new Model({ training: true, trains: (name) => trainsInPair(name) });
  const batch = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  return { model, ...pairLosses(model.scope, batch, { ...recipe, ...settings }) };
};

test("each term teaches one network alone", async () => {
  const { model, terms } = build();
  expect(Object.keys(terms)).toEqual(["transfer", "localTags"]);
  const tensors = model.trained.map(({ tensor }) => tensor);
  const found = Object.entries(terms).flatMap(([term, loss]) =>
    gradients(loss, tensors).map((slope, i) => [`${term} ${model.trained[i].name}`, max(abs(slope), {})] as const),
  );
  const got = await evaluate(Object.fromEntries(found), { ...feeds, ...freshWeights(model) });
  const taught = (term: string, network: string) =>
    model.trained
      .filter(({ name }) => name.startsWith(network))
      .map(({ name }) => toNumbers(got[`${term} ${name}`])[0] > 0);
  expect(taught("localTags", "global")).not.toContain(true);
  expect(taught("transfer", "local")).not.toContain(true);
  expect(taught("localTags", "local").filter(Boolean).length).toBeGreaterThan(10);
  expect(taught("transfer", "global").filter(Boolean).length).toBeGreaterThan(10);
});

test("two networks on different encoders are joined by the target alone, and take steps", async () => {
  const different = { localEncoder: "vit-tiny-16", attentionWarmupSteps: 0 };
  const { model, terms } = build(different);
  const names = model.trained.map(({ name }) => name);
  expect(names.some((name) => name.startsWith("localEncoder.layer1."))).toBe(true);
  expect(names.some((name) => name.startsWith("globalEncoder.block1."))).toBe(true);
  const tensors = model.trained.map(({ tensor }) => tensor);
  const found = Object.entries(terms).flatMap(([term, loss]) =>
    gradients(loss, tensors).map((slope, i) => [`${term} ${names[i]}`, max(abs(slope), {})] as const),
  );
  const got = await evaluate(Object.fromEntries(found), { ...feeds, ...freshWeights(model) });
  const taught = (term: string, network: string) =>
    names.filter((name) => name.startsWith(network) && toNumbers(got[`${term} ${name}`])[0] > 0).length;
  expect([taught("localTags", "global"), taught("transfer", "local")]).toEqual([0, 0]);
  expect(taught("localTags", "localEncoder")).toBeGreaterThan(10);
  expect(taught("transfer", "globalEncoder")).toBeGreaterThan(10);

  const engine = await openLocalEngine(nodeBackend, { threads: 1 });
  try {
    const stage = pairStage({ ...recipe, ...different, attentionBatchSize: 1 }, someTask);
    const step = await buildStageStep(stage, engine);
    await step.initialize(7);
    const totals: number[] = [];
    for (const index of [0, 1]) totals.push((await step.run(feeds, { step: index, seed: 7 })).total);
    expect(totals.every(Number.isFinite)).toBe(true);
    expect(totals[1]).not.toBe(totals[0]);
    await step.release();
  } finally {
    await engine.close();
  }
}, 60_000);

describe("pretrained encoders of two different networks", () => {
  const weights = { "encoder.stem.conv.weight": fromNumbers("float32", [1], [0]) };
  const asked = { ...recipe, localEncoder: "vit-tiny-16" };
  const of = (encoder: string) => ({
    weights,
    recipe: { ...recipe, encoder },
    source: `${encoder}.pth`,
    stage: "encoder",
  });
  const begun = (encoder: string) => Object.keys(pairStage(asked, someTask).begin!(of(encoder)).weights);

  test("begin the network that stands on them, by name", () => {
    expect(begun("vit-tiny-16")).toEqual(["localEncoder.stem.conv.weight"]);
    expect(begun(recipe.encoder)).toEqual(["globalEncoder.stem.conv.weight"]);
    expect(() => begun("resnet50")).toThrow(
      /^resnet50\.pth: expected weights of mobilenet-v2, the global network's encoder, or of vit-tiny-16, the local one's, got resnet50\./,
    );
  });

  test("the local one's changes nothing else of the recipe", () => {
    const { encoder, localEncoder } = l2g.adopt!(asked, [of("vit-tiny-16"), of("resnet50")]);
    expect([encoder, localEncoder]).toEqual(["resnet50", "vit-tiny-16"]);
    const folded = {
      ...of("vit-tiny-16"),
      recipe: { ...recipe, encoder: "vit-tiny-16", encoderNorms: "folded" as const },
    };
    expect([folded, of("vit-tiny-16")].map((each) => l2g.adopt!(asked, [each]).localNorms)).toEqual([
      "folded",
      "frozen",
    ]);
  });
});

test("terms are what their weights make of them; the global network's tags are watched where they do not count", async () => {
  const whole = build();
  const other = build({ transferWeight: 1, localWeight: 0, globalWeight: 2 });
  expect(Object.keys(other.terms)).toEqual(["transfer", "globalTags"]);
  expect(other.watched).toBeUndefined();
  const weights = freshWeights(whole.model);
  const got = await evaluate({ ...whole.terms, watched: whole.watched!.globalTags }, { ...feeds, ...weights });
  const once = await evaluate(other.terms, { ...feeds, ...weights });
  const numberOf = (array: Parameters<typeof toNumbers>[0]) => toNumbers(array)[0];
  expect(numberOf(got.transfer)).toBeCloseTo(recipe.transferWeight * numberOf(once.transfer), 4);
  expect(numberOf(once.globalTags)).toBeCloseTo(2 * numberOf(got.watched), 4);
});

test("norms, the stem and the first stage rest; what is new learns faster", () => {
  const trained = (name: string) => [trainsInPair(name), isNew(name)];
  for (const name of ["globalEncoder.stem.conv.weight", "localEncoder.stage1.unit2.conv1.weight"]) {
    expect(trained(name), name).toEqual([false, false]);
  }
  for (const name of ["localEncoder.norm.bias", "globalEncoder.stage4.unit1.norm2.weight"]) {
    expect(trained(name), name).toEqual([false, false]);
  }
  expect(trained("globalEncoder.stage2.unit1.conv1.weight")).toEqual([true, false]);
  for (const name of ["localHead.scores.weight", "globalHead.extra1.bias"]) {
    expect(trained(name), name).toEqual([true, true]);
  }
  const frozen = ["stem", "block1"];
  const blocks = ["globalEncoder.block1.project.conv.weight", "globalEncoder.block10.project.conv.weight"];
  expect(blocks.map((name) => trainsInPair(name, frozen))).toEqual([false, true]);
  // Parts of the head may have names of the encoder's.
  expect(trainsInPair("globalHead.stem.weight", frozen)).toBe(true);
  expect([...blocks, "localHead.scores.weight"].map((name) => trainsInPair(name, ["all"]))).toEqual([
    false,
    false,
    true,
  ]);
});

test("what is new learns faster, and biases by a factor of their own", () => {
  const { group } = pairStage({ ...recipe, newRate: 10, attentionBiasRate: 2 }, someTask);
  const names = ["globalEncoder.stage5.conv1", "localHead.extra1"].flatMap((name) => [
    `${name}.weight`,
    `${name}.bias`,
  ]);
  expect(names.map((name) => group!(name, 4).rate)).toEqual([1, 2, 10, 20]);
});

describe("parts that rest", () => {
  const weight = fromNumbers("float32", [1], [0]);
  const weights = { "encoder.stem.conv.weight": weight, "encoder.stage2.unit1.conv1.weight": weight };
  const from = { weights, recipe, source: "file", stage: "encoder" };
  const stage = (frozenParts: readonly string[]) => pairStage({ ...recipe, frozenParts }, someTask);

  test("are told where the encoder has none of that name", () => {
    const { weights: begun, notes } = stage(["stem", "block1", "block2"]).begin!(from);
    expect(Object.keys(begun)).toEqual(expect.arrayContaining(["globalEncoder.stem.conv.weight"]));
    expect(notes).toEqual([
      "frozenParts: mobilenet-v2 has no block1, block2; its parts are stem, stage2. --set frozenParts=all lets all of it rest",
    ]);
    expect(stage(["stem"]).begin!(from).notes).toEqual([]);
    expect(stage(["all"]).begin!(from).notes).toEqual([]);
    expect(stage(["block1"]).begin!({ ...from, weights: {} }).notes).toEqual([]);
  });

  test("all of random weights are refused", () => {
    expect(stage(["all"]).requires).toMatch(/pretrained encoder, all of which rests/);
    expect(stage(["stem"]).requires).toBeUndefined();
  });
});

test.each<[string, string | undefined]>([
  ["arg:conv1a_weight", "conv1a.weight"],
  ["aux:bn7_moving_mean", "bn7.running_mean"],
  ["arg:res2a_branch2a_weight", "b2.conv_branch2a.weight"],
  ["aux:bn4b5_branch2b1_moving_var", "b4_5.bn_branch2b1.running_var"],
  ["arg:linear1000_weight", undefined],
  ["arg:res2a_branch2a_weight.more", undefined],
])("MXNet's %s is the release's %s, which the network has", (theirs, release) => {
  expect(mxnetName(theirs)).toBe(release);
  if (release !== undefined) expect(releaseNames("resnet38").ours(release)).toMatch(/^encoder\./);
});
