import { describe, expect, test } from "vitest";
import { float32, fromNumbers, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { input } from "../../graph/tensor.ts";
import { cast } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type PostprocessSettings, panopticFromMasks } from "./postprocess.ts";
import { panopticModel, segmentsAt } from "./prediction.ts";
import { recipes } from "./recipe.ts";
import type { ClassOrder } from "./targets.ts";

const order: ClassOrder = { things: [1], stuff: [2], ignoreLabel: 0 };
const published: PostprocessSettings = { classThreshold: 0.7, pixelThreshold: 0.4, thingArea: 1, stuffArea: 1 };

/** What is found of a row, where slot i has logit 8 at the pixels `owners[x] === i`, and classes as chances of thing and stuff. */
async function outputsOf(
  owners: readonly number[],
  chances: readonly (readonly [thing: number, stuff: number])[],
  settings = published,
): Promise<{ readonly panoptic: number[]; readonly semantic: number[] }> {
  const slots = chances.length;
  const masks = float32(
    [1, slots, 1, owners.length],
    chances.flatMap((_, slot) => owners.map((owner) => (owner === slot ? 8 : 0))),
  );
  const logits = chances.flatMap(([thing, stuff]) =>
    [thing, stuff, 1 - thing - stuff].map((each) => Math.log(Math.max(each, 1e-9))),
  );
  const classes = float32([1, slots, 3], logits);
  const { panoptic, semantic } = panopticFromMasks(
    input("masks", masks.shape),
    input("classes", classes.shape),
    order,
    {
      ...{ ...settings, size: [1, owners.length], divisor: 256 },
    },
  );
  const outputs = { panoptic: cast(panoptic, "int32"), semantic: cast(semantic, "int32") };
  const values = await evaluate(outputs, { masks, classes });
  return { panoptic: toNumbers(values.panoptic), semantic: toNumbers(values.semantic) };
}

const found = async (...given: Parameters<typeof outputsOf>): Promise<number[]> => (await outputsOf(...given)).panoptic;

test("a photograph is seen at the size of training's, or at its own one", () => {
  const recipe = { ...recipes["maxdeeplab-tiny"], cropHeight: 33, cropWidth: 49 };
  const task = { classes: [{ name: "a", color: [1, 2, 3] as const }], frequencies: [] };
  const sizeOf = (changes: Partial<typeof recipe>) => panopticModel({ ...recipe, ...changes }, task).size;
  expect(sizeOf({})).toEqual([33, 49]);
  expect(sizeOf({ predictionWidth: 65 })).toEqual([33, 65]);
  expect(sizeOf({ predictionHeight: 97, predictionWidth: 65 })).toEqual([97, 65]);
});

describe("segments of masks", () => {
  test("nothing, where no slot is sure", async () => {
    expect(
      await found(
        [0, 1, 1],
        [
          [0.3, 0.3],
          [0.6, 0.2],
        ],
      ),
    ).toEqual([0, 0, 0]);
  });

  test("one thing, where one slot is, at the pixels that are its", async () => {
    expect(
      await found(
        [0, 1, 1],
        [
          [0.9, 0.05],
          [0.6, 0.2],
        ],
      ),
    ).toEqual([257, 0, 0]);
  });

  test("things of one class stay apart, stuff of one class is one segment", async () => {
    expect(
      await found(
        [0, 1, 2, 3],
        [
          [0.9, 0],
          [0.9, 0],
          [0, 0.9],
          [0, 0.9],
        ],
      ),
    ).toEqual([257, 258, 512, 512]);
  });

  test("small things go by their own area, stuff by that of its class", async () => {
    const chances = [
      [0.9, 0],
      [0.9, 0],
      [0, 0.9],
      [0, 0.9],
    ] as const;
    const settings = { ...published, thingArea: 2, stuffArea: 3 };
    expect(await found([0, 1, 1, 2, 3, 3], chances, settings)).toEqual([0, 258, 258, 512, 512, 512]);
    expect(await found([0, 1, 1, 2, 3], chances, settings)).toEqual([0, 258, 258, 0, 0]);
  });

  test("every pixel has the class of its slot in the read-out, however unsure or small", async () => {
    const chances = [
      [0.9, 0],
      [0.1, 0.2],
    ] as const;
    const settings = { ...published, thingArea: 2, stuffArea: 2 };
    expect(await outputsOf([0, 1, 1], chances, settings)).toEqual({ panoptic: [0, 0, 0], semantic: [1, 2, 2] });
  });

  test("128 things of 128 slots are all found", async () => {
    const owners = Array.from({ length: 128 }, (_, i) => i);
    const ids = await found(
      owners,
      owners.map(() => [0.9, 0] as const),
    );
    expect(ids).toEqual(owners.map((slot) => 256 + slot + 1));
  });
});

test("a view's segments come to the photograph's own size without its padding, each with its score", () => {
  const panoptic: NdArray = fromNumbers("int32", [3, 4], [257, 257, 512, 0, 257, 257, 512, 0, 0, 0, 0, 0]);
  const outputs = { panoptic, ids: fromNumbers("int32", [3], [257, 512, 512]), scores: float32([3], [0.9, 0.75, 0.8]) };
  const map = segmentsAt(outputs, { height: 4, width: 6, scaledHeight: 2, scaledWidth: 3 }, [3, 4], 256);
  expect([map.width, map.height]).toEqual([6, 4]);
  // Corner on corner: column x of 6 is column round(0.4 x) of 3.
  expect([...map.data.slice(0, 6)]).toEqual([257, 257, 257, 257, 512, 512]);
  const [thing, stuff] = map.segments;
  expect([thing.id, thing.classIndex, stuff.id, stuff.classIndex]).toEqual([257, 0, 512, 1]);
  expect(thing.score).toBeCloseTo(0.9, 6);
  expect(stuff.score).toBeCloseTo(0.8, 6);
});

test("a view's confidence comes to the photograph's own size without its padding, its numbers as they are", () => {
  const classes = [{ name: "a", color: [1, 2, 3] as const }];
  const size = { cropHeight: 3, cropWidth: 4 };
  const model = panopticModel({ ...recipes["maxdeeplab-tiny"], ...size }, { classes, frequencies: [] });
  const seen = [0.1, 0.2, 0.3, 9, 0.4, 0.5, 0.6, 9, 9, 9, 9, 9];
  const outputs = { confidence: float32([3, 4], seen) };
  const found = model.confidence!(outputs, { height: 2, width: 6, scaledHeight: 2, scaledWidth: 3 });
  const row = (a: number, b: number, c: number) => [a, a, b, b, c, c].map(Math.fround);
  expect([...found]).toEqual([...row(0.1, 0.2, 0.3), ...row(0.4, 0.5, 0.6)]);
  expect(() => model.confidence!({}, { height: 2, width: 6, scaledHeight: 2, scaledWidth: 3 })).toThrow(
    "Export it again",
  );
});
