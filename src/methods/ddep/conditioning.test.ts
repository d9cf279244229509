import { beforeAll, describe, expect, test } from "vitest";
import { freshWeights, movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import { transunet } from "../../networks/transunet/network.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { foldCondition, levelEmbedding, levelModulation } from "./conditioning.ts";
import { recipes } from "./recipe.ts";

const recipe = { ...recipes["ddep-tiny"], conditioned: true };
const sizes = [2, 3, 32, 32] as const;
const image = float32(sizes, new Random("image").fillNormal(new Float32Array(sizeOf(sizes))));

/** The tiny network whose decoder is told the level; for predicting. */
function conditioned() {
  const model = new Model();
  const modulate = levelModulation(model.scope.at("condition"), input("sigma", [2]), recipe);
  const { logits } = transunet(model.scope, input("image", sizes), 3, recipe, { modulate });
  return { model, logits };
}

function plain() {
  const model = new Model();
  return { model, logits: transunet(model.scope, input("image", sizes), 3, recipe).logits };
}

/** sigmas: of the two images; the plain network does not ask for them. */
async function predict(logits: Tensor, weights: Named<NdArray>, sigmas = [0, 0]): Promise<number[]> {
  const feeds = { ...weights, image, sigma: float32([2], sigmas) };
  return toNumbers((await evaluate({ logits }, feeds)).logits);
}

/** Largest difference, as a share of the largest number. */
function distance(one: readonly number[], other: readonly number[]): number {
  const largest = Math.max(...one.map(Math.abs));
  return Math.max(...one.map((value, i) => Math.abs(value - other[i]))) / largest;
}

test("a level is told as sines, then cosines, of 1000·σ at falling frequencies", async () => {
  const y = levelEmbedding(input("sigma", [2]), 4);
  const got = await evaluate({ y }, { sigma: float32([2], [0.001, 0.25]) });
  const expected = [1, 250].flatMap((a) => [Math.sin(a), Math.sin(a / 100), Math.cos(a), Math.cos(a / 100)]);
  toNumbers(got.y).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 4);
  });
});

test("each of the decoder's nine batch norms has a factor and a shift for each channel, which start as 0", () => {
  const { model } = conditioned();
  const weights = freshWeights(model);
  const places = Object.keys(weights).flatMap((name) => /^condition\.film\.(.*)\.weight$/.exec(name)?.[1] ?? []);
  expect(places).toHaveLength(9);
  for (const place of places) {
    const [channels] = weights[`decoder.${place}.weight`].shape;
    expect(weights[`condition.film.${place}.weight`].shape).toEqual([2 * channels, recipe.conditionWidth]);
    for (const kind of ["weight", "bias"])
      expect(new Set(toNumbers(weights[`condition.film.${place}.${kind}`]))).toEqual(new Set([0]));
  }
});

test("a freshly started decoder that is told the level is the plain one", async () => {
  const { model, logits } = conditioned();
  const others = Object.entries(movedWeights(model)).filter(([name]) => !name.startsWith("condition."));
  const weights = { ...freshWeights(model), ...Object.fromEntries(others) };
  expect(await predict(logits, weights, [0.1, 0.9])).toEqual(await predict(plain().logits, weights));
});

describe("folded at a level", () => {
  const sigma = 0.27;
  const { model, logits } = conditioned();
  const weights = movedWeights(model);
  const folded = foldCondition(weights, sigma);
  let asked: number[];
  beforeAll(async () => {
    asked = await predict(logits, weights, [sigma, sigma]);
  });

  test("the plain network gives what the conditioned one gives at that level", async () => {
    expect(distance(asked, await predict(plain().logits, folded))).toBeLessThan(1e-4);
  });

  test("it is not what the conditioned one gives at another", async () => {
    expect(distance(asked, await predict(logits, weights, [sigma, 0.9]))).toBeGreaterThan(1e-2);
  });

  test("the conditioning is gone, and only weights and biases of batch norms are others", () => {
    expect(Object.keys(folded).sort()).toEqual([...plain().model.parameters.keys()].sort());
    const changed = Object.keys(folded).filter((name) => folded[name] !== weights[name]);
    const norms = Object.keys(folded).filter((name) => /^decoder\..*\.norm\.(weight|bias)$/.test(name));
    expect(changed.sort()).toEqual(norms.sort());
  });
});
