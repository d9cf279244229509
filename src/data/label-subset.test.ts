import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { put } from "../../test/support/pictures.ts";
import { openDataset } from "../datasets/index.ts";
import { InputError, UsageError } from "../errors.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import type { Dataset } from "./dataset.ts";
import { imagesOnly, joinedDatasets, type LabelSubsetOptions, labelSubset, parseFraction } from "./label-subset.ts";
import { keptDataset } from "./views.ts";

/** `count` samples with masks, in an order that is not that of their ids. */
function masks(count: number, name = "set"): Dataset {
  const ids = Array.from({ length: count }, (_, index) => String((index * 7) % count).padStart(3, "0"));
  const source = (index: number) => `${name}/${ids[index]}.jpg`;
  return {
    ...{ name, split: "train", classes: [{ name: "sky", color: [0, 0, 0] }], kinds: ["mask"], ids, source },
    valueMap: { "0": 0 },
    leftOut: [`${name}: left out`],
    read: async (index, kinds = ["mask"]) => ({
      ...{ id: ids[index], source: source(index) },
      image: { width: 1, height: 1, data: new Uint8Array(3) },
      labels: kinds.includes("mask") ? { mask: { width: 1, height: 1, data: Uint8Array.of(0) } } : {},
    }),
  };
}

test.each([
  [{ count: 1, seed: 0 }, 1],
  [{ count: 30, seed: 0 }, 30],
  [{ fraction: 1 / 8, seed: 0 }, 4],
  [{ fraction: 1 / 60, seed: 0 }, 1],
  [{ fraction: 1, seed: 0 }, 30],
])("of 30 images, %o labels %i", (options, expected) => {
  const { labelled, rest } = labelSubset(masks(30), options);
  expect([labelled.ids.length, rest.ids.length]).toEqual([expected, 30 - expected]);
});

test.each<[string, LabelSubsetOptions, string]>([
  ["no image", { count: 0, seed: 0 }, "expected 1 to 30 labelled images of the 30 in train, got 0. Choose"],
  ["more than there are", { count: 31, seed: 0 }, "got 31"],
  ["half an image", { count: 1.5, seed: 0 }, "got 1.5"],
  ["a fraction that rounds to none", { fraction: 1 / 61, seed: 0 }, "expected 1 to 30 labelled images"],
  ["a fraction of 0", { fraction: 0, seed: 0 }, "expected a fraction of the labels above 0 and up to 1, got 0."],
  ["a fraction above 1", { fraction: 1.1, seed: 0 }, "got 1.1"],
  ["no number", { fraction: Number.NaN, seed: 0 }, "got NaN"],
])("%s is refused", (_, options, expected) => {
  const refused = () => labelSubset(masks(30), options);
  expect(refused).toThrow(InputError);
  expect(refused).toThrow(expected);
});

test("a data set without labels is refused", () => {
  expect(() => labelSubset(imagesOnly(masks(3)), { count: 1, seed: 0 })).toThrow("expected labels in unlabelled, got");
});

test("for one seed, smaller subsets lie inside larger ones", () => {
  const sizes = [1, 2, 5, 13, 29, 30];
  const subsets = sizes.map((count) => labelSubset(masks(30), { count, seed: 4 }).labelled.ids);
  for (const [i, smaller] of subsets.slice(0, -1).entries())
    expect(subsets[i + 1]).toEqual(expect.arrayContaining([...smaller]));
});

test("subset and rest are sorted, and together all there is", () => {
  const { labelled, rest } = labelSubset(masks(30), { count: 12, seed: 1 });
  for (const { ids } of [labelled, rest]) expect(ids).toEqual([...ids].sort());
  expect([...labelled.ids, ...rest.ids].sort()).toEqual([...masks(30).ids].sort());
});

test("another seed chooses others, and the order of the data set does not matter", () => {
  const reversed: Dataset = { ...masks(30), ids: [...masks(30).ids].reverse() };
  const chosen = (dataset: Dataset, seed: number) => labelSubset(dataset, { count: 10, seed }).labelled.ids;
  expect(chosen(masks(30), 2)).not.toEqual(chosen(masks(30), 1));
  expect(chosen(reversed, 1)).toEqual(chosen(masks(30), 1));
});

