import { expect, test } from "vitest";
import { cardFrom, metadataOf } from "./card.ts";
import type { ModelCard } from "./model.ts";

const card: ModelCard = {
  ...{ kind: "panoptic", method: "m", recipe: "r", valueMap: {}, window: [65, 65], licence: "", version: "0.1.0" },
  ...{ shortSide: 0, enlarge: false, longSide: 0, antialias: true, filter: "bilinear", averages: "probabilities" },
  ...{ windowing: "none", leftOut: [] },
  classes: [
    { name: "cat", color: [1, 2, 3], thing: true, categoryId: 17 },
    { name: "what", color: [4, 5, 6] },
  ],
};

test("a file's metadata say the data set's ids of classes; those of earlier versions have none", () => {
  const metadata = metadataOf(card);
  expect(cardFrom(metadata, "file")).toEqual(card);
  const { categories: _, ...earlier } = metadata;
  expect(cardFrom(earlier, "file").classes.map(({ categoryId }) => categoryId)).toEqual([undefined, undefined]);
  expect(() => cardFrom({ ...metadata, categories: "7" }, "file")).toThrow('expected metadata "categories", got 7');
});
