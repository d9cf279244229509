import { describe, expect, test } from "vitest";
import { cropped, sample, seeds, stagesOf } from "../../../test/support/ddep-stages.ts";
import { freshWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, item, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { trainingModel } from "../stages.ts";

describe("the encoder learns the tags", () => {
  const stage = stagesOf({ start: "ddep", ...cropped }).encoder;
  const prepare = (each: Sample, seed: number) => stage.prepare(each, new Random(seed)) as Named<NdArray>;
  const tags = (each: Sample, seed = 1) => toNumbers(prepare(each, seed).tags);

  test("that the sample has, wherever the crop is", () => {
    for (const seed of seeds) expect(tags({ ...sample, labels: { tags: [0, 2] } }, seed)).toEqual([1, 0, 1]);
  });

  test("or else of the classes that its mask shows in the crop", () => {
    const seen = seeds.map((seed) => {
      const { image } = prepare(sample, seed);
      const colors = new Set(toNumbers(image));
      expect(tags(sample, seed)).toEqual([0, 100, 200].map((color) => (colors.has(color) ? 1 : 0)));
      return colors.size;
    });
    expect(Math.min(...seen)).toBeLessThan(3);
  });

  test("of which an unlabelled image has none", () => {
    expect(tags({ ...sample, labels: {} })).toEqual([0, 0, 0]);
  });

  test("and is judged on whole images' tags, where there are any", () => {
    const [trial] = stage.trials!;
    const judged = (each: Sample) => trial.prepare(each, new Random(0));
    const averagePrecision = (value: number | null) => [{ name: "mean average precision", value, unit: "share" }];
    expect(judged({ ...sample, labels: {} })).toBeNull();
    expect(judged({ ...sample, labels: { tags: [1] } })?.tags).toEqual(float32([3], [0, 1, 0]));
    const results = [
      { scores: float32([1, 3], [0.9, 0.1, 0.5]), truth: float32([1, 3], [1, 0, 0]) },
      { scores: float32([1, 3], [0.2, 0.8, 0.6]), truth: float32([1, 3], [0, 0, 1]) },
      { scores: float32([1, 3], [0.3, 0.3, 0.9]), truth: float32([1, 3], [1, 0, 0]) },
    ];
    // Class a is ranked as it should be; before the one image with c there is another; b is nowhere.
    expect(trial.scores!(results)).toEqual(averagePrecision((1 + 1 / 2) / 2));
    expect(trial.scores!([{ ...results[0], truth: float32([1, 3], [0, 0, 0]) }])).toEqual(averagePrecision(null));
  });

  test("beginning at chance, where each class has the score ½", async () => {
    const { model, losses } = trainingModel(stagesOf({ start: "ddep", encoderBatchSize: 2 }).encoder);
    const feeds = {
      image: fromNumbers("uint8", [2, 64, 64, 3], new Uint8Array(2 * 64 * 64 * 3).fill(9)),
      tags: float32([2, 3], [1, 0, 0, 1, 1, 0]),
    };
    const got = await evaluate({ loss: losses.terms.tags }, { ...freshWeights(model), ...feeds });
    expect(item(got.loss)).toBeCloseTo(Math.LN2, 6);
  });
});
