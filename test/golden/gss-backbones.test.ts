/** GSS's window blocks and its backbones, against the authors' modules. */
import { expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import type { Encoder, FeatureMap } from "../../src/backbones/encoder.ts";
import { encoders } from "../../src/backbones/encoders.ts";
import { hrNet } from "../../src/backbones/hrnet.ts";
import { resNet, resNet50Units, resNet101Units } from "../../src/backbones/resnet.ts";
import { swin } from "../../src/backbones/swin.ts";
import { Model } from "../../src/graph/scope.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { windowBlocks } from "../../src/nn/window-attention.ts";
import { add, mul, reshape, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import type { Renaming } from "../../src/weights/rename.ts";
import { float32Noise } from "./float32-noise.ts";
import { cotangent, covers, type GssCase } from "./gss.ts";
import { type SwinConfig, swinOptions } from "./gss-networks.ts";

/** Weights under our names; what counts batches and what follows from the window has none. */
function ourWeights(weights: Named<NdArray>, { ours }: Renaming): Named<NdArray> {
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => !/num_batches_tracked$|relative_position_index$/.test(name))
      .map(([name, array]) => {
        const own = ours(name);
        expect(own, name).toBeDefined();
        return [own!, array];
      }),
  );
}

/** Σ y·COT, the manifest's scalar. */
const along = (y: Tensor) => sum(mul(y, constant(cotangent(y.shape))));

/** Gradients of the parameters that the case has any of, by its names. */
function slopes(model: Model, objective: Tensor, golden: GssCase, prefix: string, { ours }: Renaming) {
  const theirs = Object.keys(golden.under(prefix));
  const parameters = theirs.map((name) => model.parameters.get(ours(name) ?? "")?.tensor);
  expect(
    parameters.every((each) => each !== undefined),
    String(theirs),
  ).toBe(true);
  const found = gradients(objective, parameters as Tensor[]);
  return Object.fromEntries(theirs.map((name, i) => [prefix + name, found[i]]));
}

