import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type Grouping, type GroupingOptions, groupingBlock } from "./grouping.ts";
import { publishedGroupViT } from "./settings.ts";

const [batch, tokens, width, groupTokens, groups] = [2, 9, 8, 5, 4];
const shape = [batch, groups, tokens];

const drawn = (of: readonly number[], name: string): NdArray =>
  float32(of, new Random(name).fillNormal(new Float32Array(sizeOf(of))));

/** A block's numbers, of weights that are the same each time. */
async function run(
  settings: Partial<GroupingOptions["settings"]> = {},
  { training = false, feeds = {}, noise }: { training?: boolean; feeds?: Named<NdArray>; noise?: NdArray } = {},
): Promise<{ values: Readonly<Record<keyof Grouping, NdArray>>; weights: Named<NdArray>; model: Model }> {
  const model = new Model({ training });
  const x = input("x", [batch, tokens, width]);
  const given = input("groupTokens", [batch, groupTokens, width]);
  const block = groupingBlock(model.scope, x, given, {
    ...{ groups, heads: 2, settings: { ...publishedGroupViT, ...settings } },
    noise: noise === undefined ? undefined : input("given", shape),
  });
  const weights = movedWeights(model);
  const inputs = { x: drawn(x.shape, "x"), groupTokens: drawn(given.shape, "tokens"), ...(noise && { given: noise }) };
  const named = Object.fromEntries(Object.entries(block).map(([name, tensor]) => [`out:${name}`, tensor]));
  const found = await evaluate(named, { ...weights, ...inputs, ...feeds });
  const values = Object.fromEntries(Object.entries(found).map(([name, array]) => [name.slice(4), array]));
  return { values: values as Readonly<Record<keyof Grouping, NdArray>>, weights, model };
}

const at = (array: NdArray, b: number, group: number, token: number) =>
  Number(array.data[(b * groups + group) * tokens + token]);
const all = Array.from({ length: batch * tokens }, (_, i) => [Math.floor(i / tokens), i % tokens] as const);
const each = Array.from({ length: groups }, (_, group) => group);

