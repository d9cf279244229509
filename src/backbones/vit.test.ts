import { describe, expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import {
  layerNormPlain,
  patchesPlain,
  positionsPlain,
  type Rows,
  rowsOf,
  transformerPlain,
} from "../../test/support/plain-layers.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { gradients } from "../autodiff/gradients.ts";
import { Model } from "../graph/scope.ts";
import { constant, input } from "../graph/tensor.ts";
import type { Grid, PositionResizing } from "../nn/embedding.ts";
import { mul, sum } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { vit, vitFeatures } from "./vit.ts";

const image = float32([1, 3, 8, 12], new Random("picture").fillNormal(new Float32Array(3 * 8 * 12)));
const small = { patch: 4, width: 6, heads: 2, depth: 2 };

const addRows = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((value, d) => value + b[t][d]));

const timm: PositionResizing = { mode: "bicubic", antialias: true };
const dino: PositionResizing = { mode: "bicubic", offset: 0.1 };

describe("a vision transformer is what loops over its definition give", () => {
  test.each<
    [
      title: string,
      grid: Grid | undefined,
      resizing: PositionResizing | undefined,
      registers: number,
      layerScale?: number,
    ]
  >([
    ["with positions of the picture's own grid", undefined, undefined, 0],
    ["with LayerScale and register tokens", [2, 3], undefined, 2, 0.5],
    ["with positions enlarged as timm does", [2, 2], timm, 0],
    ["with positions shrunk as timm does", [4, 7], timm, 0],
    ["with positions enlarged as DINOv2 does", [2, 2], dino, 0, 1],
    ["with positions shrunk as DINOv2 does", [4, 5], dino, 0, 1],
    ["with positions shrunk as DINOv2 with registers does", [4, 5], timm, 4, 1],
  ])("%s", async (_, grid, positionResizing, registers, layerScale) => {
    const model = new Model();
    const options = { ...small, grid, positionResizing, registers, layerScale };
    const x = input("image", image.shape);
    const scope = model.scope.shared();
    const tokens = vit(scope, x, options);
    const weights = movedWeights(model);
    expect("layer2.scale2" in weights).toBe(layerScale !== undefined);

    const [first, ...rest] = rowsOf(weights.positions);
    const positions = grid === undefined ? rest : positionsPlain(rest, grid, [2, 3], positionResizing ?? timm);
    const extra = registers === 0 ? [] : rowsOf(weights.registers);
    const patches = addRows(patchesPlain(weights, image, 4), positions);
    let rows: Rows = [...addRows(rowsOf(weights.classToken), [first]), ...extra, ...patches];
    for (const name of ["layer1", "layer2"]) rows = transformerPlain(weights, name, rows, 2);
    rows = layerNormPlain(weights, "norm", rows);

    const [{ stride, map }] = vitFeatures(scope, x, options);
    expect([stride, map.shape, tokens.shape]).toEqual([4, [1, 6, 2, 3], [1, 1 + registers + 6, 6]]);
    const got = await evaluate({ tokens, map }, { ...weights, image });
    expectNear(toNumbers(got.tokens), rows.flat(), 1e-5);
    // Channels in front, tokens of patches only.
    const ofPatches = rows.slice(1 + registers);
    expectNear(
      toNumbers(got.map),
      [0, 1, 2, 3, 4, 5].flatMap((d) => ofPatches.map((row) => row[d])),
      1e-5,
    );
  });
});

test("positions, tokens and scales are learned wherever they act", async () => {
  const model = new Model({ training: true });
  const options = { ...small, grid: [4, 5] as const, positionResizing: dino, registers: 2, layerScale: 1 };
  const [{ map }] = vitFeatures(model.scope, input("image", image.shape), options);
  const names = model.trained.map(({ name }) => name);
  const weighed = mul(map, constant(float32(map.shape, new Random("weights").fillNormal(new Float32Array(36)))));
  const found = gradients(
    sum(weighed),
    model.trained.map(({ tensor }) => tensor),
  );
  const got = await evaluate(Object.fromEntries(names.map((name, i) => [`d ${name}`, found[i]])), {
    ...movedWeights(model),
    image,
  });
  // A key's bias moves all scores of a query alike, which changes nothing.
  for (const name of names.filter((name) => !name.endsWith("key.bias"))) {
    const largest = Math.max(...toNumbers(got[`d ${name}`]).map(Math.abs));
    expect(largest, name).toBeGreaterThan(1e-4);
    expect(largest, name).toBeLessThan(1e4);
  }
});
