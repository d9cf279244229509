import { describe, expect, test } from "vitest";
import { expectNear } from "../../test/support/check.ts";
import { layerNormPlain, patchesPlain, type Rows, transformerPlain } from "../../test/support/plain-layers.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import type { Grid, PositionResizing } from "../nn/embedding.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { vit, vitFeatures } from "./vit.ts";

const image = float32([1, 3, 8, 12], new Random("picture").fillNormal(new Float32Array(3 * 8 * 12)));
const small = { patch: 4, width: 6, heads: 2, depth: 2 };

function rowsOf(array: NdArray): Rows {
  const width = array.shape.at(-1)!;
  const numbers = toNumbers(array);
  return Array.from({ length: numbers.length / width }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}

const sum = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((value, d) => value + b[t][d]));

/** Keys' cubic (1981). */
function cubic(a: number, distance: number): number {
  const t = Math.abs(distance);
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * (t ** 3 - 5 * t ** 2 + 8 * t - 4) : 0;
}

/** Four neighbours of where output `i` reads, those outside taken from the border (PyTorch's `interpolate`). */
function neighbours(i: number, step: number, inputs: number): [index: number, weight: number][] {
  const centre = (i + 0.5) * step - 0.5;
  return [-1, 0, 1, 2].map((k) => {
    const j = Math.floor(centre) + k;
    return [Math.min(Math.max(j, 0), inputs - 1), cubic(-0.75, centre - j)];
  });
}

/** All inputs that the kernel reaches, widened when shrinking, their weights made to add up to 1 (Pillow). */
function reached(i: number, outputs: number, inputs: number): [index: number, weight: number][] {
  const scale = Math.max(inputs / outputs, 1);
  const centre = ((i + 0.5) * inputs) / outputs;
  const all = Array.from({ length: inputs }, (_, j) => [j, cubic(-0.5, (j + 0.5 - centre) / scale)] as const);
  const total = all.reduce((sum, [, weight]) => sum + weight, 0);
  return all.map(([j, weight]) => [j, weight / total]);
}

function resized(
  table: Rows,
  [rows, columns]: Grid,
  to: Grid,
  { antialias = false, offset = 0 }: PositionResizing,
): Rows {
  const along = (i: number, outputs: number, inputs: number) =>
    antialias ? reached(i, outputs, inputs) : neighbours(i, inputs / (outputs + offset), inputs);
  return Array.from({ length: to[0] * to[1] }, (_, t) => {
    const down = along(Math.floor(t / to[1]), to[0], rows);
    const across = along(t % to[1], to[1], columns);
    return table[0].map((_, d) =>
      down.reduce((sum, [y, a]) => sum + across.reduce((row, [x, b]) => row + a * b * table[y * columns + x][d], 0), 0),
    );
  });
}

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
    const positions = grid === undefined ? rest : resized(rest, grid, [2, 3], positionResizing ?? timm);
    const extra = registers === 0 ? [] : rowsOf(weights.registers);
    const patches = sum(patchesPlain(weights, image, 4), positions);
    let rows: Rows = [...sum(rowsOf(weights.classToken), [first]), ...extra, ...patches];
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
