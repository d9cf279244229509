import { expect, test } from "vitest";
import { openScenes } from "../scenes/index.ts";
import { givenKinds } from "./labels.ts";
import { labelledDataset, scaledDataset, spreadDataset, withMoreKinds } from "./views.ts";

const scenes = openScenes("scenes:size=128x96,train=4,val=1,test=1", "train");

test("a scaled data set scales every map and keeps what is no map", async () => {
  const [large, small] = [await scenes.read(1), await scaledDataset(scenes, 48).read(1)];
  const { mask, panoptic, saliency, tags, captions } = small.labels;
  expect([small.image, mask, panoptic, saliency].map((each) => [each?.width, each?.height])).toEqual(
    new Array(4).fill([64, 48]),
  );
  expect([tags, captions]).toEqual([large.labels.tags, large.labels.captions]);
  expect(new Set(panoptic!.data)).toEqual(new Set(panoptic!.segments.map(({ id }) => id)));
  const classOf = new Map(panoptic!.segments.map(({ id, classIndex }) => [id, classIndex]));
  expect(Array.from(panoptic!.data, (id) => classOf.get(id))).toEqual([...mask!.data]);
  const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean(saliency!.data) - mean(large.labels.saliency!.data))).toBeLessThan(3);
});

test("a view of some samples, or some labels, is read as the whole is", async () => {
  const two = spreadDataset(scenes, 2);
  expect([two.ids, two.kinds]).toEqual([[scenes.ids[0], scenes.ids[2]], givenKinds]);
  const tagged = labelledDataset(two, ["tags"]);
  expect([tagged.kinds, await tagged.read(1)]).toEqual([["tags"], await scenes.read(2, ["tags"])]);
  expect((await labelledDataset(two, []).read(0)).labels).toEqual({});
});

test("a view with more kinds has those of the whole beside its own, where they are asked for, and claims none of them", async () => {
  const tagged = labelledDataset(spreadDataset(scenes, 2), ["tags"]);
  const judged = withMoreKinds(tagged, scenes, ["mask"]);
  expect([judged.ids, judged.kinds]).toEqual([tagged.ids, ["tags"]]);
  const { mask, tags } = (await scenes.read(2, ["mask", "tags"])).labels;
  expect((await judged.read(1)).labels).toEqual({ tags, mask });
  expect((await judged.read(1, ["mask"])).labels).toEqual({ mask });
  expect((await judged.read(1, ["tags"])).labels).toEqual({ tags });
  const bare = { ...scenes, kinds: [], kindsOf: () => [], read: () => Promise.reject(new Error("not asked")) };
  expect((await withMoreKinds(tagged, bare, ["mask"]).read(1)).labels).toEqual({ tags });
});
