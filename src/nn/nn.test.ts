import { describe, expect, test } from "vitest";
import { checkErrors } from "../../test/support/check.ts";
import { normal } from "../../test/support/normal.ts";
import { float32, fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { reach } from "../graph/graph.ts";
import { Model, type ModelOptions, type Scope } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { selfAttention } from "./attention.ts";
import { dropout, dropPath } from "./dropout.ts";
import { embedding, type Grid, resizePositions, resizePositionTable } from "./embedding.ts";
import { imageInput, imagenetNormalization } from "./image-input.ts";
import { linear } from "./linear.ts";
import { transformerBlock } from "./transformer.ts";

/** Builds a module on an input `x` and runs it with freshly started weights. */
async function run(
  build: (scope: Scope, x: Tensor) => Tensor,
  x: NdArray,
  { feeds = {}, ...options }: ModelOptions & { feeds?: Named<NdArray> } = {},
): Promise<{ y: NdArray; model: Model; weights: Record<string, NdArray> }> {
  const model = new Model(options);
  const y = build(model.scope, input("x", x.shape, x.dtype));
  const weights: Record<string, NdArray> = {};
  for (const { name, tensor, initializer } of model.parameters.values()) {
    weights[name] = initializer(tensor.shape, new Random("nn", name));
  }
  const got = await evaluate({ y }, { ...weights, x, ...feeds });
  return { y: got.y, model, weights };
}

const count = (model: Model) =>
  [...model.parameters.values()].reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);

test("linear is x·Wᵀ + b", async () => {
  const feeds = { weight: float32([2, 3], [1, 2, 3, 4, 5, 6]), bias: float32([2], [0.5, -0.5]) };
  const { y } = await run((scope, x) => linear(scope, x, 2), float32([1, 2, 3], [1, 0, 0, 1, 1, 1]), { feeds });
  expect(y.shape).toEqual([1, 2, 2]);
  expect(toNumbers(y)).toEqual([1.5, 3.5, 6.5, 14.5]);
});

describe("dropout", () => {
  const build = (scope: Scope, x: Tensor) => dropout(scope, x, 0.25);
  const x = float32([2, 2], [1, 2, 3, 4]);

  test("drops where the noise is below the rate and scales the rest", async () => {
    const feeds = { "noise:dropout": float32([2, 2], [0.1, 0.25, 0.9, 0.2]) };
    const { y } = await run(build, x, { training: true, feeds });
    expect(toNumbers(y).map((value) => Number(value.toFixed(5)))).toEqual([0, 2.66667, 4, 0]);
  });

  test.each<[string, ModelOptions, number]>([
    ["predicting", {}, 0.25],
    ["a frozen part", { training: true, trains: () => false }, 0.25],
    ["rate 0", { training: true }, 0],
  ])("draws nothing for %s", (_, options, rate) => {
    const model = new Model(options);
    const input_ = input("x", [2]);
    expect(dropout(model.scope, input_, rate)).toBe(input_);
    expect(model.noises.size).toBe(0);
  });
});

test("drop-path drops whole samples", async () => {
  const feeds = { "noise:dropPath": float32([2, 1], [0.4, 0.6]) };
  const { y } = await run((scope, x) => dropPath(scope, x, 0.5), float32([2, 2], [1, 2, 3, 4]), {
    training: true,
    feeds,
  });
  expect(toNumbers(y)).toEqual([0, 0, 6, 8]);
});

