import { describe, expect, test } from "vitest";
import { checkOp } from "../../test/support/check.ts";
import { normal } from "../../test/support/normal.ts";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { constantInitializer } from "../graph/initializer.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { attentionWeights, crossAttention, selfAttention } from "./attention.ts";
import { mlp } from "./transformer.ts";

/** Numbers of tokens `from` … of [1, T, width]. */
const tokensFrom = (array: NdArray, from: number, width: number) => toNumbers(array).slice(from * width);

describe("causal attention", () => {
  const [places, width] = [5, 6];
  const x = normal([1, places, width], "x");

  test("changes no token by those behind it", async () => {
    const model = new Model();
    const y = selfAttention(model.scope, input("x", x.shape), { heads: 2, causal: true });
    const weights = movedWeights(model);
    const data = Float32Array.from(x.data as Float32Array);
    data.fill(7, 3 * width);
    const [one, other] = [
      await evaluate({ y }, { ...weights, x }),
      await evaluate({ y }, { ...weights, x: float32(x.shape, data) }),
    ];
    expect(toNumbers(other.y).slice(0, 3 * width)).toEqual(toNumbers(one.y).slice(0, 3 * width));
    expect(tokensFrom(other.y, 3, width)).not.toEqual(tokensFrom(one.y, 3, width));
  });

  test("is the same for the last token as attention to all", async () => {
    const model = new Model();
    const scope = model.scope.shared();
    const place = input("x", x.shape);
    const [causal, plain] = [true, false].map((each) => selfAttention(scope, place, { heads: 3, causal: each }));
    const values = await evaluate({ causal, plain }, { ...movedWeights(model), x });
    tokensFrom(values.causal, places - 1, width).forEach((value, i) => {
      expect(value).toBeCloseTo(tokensFrom(values.plain, places - 1, width)[i], 5);
    });
  });
});

checkOp("causal attention weights", (q, k) => attentionWeights(q, k, { causal: true }), [
  { inputs: [{ shape: [4, 3] }, { shape: [4, 3] }] },
  { inputs: [{ shape: [2, 1, 2] }, { shape: [2, 1, 2] }], forward: () => [1, 1] },
]);

describe("cross-attention", () => {
  test("to the tokens themselves is self-attention", async () => {
    const model = new Model();
    const scope = model.scope.shared();
    const x = normal([2, 3, 4], "x");
    const place = input("x", x.shape);
    const outputs = {
      self: selfAttention(scope, place, { heads: 2 }),
      cross: crossAttention(scope, place, place, { heads: 2 }),
    };
    const values = await evaluate(outputs, { ...movedWeights(model), x });
    expect(toNumbers(values.cross)).toEqual(toNumbers(values.self));
  });

  test("gives a token for each query, whatever it looks at", async () => {
    const model = new Model();
    const y = crossAttention(model.scope, input("x", [2, 3, 4]), input("memory", [2, 7, 4]), { heads: 2 });
    expect(y.shape).toEqual([2, 3, 4]);
    // All that is looked at is the same, so nothing depends on the queries.
    const memory = float32([2, 7, 4], new Float32Array(56).fill(0.3));
    const values = await evaluate({ y }, { ...movedWeights(model), x: normal([2, 3, 4], "x"), memory });
    for (let i = 0; i < 24; i++) expect(Number(values.y.data[i])).toBeCloseTo(Number(values.y.data[i % 4]), 5);
  });
});

test("the last layer of a branch may start otherwise", () => {
  const model = new Model();
  const [ones, twos] = [1, 2].map(constantInitializer);
  const x = input("x", [1, 2, 4]);
  selfAttention(model.scope.at("attention"), x, { heads: 2, weightInitializer: ones, outWeightInitializer: twos });
  mlp(model.scope.at("mlp"), x, { hidden: 8, weightInitializer: ones, outWeightInitializer: twos });
  for (const { name, tensor, initializer } of model.parameters.values()) {
    if (!name.endsWith(".weight")) continue;
    const first = toNumbers(initializer(tensor.shape, new Random("start")))[0];
    expect([name, first]).toEqual([name, name.includes(".out.") ? 2 : 1]);
  }
});

test("an MLP takes the quick GELU", async () => {
  const model = new Model();
  const y = mlp(model.scope, input("x", [1, 1]), { hidden: 1, gelu: "quick" });
  const one = float32([1, 1], [1]);
  const feeds = {
    "hidden.weight": one,
    "hidden.bias": float32([1], [0]),
    "out.weight": one,
    "out.bias": float32([1], [0]),
  };
  const values = await evaluate({ y }, { ...feeds, x: float32([1, 1], [1.5]) });
  expect(Number(values.y.data[0])).toBeCloseTo(1.5 / (1 + Math.exp(-1.702 * 1.5)), 5);
});