describe("the assignment", () => {
  test("is one group for each token where it is hard, the likeliest", async () => {
    const { values } = await run();
    for (const [b, token] of all) {
      const scores = each.map((group) => at(values.logits, b, group, token));
      const best = scores.indexOf(Math.max(...scores));
      expect(each.map((group) => at(values.used, b, group, token))).toEqual(
        each.map((group) => Number(group === best)),
      );
    }
  });

  test("draws no noise in training where none is wanted", async () => {
    const { values, model } = await run({ gumbelNoise: false }, { training: true });
    expect(model.noises.size).toBe(0);
    expect(toNumbers(values.used)).toEqual(toNumbers((await run()).values.used));
  });

  test("is the softmax over groups where it is soft", async () => {
    const { values } = await run({ assignment: "soft" });
    expect(toNumbers(values.used)).toEqual(toNumbers(values.soft));
    for (const [b, token] of all) {
      const scores = each.map((group) => Math.exp(at(values.logits, b, group, token)));
      const total = scores.reduce((sum, score) => sum + score);
      for (const group of each) expect(at(values.soft, b, group, token)).toBeCloseTo(scores[group] / total, 5);
    }
  });

  test("follows noise, which soft maps do not have", async () => {
    const noise = float32(shape, new Float32Array(sizeOf(shape)));
    for (const [b, token] of all) noise.data[(b * groups + 2) * tokens + token] = 100;
    const { values } = await run({}, { noise });
    for (const [b, token] of all) expect(at(values.used, b, 2, token)).toBe(1);
    expect(toNumbers(values.soft)).toEqual(toNumbers((await run()).values.soft));
  });

  test("is sharper at a lower temperature, with noise only", async () => {
    const noise = float32(shape, new Float32Array(sizeOf(shape)));
    const soft = (gumbelTau: number, given?: NdArray) => run({ assignment: "soft", gumbelTau }, { noise: given });
    const [sharp, plain] = [(await soft(0.01, noise)).values, (await soft(0.01)).values];
    expect(Math.max(...toNumbers(sharp.used))).toBeGreaterThan(Math.max(...toNumbers(plain.used)));
    expect(toNumbers(plain.used)).toEqual(toNumbers(plain.soft));
  });

  test("draws standard Gumbel noise in training of a hard one", async () => {
    const uniform = new Random("uniform").fillUniform(new Float32Array(sizeOf(shape)));
    uniform[0] = 0; // the host may draw it, and nothing becomes infinite
    const gumbel = Array.from(uniform, (u) => -Math.log(-Math.log(Math.max(u, 2 ** -25))));
    const feeds = { "noise:assignment.gumbel": float32(shape, uniform) };
    const own = await run({}, { training: true, feeds });
    const given = await run({}, { training: true, noise: float32(shape, gumbel) });
    expect([...own.model.noises.keys()]).toEqual(["assignment.gumbel"]);
    expect(given.model.noises.size).toBe(0);
    expect(toNumbers(own.values.used)).toEqual(toNumbers(given.values.used));
    expect(toNumbers(own.values.segments).every(Number.isFinite)).toBe(true);
  });

  test("gives ties to the first group", async () => {
    // Without query and key all scores are 0.
    const { model } = await run();
    const zeros = Object.fromEntries(
      [...model.parameters.values()]
        .filter(({ name }) => name.startsWith("assignment.query"))
        .map(({ name, tensor }) => [name, float32(tensor.shape, new Float32Array(sizeOf(tensor.shape)))]),
    );
    const { values } = await run({}, { feeds: zeros });
    for (const [b, token] of all) expect(each.map((group) => at(values.used, b, group, token))).toEqual([1, 0, 0, 0]);
    // Groups without tokens are what their own vectors are.
    expect(toNumbers(values.segments).every(Number.isFinite)).toBe(true);
  });
});

describe("merging", () => {
  /** Wo(Σ Â·Wv x / divisor) by hand. */
  function merged(
    { used, tokens: x }: Readonly<Record<keyof Grouping, NdArray>>,
    weights: Named<NdArray>,
    eps: number | null,
  ) {
    const row = (name: string, i: number, vector: readonly number[]) =>
      vector.reduce(
        (sum, value, j) => sum + value * Number(weights[`assignment.${name}.weight`].data[i * width + j]),
        Number(weights[`assignment.${name}.bias`].data[i]),
      );
    const features = Array.from({ length: width }, (_, i) => i);
    return Array.from({ length: batch * groups }, (_, i) => [Math.floor(i / groups), i % groups]).flatMap(
      ([b, group]) => {
        const shares = Array.from({ length: tokens }, (_, token) => at(used, b, group, token));
        const size = shares.reduce((sum, share) => sum + share, 0);
        const values = shares.map((_, token) => {
          const vector = features.map((d) => Number(x.data[(b * tokens + token) * width + d]));
          return features.map((d) => row("value", d, vector));
        });
        const sums = features.map((d) => shares.reduce((sum, share, token) => sum + share * values[token][d], 0));
        const divided = sums.map((sum) => (eps === null ? sum : sum / (size + eps)));
        return features.map((d) => row("out", d, divided));
      },
    );
  }

  test.each([
    ["divides by the count of a group's tokens and one more", {}, 1],
    ["divides by the count and assignEps", { assignEps: 0.25 }, 0.25],
    ["divides by the sum of shares", { assignment: "soft" }, 1],
    ["only sums with sumAssign", { sumAssign: true }, null],
  ] as const)("%s", async (_, settings, eps) => {
    const { values, weights } = await run(settings);
    const expected = merged(values, weights, eps);
    toNumbers(values.merged).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 4);
    });
  });
});