test("the choice for a seed stays what it is", () => {
  expect(labelSubset(masks(30), { count: 5, seed: 0 }).labelled.ids).toEqual(["001", "009", "011", "014", "025"]);
});

test("samples keep their labels in the subset and lose them in the rest", async () => {
  const { labelled, rest } = labelSubset(masks(5), { count: 3, seed: 0 });
  const [one, other] = [await labelled.read(1), await rest.read(1)];
  expect([one.id, one.source, Object.keys(one.labels)]).toEqual([labelled.ids[1], labelled.source(1), ["mask"]]);
  expect([other.id, other.source, other.labels]).toEqual([rest.ids[1], rest.source(1), {}]);
  expect([labelled.kinds, labelled.split, rest.kinds, rest.split]).toEqual([["mask"], "train", [], "unlabelled"]);
  expect([labelled.leftOut, rest.leftOut]).toEqual([["set: left out"], []]);
});

test("the masks of the rest are never read", async () => {
  const root = await plainFolder({ train: ["a", "b", "c"] });
  const dataset = await openDataset(platform, root, "train");
  for (const id of dataset.ids) put(root, `masks/train/${id}.png`, "no mask");
  const { labelled, rest } = labelSubset(dataset, { count: 1, seed: 0 });
  await expect(labelled.read(0)).rejects.toThrow("expected");
  expect((await rest.read(1)).image.width).toBe(16);
  expect((await imagesOnly(labelled).read(0)).image.width).toBe(16);
});

test("labels that are withheld are withheld from whoever asks for them by name", async () => {
  const { labelled, rest } = labelSubset(masks(3), { count: 1, seed: 1 });
  expect((await rest.read(0, ["mask"])).labels).toEqual({});
  expect((await imagesOnly(keptDataset(labelled)).read(0)).labels).toEqual({});
  expect(Object.keys((await labelled.read(0, ["mask"])).labels)).toEqual(["mask"]);
});

test("joined data sets are one after the other, under names of their own, with the labels that each sample has", async () => {
  const joined = joinedDatasets("both", masks(2, "one"), imagesOnly(masks(3, "two")));
  const { name, split, kinds, ids, classes, leftOut } = joined;
  expect([name, split, kinds, classes.length, leftOut]).toEqual([
    ...["both", "train", ["mask"], 1, ["one: left out", "two: left out"]],
  ]);
  expect(ids).toEqual(["1/000", "1/001", "2/000", "2/001", "2/002"]);
  const { image: _, ...sample } = await joined.read(2);
  expect([sample, joined.source(1)]).toEqual([{ id: "2/000", source: "two/000.jpg", labels: {} }, "one/001.jpg"]);
  expect(ids.map((_id, index) => joined.kindsOf?.(index))).toEqual([["mask"], ["mask"], [], [], []]);
  expect([Object.keys((await joined.read(1)).labels), (await joined.read(1, [])).labels]).toEqual([["mask"], {}]);
});

test.each([
  ["1/8", 0.125],
  ["0.125", 0.125],
  ["12.5%", 0.125],
  [".5", 0.5],
  ["1", 1],
  ["100%", 1],
  ["30/30", 1],
  ["1/30", 1 / 30],
])("the fraction %s is %d", (text, expected) => {
  expect(parseFraction(text)).toBe(expected);
});

test.each([
  "",
  "0",
  "0%",
  "0/8",
  "1/0",
  "9/8",
  "1.01",
  "101%",
  "-1/8",
  "1/-8",
  "1 / 8",
  "12,5%",
  "1/8%",
  "half",
  "%",
  ".",
  "1e-1",
  "NaN",
])("%o is no fraction", (text) => {
  expect(() => parseFraction(text)).toThrow(UsageError);
  expect(() => parseFraction(text)).toThrow(
    `fraction: expected a number above 0 and up to 1, got "${text}". Write 1/8`,
  );
});
