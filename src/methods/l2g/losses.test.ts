import { describe, expect, test } from "vitest";
import { float32, fromNumbers, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { gradients } from "../../autodiff/gradients.ts";
import { constant, input } from "../../graph/tensor.ts";
import { slice, softmax } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import {
  alignedProbabilities,
  attention,
  type TargetOptions,
  transferLoss,
  transferTarget,
  usualTarget,
} from "./losses.ts";

const coco: TargetOptions = { ...usualTarget, threshold: 0.1, background: "raw" };
const paper: TargetOptions = { ...usualTarget, strongestOnly: false, fallback: "paper" };

/** Two classes and a background over four places in a row; the second class is not tagged. */
const scores = float32([1, 3, 1, 4], [4, 2, -1, 1, 9, 9, 9, 9, 0, 1, 1, 4]);
const tags = float32([1, 2], [1, 0]);

/** Rows of channels of the target; without saliency, of the attention. */
async function targetOf(saliency: NdArray | null, options: TargetOptions): Promise<number[][]> {
  const given = saliency === null ? undefined : constant(saliency);
  const { y } = await evaluate({ y: transferTarget(constant(scores), constant(tags), options, given) });
  const values = toNumbers(y).map((value) => Number(value.toFixed(3)));
  return [0, 1, 2].map((channel) => values.slice(4 * channel, 4 * channel + 4));
}

/** Two pixels a place and two rows, of which the top left one speaks. */
function saliencyOf(places: readonly number[]): NdArray {
  const row = places.flatMap((value) => [value, 0.77]);
  return float32([1, 1, 2, 8], [...row, ...row.map(() => 0.77)]);
}

test("attention is a share of each channel's largest value, 0 for classes that are not tagged", async () => {
  expect(await targetOf(null, paper)).toEqual([
    [1, 0.5, 0, 0.25],
    [0, 0, 0, 0],
    [0, 0.25, 0.25, 1],
  ]);
});

test("of the strongest alone the others are 0 at each place", async () => {
  expect(await targetOf(null, usualTarget)).toEqual([
    [1, 0.5, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0.25, 1],
  ]);
});

test("classes that peak at one place tie: the first is kept, or the one of the largest score", async () => {
  const peaks = constant(float32([1, 3, 1, 2], [0.5, 0.4, 3, 1, 0, 9]));
  const both = constant(float32([1, 2], [1, 1]));
  const of = (ties: "first" | "larger") => attention(peaks, both, { strongestOnly: true, ties });
  const got = await evaluate({ first: of("first"), larger: of("larger") });
  expect([got.first, got.larger].map(toNumbers)).toEqual([
    [1, 0, 0, 0, 0, 1],
    [0, 0, 1, 0, 0, 1],
  ]);
});

test("scores that are nowhere above 0 give 0, not NaN", async () => {
  const none = constant(float32([1, 2, 1, 2], [-1, -2, 0, 0]));
  const maps = attention(none, constant(float32([1, 1], [1])), usualTarget);
  expect(toNumbers((await evaluate({ maps })).maps)).toEqual([0, 0, 0, 0]);
});

describe("saliency shapes the foreground, and what it leaves the background:", () => {
  const saliency = saliencyOf([1, 0.4, 0.2, 0]);
  test.each<[string, TargetOptions, number[], number[]]>([
    ["VOC", usualTarget, [1, 0.4, 0, 0], [0, 0, 0.8, 1]],
    ["VOC above one half", { ...usualTarget, threshold: 0.5 }, [1, 0, 0, 0], [0, 0, 0, 1]],
    ["COCO", coco, [1, 0.4, 0, 0], [0, 0, 0.2, 1]],
    ["all tagged", { ...paper, threshold: 0.3 }, [1, 0.4, 0, 0], [0, 0, 0, 1]],
  ])("%s", async (_, options, foreground, background) => {
    expect(await targetOf(saliency, options)).toEqual([foreground, [0, 0, 0, 0], background]);
  });
});

test("a view in which nothing is salient keeps its attention (paper) or has no foreground (release)", async () => {
  const empty = float32([1, 1, 2, 8], Array(16).fill(0));
  const [foreground, , background] = await targetOf(empty, usualTarget);
  expect([foreground, background]).toEqual([
    [0, 0, 0, 0],
    [0, 0, 1, 1],
  ]);
  const kept = { ...usualTarget, fallback: "paper" } as const;
  expect(await targetOf(empty, kept)).toEqual(await targetOf(null, usualTarget));
  // Anything salient anywhere counts, also where no place reads it.
  expect((await targetOf(saliencyOf([0, 0, 0, 0]), kept))[0]).toEqual([0, 0, 0, 0]);
});

const normal = (shape: readonly number[], seed: string) =>
  float32(shape, new Random(seed).fillNormal(new Float32Array(sizeOf(shape))));

test("aligned views on whole places are the places; as released they are blurred by half of one", async () => {
  const global = constant(normal([1, 3, 6, 6], "global"));
  // One view, two places to the right and one down.
  const view = {
    boxes: constant(float32([1, 4], [16, 8, 48, 40])),
    images: constant(fromNumbers("int64", [1], [0])),
  };
  const seen = (aligned: boolean) => alignedProbabilities(global, view, [4, 4], { stride: 8, aligned });
  const places = slice(global, [
    { axis: 2, start: 1, end: 5 },
    { axis: 3, start: 2, end: 6 },
  ]);
  const got = await evaluate({ places: softmax(places, { axis: 1 }), aligned: seen(true), released: seen(false) });
  const [wanted, aligned, released] = [got.places, got.aligned, got.released].map(toNumbers);
  for (const [i, value] of aligned.entries()) expect(value).toBeCloseTo(wanted[i], 5);
  expect(released.some((value, i) => Math.abs(value - wanted[i]) > 0.01)).toBe(true);
});

test("the transfer has no gradient for its target", async () => {
  const feeds = { seen: normal([1, 3, 1, 4], "seen"), local: normal([1, 3, 1, 4], "local") };
  const [seen, local] = [input("seen", [1, 3, 1, 4]), input("local", [1, 3, 1, 4])];
  for (const target of [local, transferTarget(local, constant(tags))]) {
    const [ofSeen, ofLocal] = gradients(transferLoss(seen, target), [seen, local]);
    const got = await evaluate({ ofSeen, ofLocal }, feeds);
    expect(toNumbers(got.ofSeen).every((value) => value !== 0)).toBe(true);
    expect(toNumbers(got.ofLocal).every((value) => value === 0)).toBe(true);
  }
});
