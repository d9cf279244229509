import { expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { layerNormPlain, positionsPlain, rowsOf } from "../../test/support/plain-layers.ts";
import { type NdArray, toNumbers, zeros } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { reach } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import type { PositionResizing } from "../nn/embedding.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { encoders } from "./encoders.ts";

const transformers = Object.entries(encoders).filter(([name]) => /^(vit|deit|dinov2)-/.test(name));

test.each(transformers)("%s has heads of 64 channels in 12 layers", (name, encoder) => {
  const model = new Model();
  const { multiple } = encoder;
  const [{ map }] = encoder.features(model.scope, input("x", [1, 3, multiple, 2 * multiple]), {});
  const tokens = 1 + (name.endsWith("registers") ? 4 : 0) + 2;
  const heads = map.shape[1] / 64;
  // Query, key and value of each layer are cut into heads before anything else has four axes.
  const shapes = reach([map]).nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => String(shape)));
  expect(shapes.filter((shape) => shape === String([1, heads, tokens, 64])).length).toBeGreaterThanOrEqual(36);
  expect(model.parameters.has("layer12.norm1.weight")).toBe(true);
  expect(model.parameters.has("layer13.norm1.weight")).toBe(false);
});

const antialias: PositionResizing = { mode: "bicubic", antialias: true };
const offset: PositionResizing = { mode: "bicubic", offset: 0.1 };

test.each([
  ["vit-tiny-16", 14, antialias],
  ["deit-tiny-16", 14, antialias],
  ["dinov2-small-14", 37, offset],
  ["dinov2-small-14-registers", 37, antialias],
] as const)(
  "%s keeps positions on a grid of side %d and resizes them as its library does",
  async (name, side, resizing) => {
    const encoder = encoders[name];
    const [rows, columns] = [3, 5];
    const model = new Model();
    const x = input("x", [1, 3, rows * encoder.multiple, columns * encoder.multiple]);
    const [{ map }] = encoder.features(model.scope, x, {});
    // With all else 0 the layers change nothing, and the last norm sees the patches' positions alone.
    const weights: Record<string, NdArray> = Object.fromEntries(
      [...model.parameters.values()].map(({ name, tensor }) => [name, zeros("float32", tensor.shape)]),
    );
    new Random("positions").fillNormal(weights.positions.data as Float32Array);
    (weights["norm.weight"].data as Float32Array).fill(1);
    const got = await evaluate({ map }, { ...weights, x: zeros("float32", x.shape) });

    const table = rowsOf(weights.positions);
    expect(table.length).toBe(1 + side * side);
    const resized = positionsPlain(table.slice(1), [side, side], [rows, columns], resizing);
    const expected = layerNormPlain(weights, "norm", resized);
    expectNear(
      toNumbers(got.map),
      expected[0].flatMap((_, d) => expected.map((row) => row[d])),
      1e-5,
    );
  },
);
