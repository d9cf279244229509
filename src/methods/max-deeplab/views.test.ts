import { expect, test } from "vitest";
import { float32, fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { distinctColors } from "../../image/palette.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { recipes } from "./recipe.ts";
import { slotViews, surenessOf } from "./views.ts";

const recipe = { ...recipes["maxdeeplab-tiny"], cropHeight: 33, cropWidth: 33, maskChannels: 3 };
const classes = [
  { name: "sky", color: [0, 0, 255] as const, thing: false },
  { name: "dog", color: [255, 0, 0] as const, thing: true },
];
const [view] = slotViews(recipe, { classes, frequencies: [] });

test("the graph gives slots, what the surest one reads, and with three numbers a pixel these", () => {
  const outputs = view.outputs(new Model().scope, { image: input("image", [1, 33, 33, 3], "uint8") });
  const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape]));
  expect(shapes).toEqual({
    ...{ slot: [1, 33, 33], channel: [12], confidence: [12], surest: [1] },
    ...{ maskSlots: [4], masks: [4, 9, 9], attention: [3, 3], feature: [1, 3, 9, 9] },
  });
});

test("a slot that is sure of its class and has no pixel is not among the surest", async () => {
  const sureness = surenessOf(input("confidence", [3]), input("shares", [1, 3, 1, 2]));
  const values = { confidence: float32([3], [1, 0.5, 0.5]), shares: float32([1, 3, 1, 2], [0.1, 0.1, 0.9, 0, 0, 0.8]) };
  const [without, first, second] = toNumbers((await evaluate({ sureness }, values)).sureness);
  expect([without < second, second < first]).toEqual([true, true]);
  expect(first).toBeCloseTo(0.45, 6);
});

test("pictures are of the photograph in the view, without what is beside it, in the slots' colours, and name what slots are", () => {
  const image = { width: 33, height: 33, data: new Uint8Array(3 * 33 * 33).fill(100) };
  const count = 33 * 33;
  const result = {
    slot: fromNumbers(
      "int32",
      [1, 33, 33],
      Array.from({ length: count }, (_, at) => at % 2),
    ),
    // Things come first.
    channel: fromNumbers("int32", [12], [0, 1, ...new Array<number>(10).fill(0)]),
    confidence: float32([12], [0.25, 0.5, ...new Array<number>(10).fill(0)]),
    maskSlots: fromNumbers("int32", [2], [1, 0]),
    masks: float32(
      [2, 9, 9],
      Array.from({ length: 162 }, (_, at) => (at < 81 ? 1 : 0.5)),
    ),
    surest: fromNumbers("int32", [1], [1]),
    attention: float32([3, 3], [0, 0, 0, 0, 1, 0, 0, 0, 0]),
    feature: float32(
      [1, 3, 9, 9],
      Array.from({ length: 243 }, (_, at) => (at < 81 ? 1 : -1)),
    ),
  };
  const pictures = view.pictures!(result, { id: "a", source: "a", image, labels: {} });
  expect(pictures.map(({ name, caption }) => [name, caption])).toEqual([
    ["image", ""],
    ["slots", "2 slots: dog, sky"],
    ["mask 1", "slot 2: sky, 50 %"],
    ["mask 2", "slot 1: dog, 25 %"],
    ["attention", "what slot 2 reads: sky, 50 %"],
    ["pixel features", "D = 3 as colours"],
  ]);
  const low = view.pictures!(result, {
    id: "b",
    source: "b",
    image: { width: 33, height: 20, data: image.data.slice(0, 1980) },
    labels: {},
  });
  for (const { image: picture } of low) expect([picture.width, picture.height]).toEqual([33, 20]);
  for (const { image: picture } of pictures)
    expect([picture.width, picture.height, picture.data.length]).toEqual([33, 33, 3 * count]);
  const [, slots, whole, half, attention, feature] = pictures.map(({ image: picture }) => picture.data);
  const colors = distinctColors(recipe.slots);
  expect([...slots.subarray(3, 6)]).toEqual(colors[1].map((value) => Math.round(50 + value / 2)));
  expect([whole[0], half[0]]).toEqual([100, 56]);
  const middle = 3 * (16 * 33 + 16);
  expect(attention[middle]).toBe(100);
  expect(attention[0]).toBeLessThan(15);
  expect([...feature.subarray(0, 3)]).toEqual([255, 0, 0]);
});
