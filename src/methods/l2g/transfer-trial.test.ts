import { describe, expect, test } from "vitest";
import { freshWeights } from "../../../test/support/weights.ts";
import { float32, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { Labels, Sample } from "../../data/sample.ts";
import { withBatchAxis } from "../../evaluation/trial.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { recipes } from "./recipe.ts";
import { putTogether } from "./transfer-pictures.ts";
import { transferTrial } from "./transfer-trial.ts";

const names = ["background", "cow", "grass"];
const task = { classes: names.map((name, i) => ({ name, color: [80 * i, 0, 255] as const })), frequencies: [] };
const recipe = { ...recipes["l2g-tiny"], saliency: true, scoreStart: "xavier" as const };

const grey = (value: number) => ({ width: 80, height: 64, data: new Uint8Array(80 * 64).fill(value) });

function sampleOf(labels: Labels): Sample {
  const random = new Random("picture");
  const data = Uint8Array.from({ length: 80 * 64 * 3 }, () => random.integer(256));
  return { id: "a", source: "a.jpg", image: { width: 80, height: 64, data }, labels };
}

/** What the trial makes of a photograph with such labels. */
async function look(labels: Labels) {
  const trial = transferTrial(recipe, task);
  const sample = sampleOf(labels);
  const feeds = withBatchAxis(trial.prepare(sample, new Random(1))!);
  const model = new Model();
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const outputs = trial.outputs(model.scope, inputs);
  const result = await evaluate(outputs, { ...feeds, ...freshWeights(model) });
  return { result, pictures: trial.pictures!(result, sample), scores: trial.scores!([result, result]) };
}

test("classes of the tags are drawn, the target, and the mask where there is one", async () => {
  const { pictures, result, scores } = await look({ tags: [2], mask: grey(2), saliency: grey(255) });
  expect(pictures.map(({ name }) => name)).toEqual(["view", "local grass", "global grass", "target", "mask"]);
  for (const { image } of pictures) expect([image.width, image.height]).toEqual([64, 64]);
  expect(scores).toEqual([{ name: "transfer loss", value: toNumbers(result.loss)[0], unit: "plain" }]);
  // Half the view, half the colour of grass.
  const [view, mask] = [pictures[0].image.data, pictures[4].image.data];
  expect([...mask.subarray(0, 3)]).toEqual([(view[0] + 160) / 2, view[1] / 2, (view[2] + 255) / 2].map(Math.round));
});

test("without saliency nothing but background is left of a target, and all of it where there is some everywhere", async () => {
  const channels = async (value: number) => {
    const { target } = (await look({ tags: [1, 2], saliency: grey(value) })).result;
    const [views, count, ...size] = target.shape;
    const places = size.reduce((product, side) => product * side, 1);
    return Array.from({ length: count }, (_, k) =>
      Math.max(
        ...Array.from({ length: views }, (_, view) => (view * count + k) * places).flatMap((at) => [
          ...toNumbers(target).slice(at, at + places),
        ]),
      ),
    );
  };
  const [none, all] = [await channels(0), await channels(255)];
  expect(none.slice(0, 2)).toEqual([0, 0]);
  expect(all[2]).toBe(0);
  expect(Math.max(...all)).toBe(1);
});

test("a photograph without tags has those that the local network sees, at least one; one that is known to show nothing has none", async () => {
  const unknown = await look({});
  expect(unknown.pictures.filter(({ name }) => /^local/.test(name)).length).toBeGreaterThan(0);
  expect(toNumbers((await look({ tags: [] })).result.classes)).toEqual([0, 0, 0, 0]);
});

describe("maps of views put together", () => {
  test("lie where their boxes do, averaged where these overlap", () => {
    // Two views of 2 × 2 places each on a picture of 4 pixels, moved by 2.
    const maps = float32([2, 1, 2, 2], [1, 1, 1, 1, 0, 0.5, 0, 0.5]);
    const boxes = float32([1, 2, 4], [0, 0, 4, 4, 2, 0, 4, 4]);
    expect([...putTogether(maps, boxes, 4)[0].subarray(0, 4)]).toEqual([1, 1, 0.5, 0.75]);
  });

  test("are 0 where no view lies", () => {
    const boxes = float32([1, 1, 4], [0, 0, 2, 2]);
    expect([...putTogether(float32([1, 1, 1, 1], [1]), boxes, 3)[0]]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
  });
});
