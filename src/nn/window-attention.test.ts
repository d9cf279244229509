import { describe, expect, test } from "vitest";
import { checkErrors, expectNear } from "../../test/support/check.ts";
import { normal } from "../../test/support/normal.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { reach } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { relativePositions, type WindowAttentionOptions, windowAttention, windowBlocks } from "./window-attention.ts";

/** The definition, token by token in double precision: each attends to those in its window of the padded and moved map. */
function plain(x: NdArray, weights: Named<NdArray>, { heads, window, shift = 0 }: WindowAttentionOptions): number[] {
  const [, height, width, channels] = x.shape;
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / window) * window);
  const depth = channels / heads;
  const token = (y: number, column: number) =>
    Array.from({ length: channels }, (_, c) =>
      y < height && column < width ? Number(x.data[(y * width + column) * channels + c]) : 0,
    );
  const linear = (name: string, values: readonly number[]) =>
    Array.from(weights[`${name}.bias`].data as Float32Array, (bias, out) =>
      values.reduce(
        (sum, value, c) => sum + value * Number(weights[`${name}.weight`].data[out * values.length + c]),
        bias,
      ),
    );
  /** Where a place of the padded map lies once it is moved, and on which side of the cut. */
  const moved = (at: number, size: number) => (at - shift + size) % size;
  const side = (at: number, size: number) => {
    const place = moved(at, size);
    return place < size - window ? 0 : place < size - shift ? 1 : 2;
  };
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let column = 0; column < width; column++) {
      const own = linear("qkv", token(y, column));
      const mixed = new Array<number>(channels).fill(0);
      for (let head = 0; head < heads; head++) {
        const scores: { power: number; value: number[] }[] = [];
        for (let y2 = 0; y2 < rows; y2++) {
          for (let column2 = 0; column2 < columns; column2++) {
            const [a, b] = [moved(y, rows), moved(y2, rows)];
            const [c, d] = [moved(column, columns), moved(column2, columns)];
            if (Math.floor(a / window) !== Math.floor(b / window)) continue;
            if (Math.floor(c / window) !== Math.floor(d / window)) continue;
            const other = linear("qkv", token(y2, column2));
            let score = 0;
            for (let i = 0; i < depth; i++) score += own[head * depth + i] * other[channels + head * depth + i];
            const row = (a - b + window - 1) * (2 * window - 1) + (c - d + window - 1);
            score = score / Math.sqrt(depth) + Number(weights.relativeBias.data[row * heads + head]);
            const together = side(y, rows) === side(y2, rows) && side(column, columns) === side(column2, columns);
            if (shift > 0 && !together) score -= 100;
            scores.push({ power: Math.exp(score), value: other.slice(2 * channels + head * depth) });
          }
        }
        const total = scores.reduce((sum, { power }) => sum + power, 0);
        for (const { power, value } of scores) {
          for (let i = 0; i < depth; i++) mixed[head * depth + i] += (power / total) * value[i];
        }
      }
      out.push(...linear("out", mixed));
    }
  }
  return out;
}

async function run(x: NdArray, options: WindowAttentionOptions) {
  const model = new Model();
  const y = windowAttention(model.scope, input("x", x.shape), options);
  const weights = movedWeights(model);
  return { y: (await evaluate({ y }, { ...weights, x })).y, weights };
}

describe("window attention is what loops over its definition give:", () => {
  test.each([
    ["whole windows", [4, 6], { heads: 2, window: 2 }],
    ["padded ones", [3, 5], { heads: 1, window: 2 }],
    ["shifted ones", [4, 4], { heads: 2, window: 2, shift: 1 }],
    ["shifted and padded ones", [5, 7], { heads: 2, window: 3, shift: 1 }],
    ["one window that is shifted", [3, 2], { heads: 2, window: 3, shift: 1 }],
    ["windows larger than the map", [2, 3], { heads: 1, window: 4, shift: 2 }],
    ["windows of one token", [2, 2], { heads: 1, window: 1 }],
  ] as const)("%s", async (_, [height, width], options) => {
    const x = normal([1, height, width, 4], "x");
    const { y, weights } = await run(x, options);
    expect(y.shape).toEqual(x.shape);
    expectNear(toNumbers(y), plain(x, weights, options), 1e-5);
  });
});