const prefixed = <T>(prefix: string, values: Named<T>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

interface BlocksConfig {
  readonly embed_dims: number;
  readonly num_heads: number;
  readonly feedforward_channels: number;
  readonly depth: number;
  readonly window_size: number;
  readonly hw: readonly [number, number];
}

const namesOf = ({ published }: Encoder) => published.find(({ library }) => library === "mmsegmentation")!.names;

const swinNames = namesOf(encoders["swin-tiny"]);
/** Names of blocks by those of a backbone's first stage. */
const blockNames: Renaming = {
  ours: (name) => swinNames.ours(`stages.0.${name}`)?.replace("stage1.", ""),
  theirs: (name) => swinNames.theirs(`stage1.${name}`)?.replace("stages.0.", ""),
};

covers("swin_blocks", async (golden) => {
  const parts = Object.entries(golden.config as unknown as Named<BlocksConfig>);
  expect(parts.length).toBeGreaterThan(0);
  for (const [part, config] of parts) {
    const tokens = golden.tensor(`${part}.x`);
    const model = new Model();
    const x = input("x", tokens.shape);
    const map = reshape(x, [tokens.shape[0], ...config.hw, config.embed_dims]);
    const out = windowBlocks(model.scope, map, {
      depth: config.depth,
      heads: config.num_heads,
      window: config.window_size,
      hidden: config.feedforward_channels,
    });
    const y = reshape(out, tokens.shape);
    const found = slopes(model, along(y), golden, `grad.${part}.`, blockNames);
    const [grad_x] = gradients(along(y), [x]);
    const feeds = { x: tokens, ...ourWeights(golden.under(`w.${part}.`), blockNames) };
    golden.check(prefixed(`${part}.`, await evaluate({ y }, feeds)));
    golden.check(prefixed(`${part}.`, await evaluate({ grad_x }, feeds)), "grad");
    golden.check(await evaluate(found, feeds), "grad");
  }
});

covers("swin_backbone", async (golden) => {
  const picture = golden.tensor("x");
  const model = new Model();
  const x = input("x", picture.shape);
  const maps = swin(model.scope, x, swinOptions(golden.config as unknown as SwinConfig)).map(({ map }) => map);
  const objective = maps.map(along).reduce((left, right) => add(left, right));
  const feeds = { x: picture, ...ourWeights(golden.under("w."), swinNames) };
  const outputs = Object.fromEntries(maps.map((map, i) => [`out${i}`, map]));
  golden.check(await evaluate(outputs, feeds));
  const [grad_x] = gradients(objective, [x]);
  golden.check(await evaluate({ grad_x }, feeds), "grad");
  golden.check(await evaluate(slopes(model, objective, golden, "grad.", swinNames), feeds), "grad");
});

interface ResNetConfig {
  readonly depth: 50 | 101;
  readonly base_channels: number;
  readonly stem_channels: number;
  readonly dilations: readonly number[];
  readonly strides: readonly number[];
  readonly contract_dilation: boolean;
}

covers("resnetv1c_backbone", async (golden) => {
  const config = golden.config as unknown as ResNetConfig;
  const strides = config.strides.reduce((product, stride) => product * stride, 4);
  const options = {
    units: config.depth === 101 ? resNet101Units : resNet50Units,
    width: config.base_channels,
    stemWidth: config.stem_channels,
    stem: "deep",
    outputStride: strides as 32 | 16 | 8,
    contractsDilation: config.contract_dilation,
  } as const;
  const names = namesOf(encoders["resnet50-v1c"]);
  const feeds = { x: golden.tensor("x"), ...ourWeights(golden.under("w."), names) };
  const x = input("x", feeds.x.shape);
  const build = (model: Model) => deepLevels(resNet(model.scope, x, options));

  golden.check(await evaluate(prefixed("eval.", build(new Model())), feeds));

  const model = new Model({ training: true });
  const levels = build(model);
  const objective = mul(
    Object.values(levels)
      .map(along)
      .reduce((left, right) => add(left, right)),
    0.1,
  );
  golden.check(await evaluate(prefixed("train.", levels), feeds));
  // Fifty layers of batch statistics over a few places: results move by more than the tolerance when what is fed moves by half a
  // unit in the last place, so a few times that is allowed beside it.
  const [towardsX] = gradients(objective, [x]);
  const found = { "train.grad_x": towardsX, ...slopes(model, objective, golden, "grad.", names) };
  const moves = Object.entries(await float32Noise(found, feeds));
  const noise = Object.fromEntries(moves.map(([name, move]) => [name, 4 * move]));
  golden.check(await evaluate(found, feeds), "grad", noise);
  const averages = Object.keys(golden.under("after."));
  const updates = averages.map((name) => [`after.${name}`, model.updates.get(names.ours(name)!)!]);
  golden.check(await evaluate(Object.fromEntries(updates), feeds));
});

/** The maps of the stages, without the stem's. */
function deepLevels(maps: readonly FeatureMap[]): Record<string, Tensor> {
  return Object.fromEntries(maps.slice(1).map(({ map }, i) => [`out${i}`, map]));
}

interface HrNetConfig {
  readonly extra: Named<{
    readonly num_modules: number;
    readonly num_blocks: readonly number[];
    readonly num_channels: readonly number[];
  }>;
}

covers("hrnet_backbone", async (golden) => {
  const { stage1, ...others } = (golden.config as unknown as HrNetConfig).extra;
  const names = namesOf(encoders["hrnet-w48"]);
  const feeds = { x: golden.tensor("x"), ...ourWeights(golden.under("w."), names) };
  const maps = hrNet(new Model().scope, input("x", feeds.x.shape), {
    stemWidth: golden.tensor("w.conv1.weight").shape[0],
    first: { blocks: stage1.num_blocks[0], width: stage1.num_channels[0] },
    stages: Object.values(others).map(({ num_modules, num_blocks, num_channels }) => {
      return { modules: num_modules, blocks: num_blocks, widths: num_channels };
    }),
  });
  golden.check(await evaluate(Object.fromEntries(maps.map(({ map }, i) => [`out${i}`, map])), feeds));
});