/** Numbers as rows of `width`. */
function rows(array: NdArray, width: number): number[][] {
  const numbers = toNumbers(array);
  return Array.from({ length: numbers.length / width }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}

describe("attention", () => {
  test("has 4·D² + 4·D parameters", async () => {
    const { model, y } = await run((scope, x) => selfAttention(scope, x, { heads: 2 }), normal([1, 3, 8], "x"));
    expect(count(model)).toBe(4 * 64 + 4 * 8);
    expect(y.shape).toEqual([1, 3, 8]);
  });

  test("is what each head gives: values mixed by how well queries fit keys", async () => {
    const [tokens, width, heads] = [3, 6, 2];
    const { y, weights } = await run((scope, x) => selfAttention(scope, x, { heads }), normal([1, tokens, width], "x"));
    const layer = (name: string, x: readonly number[][]) =>
      x.map((row) =>
        Array.from({ length: width }, (_, i) =>
          row.reduce(
            (total, value, j) => total + Number(weights[`${name}.weight`].data[i * width + j]) * value,
            Number(weights[`${name}.bias`].data[i]),
          ),
        ),
      );
    const x = rows(normal([1, tokens, width], "x"), width);
    const [q, k, v] = ["query", "key", "value"].map((name) => layer(name, x));
    const mixed = x.map((_, t) => {
      return Array.from({ length: heads }, (_, head) => head * (width / heads)).flatMap((start) => {
        const columns = [0, 1, 2].map((d) => start + d);
        const fits = k.map((key) => Math.exp(columns.reduce((sum, d) => sum + q[t][d] * key[d], 0) / Math.sqrt(3)));
        const total = fits.reduce((sum, fit) => sum + fit);
        return columns.map((d) => v.reduce((sum, value, s) => sum + (fits[s] / total) * value[d], 0));
      });
    });
    const expected = layer("out", mixed).flat();
    toNumbers(y).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  });

  test("many tokens are attended to in tiles, but not where attention weights are dropped", () => {
    const tiled = (options: ModelOptions, attentionDropout: number) => {
      const { scope } = new Model(options);
      const y = selfAttention(scope, input("x", [1, 3000, 8]), { heads: 2, attentionDropout });
      return reach([y]).nodes.some(({ op }) => op === "TiledAttention");
    };
    expect(tiled({ training: true }, 0)).toBe(true);
    expect(tiled({ training: true }, 0.1)).toBe(false);
    expect(tiled({}, 0.1)).toBe(true);
  });

  test("moves with its tokens: permuting them permutes the result", async () => {
    const x = normal([1, 4, 6], "x");
    const build = (scope: Scope, tokens: Tensor) => selfAttention(scope, tokens, { heads: 2 });
    const reversed = (array: NdArray) =>
      float32(
        [1, 4, 6],
        [3, 2, 1, 0].flatMap((token) => toNumbers(array).slice(6 * token, 6 * token + 6)),
      );
    const [one, other] = [await run(build, x), await run(build, reversed(x))];
    toNumbers(reversed(other.y)).forEach((value, i) => {
      expect(value).toBeCloseTo(Number(one.y.data[i]), 5);
    });
  });
});

test("a transformer block of ViT-S has 1,774,464 parameters (timm)", () => {
  const model = new Model();
  transformerBlock(model.scope, input("x", [1, 197, 384]), { heads: 6 });
  expect(count(model)).toBe(1_774_464);
  expect([...model.parameters.keys()].filter((name) => name.endsWith("weight")).sort()).toEqual(
    [
      ...["attention.key", "attention.out", "attention.query", "attention.value"],
      ...["mlp.hidden", "mlp.out", "norm1", "norm2"],
    ].map((name) => `${name}.weight`),
  );
});

test("an embedding looks rows up", async () => {
  const feeds = { weight: float32([3, 2], [0, 1, 10, 11, 20, 21]) };
  const { y } = await run(
    (scope, x) => embedding(scope, x, { count: 3, width: 2 }),
    fromNumbers("int64", [3], [2, 0, 2]),
    { feeds },
  );
  expect(toNumbers(y)).toEqual([20, 21, 0, 1, 20, 21]);
});

describe("position tables", () => {
  test.each<[Grid, Grid]>([
    [
      [4, 4],
      [2, 5],
    ],
    [
      [3, 5],
      [6, 4],
    ],
    [
      [1, 3],
      [2, 2],
    ],
    [
      [2, 2],
      [1, 1],
    ],
  ])("%o → %o: host and graph agree", async (from, to) => {
    const table = normal([1, from[0] * from[1], 3], "table");
    const { y } = await run((_, x) => resizePositions(x, from, to), table);
    const onHost = resizePositionTable(table, to, from);
    expect(onHost.shape).toEqual(y.shape);
    toNumbers(y).forEach((value, i) => {
      expect(value).toBeCloseTo(Number(onHost.data[i]), 5);
    });
  });

  test("of the wanted grid stay as they are, however they would be resized", () => {
    const table = input("table", [1, 6, 4]);
    expect(resizePositions(table, [2, 3], [2, 3], { mode: "bicubic", offset: 0.1 })).toBe(table);
  });

  test("are read nearer together with an offset", async () => {
    const { y } = await run(
      (_, x) => resizePositions(x, [1, 3], [1, 6], { mode: "bilinear", offset: 0.3 }),
      float32([1, 3, 1], [1, 2, 4]),
    );
    // At (i + 0.5)·3 / 6.3 − 0.5.
    [1, 1 + 3 / 14, 1 + 29 / 42, 2 + 1 / 3, 2 + 9 / 7, 4].forEach((value, i) => {
      expect(Number(y.data[i])).toBeCloseTo(value, 5);
    });
  });

  test("drop a class token in front", () => {
    const table = float32([1, 5, 1], [9, 1, 2, 3, 4]);
    expect(toNumbers(resizePositionTable(table, [2, 2]))).toEqual([1, 2, 3, 4]);
    expect(toNumbers(resizePositionTable(table, [1, 3], [2, 2]))).toEqual([1, 1.5, 2]);
  });
});

describe("image input", () => {
  const bytes = fromNumbers("uint8", [1, 1, 2, 3], [0, 127, 255, 51, 102, 204]);

  test("brings bytes to [−1, 1] with channels in front", async () => {
    const { y } = await run((_, x) => imageInput(x), bytes);
    expect(y.shape).toEqual([1, 3, 1, 2]);
    expect(toNumbers(y).map((value) => Number(value.toFixed(4)))).toEqual([-1, -0.6, -0.0039, -0.2, 1, 0.6]);
  });

  test("normalizes by mean and deviation of each channel", async () => {
    const { y } = await run((_, x) => imageInput(x, imagenetNormalization), bytes);
    expect(Number(y.data[0])).toBeCloseTo(-123.675 / 58.395, 5);
    expect(Number(y.data[5])).toBeCloseTo((204 - 103.53) / 57.375, 5);
  });
});

test("every layer differentiates down to its parameters", async () => {
  const model = new Model({ training: true });
  const x = input("x", [2, 4, 6]);
  const y = transformerBlock(model.scope, x, { heads: 2, dropout: 0.1, attentionDropout: 0.1, dropPath: 0.1 });
  const found = gradients(y, [x, ...model.trained.map(({ tensor }) => tensor)]);
  const feeds: Record<string, NdArray> = { x: normal([2, 4, 6], "x") };
  for (const { name, tensor, initializer } of model.parameters.values())
    feeds[name] = initializer(tensor.shape, new Random(name));
  for (const { name, tensor } of model.noises.values()) {
    feeds[`noise:${name}`] = float32(
      tensor.shape,
      new Random(name).fillUniform(new Float32Array(sizeOf(tensor.shape))),
    );
  }
  const values = await evaluate(Object.fromEntries(found.map((gradient, i) => [`g${i}`, gradient])), feeds);
  expect(Object.values(values).every((array) => toNumbers(array).every(Number.isFinite))).toBe(true);
});

const tokens = input("tokens", [1, 4, 10]);
checkErrors("a layer", [
  [
    "encoder: width must be a multiple of heads, got 10 and 3. Try 9.",
    () => selfAttention(new Model().scope.at("encoder"), tokens, { heads: 3 }),
  ],
  [
    "dropout rate must be at least 0 and below 1, got 1.",
    () => dropout(new Model({ training: true }).scope, tokens, 1),
  ],
  ["image: expected uint8 [B, H, W, 3], got float32 [1, 4, 10]", () => imageInput(tokens)],
  [
    "expected a square grid with or without a class token, got 7 tokens",
    () => resizePositionTable(normal([1, 7, 2], "x"), [2, 2]),
  ],
]);