test("images of a batch do not see each other", async () => {
  const x = normal([2, 3, 4, 4], "x");
  const one = float32([1, 3, 4, 4], (x.data as Float32Array).slice(48));
  const options = { heads: 2, window: 2, shift: 1 };
  const [both, alone] = [await run(x, options), await run(one, options)];
  expectNear(toNumbers(both.y).slice(48), toNumbers(alone.y), 1e-6);
});

describe("a map that is too large for one piece is computed some rows at a time, with the same results:", () => {
  test.each([
    ["a row of windows", 1],
    ["two of them", 2 * 3 * 9 * 12],
  ])("%s", async (_, mostElements) => {
    const x = normal([2, 10, 7, 4], "x");
    const build = (options: { readonly mostElements?: number }) => {
      const model = new Model();
      const y = windowBlocks(model.scope, input("x", x.shape), {
        ...{ depth: 2, heads: 2, window: 3, hidden: 8 },
        ...options,
      });
      return { y, model };
    };
    const [whole, rows] = [build({}), build({ mostElements })];
    expect([...rows.model.parameters.keys()]).toEqual([...whole.model.parameters.keys()]);
    const weights = movedWeights(whole.model);
    const got = await evaluate({ y: rows.y }, { ...weights, x });
    expectNear(toNumbers(got.y), toNumbers((await evaluate({ y: whole.y }, { ...weights, x })).y), 1e-6);
  });

  test("but not in training, where all is kept", () => {
    const x = input("x", [1, 6, 6, 4]);
    const options = { depth: 1, heads: 2, window: 3, hidden: 8 };
    const count = (most?: number) => {
      const y = windowBlocks(new Model({ training: true }).scope, x, {
        ...options,
        ...(most && { mostElements: most }),
      });
      return reach([y]).nodes.length;
    };
    expect(count(1)).toBe(count());
  });
});

test("relative positions of 2 × 2 tokens are the nine differences", () => {
  expect(relativePositions(2)).toEqual([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
});

test("every second block is shifted by half a window, and all have their parts", () => {
  const model = new Model({ training: true });
  const y = windowBlocks(model.scope, input("x", [1, 7, 7, 8]), { depth: 2, heads: 2, window: 7, hidden: 16 });
  expect(y.shape).toEqual([1, 7, 7, 8]);
  const shapes = [...model.parameters.values()].map(({ name, tensor }) => `${name} ${tensor.shape}`);
  const block = [
    ...["norm1.weight 8", "norm1.bias 8", "attention.relativeBias 169,2", "attention.qkv.weight 24,8"],
    ...["attention.qkv.bias 24", "attention.out.weight 8,8", "attention.out.bias 8", "norm2.weight 8"],
    ...["norm2.bias 8", "mlp.hidden.weight 16,8", "mlp.hidden.bias 16", "mlp.out.weight 8,16", "mlp.out.bias 8"],
  ];
  expect(shapes).toEqual(["block1", "block2"].flatMap((name) => block.map((part) => `${name}.${part}`)));
});

test("a token of a shifted window does not see one from the other end of the map", async () => {
  const x = normal([1, 4, 4, 4], "x");
  const other = Float32Array.from(x.data as Float32Array);
  other.fill(3, 60); // the last token, which is rolled into the window of the first
  const options = { heads: 1, window: 2, shift: 1 };
  const [a, b] = [await run(x, options), await run(float32(x.shape, other), options)];
  expect(toNumbers(a.y).slice(0, 4)).toEqual(toNumbers(b.y).slice(0, 4));
  expect(toNumbers(a.y).slice(60)).not.toEqual(toNumbers(b.y).slice(60));
});

const map = input("map", [1, 4, 4, 6]);
checkErrors("window attention", [
  [
    "head: width must be a multiple of heads, got 6 and 4.",
    () => windowAttention(new Model().scope.at("head"), map, { heads: 4, window: 2 }),
  ],
  [
    "expected a window of whole tokens and a shift from 0 to below it, got 2 and 2.",
    () => windowAttention(new Model().scope, map, { heads: 2, window: 2, shift: 2 }),
  ],
]);
