/** GSS's window blocks and its backbones, against the authors' modules. */
import { expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { swin } from "../../src/backbones/swin.ts";
import { swinEncoders } from "../../src/backbones/swin-encoders.ts";
import { Model } from "../../src/graph/scope.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { windowBlocks } from "../../src/nn/window-attention.ts";
import { add, mul, reshape, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import type { Renaming } from "../../src/weights/rename.ts";
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

const swinNames = swinEncoders["swin-tiny"].published.find(({ library }) => library === "mmsegmentation")!.names;
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
