import { describe, expect, it } from "vitest";
import type { Split } from "../data/dataset.ts";
import { openScenes } from "./open.ts";

const spec = "scenes:size=64,train=4,val=3,test=2,seed=1";
const withUnlabelled = `${spec},unlabelled=3`;
const splits: readonly Split[] = ["train", "val", "test", "unlabelled"];

describe("openScenes", () => {
  it.each([
    ["train", 4],
    ["val", 3],
    ["test", 2],
  ] as const)("has as many scenes in %s as asked for", (split, count) => {
    expect(openScenes(spec, split).ids).toHaveLength(count);
  });

  it("gives samples with every kind of label", async () => {
    const sample = await openScenes(spec, "val").read(1);
    expect(Object.keys(sample.labels)).toEqual(["mask", "panoptic", "tags", "captions", "saliency"]);
    expect(Object.keys((await openScenes(spec, "val").read(1, ["tags"])).labels)).toEqual(["tags"]);
    expect(sample.id).toBe(openScenes(spec, "val").ids[1]);
  });

  it("never has one scene in two splits", async () => {
    const images = new Set<string>();
    for (const split of splits) {
      const dataset = openScenes(withUnlabelled, split);
      for (let index = 0; index < dataset.ids.length; index++)
        images.add((await dataset.read(index)).image.data.join());
    }
    expect(images.size).toBe(12);
  });

  it("shows details to learn from, and whole scenes to be scored on", async () => {
    for (const split of splits) {
      const bytes = async (from: string) => (await openScenes(from, split).read(1)).image.data.join();
      const isWhole = split === "val" || split === "test";
      expect((await bytes(`${withUnlabelled},details=1`)) === (await bytes(withUnlabelled)), split).toBe(isWhole);
    }
  });

  it("gives unlabelled samples as images alone", async () => {
    const { ids, kinds, read } = openScenes(withUnlabelled, "unlabelled");
    expect([ids.length, kinds]).toEqual([3, []]);
    expect((await read(2)).labels).toEqual({});
  });

  it("draws the same labelled scenes whether or not others are unlabelled", async () => {
    expect(await openScenes(withUnlabelled, "train").read(3)).toEqual(await openScenes(spec, "train").read(3));
  });

  it("refuses to open unlabelled scenes where there are none", () => {
    expect(() => openScenes(spec, "unlabelled")).toThrow("expected scenes in the split unlabelled, got none. Write");
  });

  it("keeps its scenes when the counts change", async () => {
    const more = openScenes("scenes:size=64,train=9,val=9,test=9,seed=1", "val");
    expect((await more.read(2)).image).toEqual((await openScenes(spec, "val").read(2)).image);
  });

  it("sorts ids in reading order", () => {
    const { ids } = openScenes("scenes:train=1200", "train");
    expect([...ids].sort()).toEqual(ids);
  });

  it("maps every value to itself", () => {
    const { classes, valueMap } = openScenes(spec, "train");
    expect(valueMap).toEqual(Object.fromEntries(classes.map((_, index) => [index, index])));
  });

  it("maps 255 to ignore when there are borders", () => {
    expect(openScenes(`${spec},border=1`, "train").valueMap["255"]).toBe("ignore");
  });

  it("has the classes that were asked for, every value mapped to itself where no pixel is left out", async () => {
    const { classes, valueMap } = openScenes(`${spec},classes=coarse`, "train");
    expect(classes.map(({ name }) => name)).toContain("vehicle");
    expect(valueMap).toEqual(Object.fromEntries(classes.map((_, index) => [index, index])));
  });

  it("maps 255 to ignore where some classes have no name", () => {
    const { classes, valueMap } = openScenes(`${spec},classes=sky+vehicle`, "train");
    expect(classes.map(({ name, thing }) => [name, thing])).toEqual([
      ["sky", false],
      ["vehicle", true],
    ]);
    expect(valueMap).toEqual({ "0": 0, "1": 1, "255": "ignore" });
  });

  it("refuses an index outside the split", async () => {
    await expect(openScenes(spec, "val").read(3)).rejects.toThrow("expected a scene from 0 to 2 of val, got 3");
  });
});
