import { afterAll, beforeAll, expect, test } from "vitest";
import { checkEngine } from "../../test/support/check-model.ts";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { ndarray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import type { GroupMaps } from "../methods/groups.ts";
import { cast, concat, mul, reshape, slice, sub, transpose } from "../ops/index.ts";
import { dimmed, groupsPage } from "../report/groups-page.ts";
import type { Engine } from "../runtime/engine.ts";
import { groupPortraits } from "./group-gallery.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

/** Two groups, by how red a pixel is; the first is near word 1 where there is much of it. */
const groups: GroupMaps = {
  stages: [{ name: "colours", count: 2 }],
  prepare: ({ width, height, data }) => ({ image: ndarray("uint8", [height, width, 3], data) }),
  outputs(_, { image }) {
    const red = mul(cast(slice(transpose(image, [0, 3, 1, 2]), [{ axis: 1, start: 0, end: 1 }]), "float32"), 1 / 255);
    const map = concat([red, sub(1, red)], { axis: 1 });
    const first = slice(reshape(red, [1, 1, 4]), [{ axis: 2, start: 0, end: 2 }]);
    return { "map:colours": map, "words:colours": concat([first, sub(1, first)], { axis: 1 }) };
  },
};

/** Photographs of 2 x 2 pixels with the given reds; the left column is class 0, the right class 1. */
function dataset(reds: readonly (readonly number[])[], broken = -1): Dataset {
  const ids = reds.map((_, index) => `photo${index}`);
  const size = { width: 2, height: 2 };
  const color = [9, 9, 9] as const;
  return {
    ...{ name: "reds", split: "val", kinds: ["mask"], ids, valueMap: {}, source: (index) => ids[index] },
    classes: [
      { name: "left", color },
      { name: "right", color },
    ],
    read: async (index) => {
      if (index === broken) throw new InputError("photo: damaged.");
      const data = Uint8Array.from(reds[index].flatMap((red) => [red, 0, 0]));
      const mask = { ...size, data: Uint8Array.of(0, 1, 0, 255) };
      return { id: ids[index], source: ids[index], image: { ...size, data }, labels: { mask } };
    },
  };
}

const options = () => ({ engine, weights: {}, onBadImage: "skip" as const });

test("each group has the photographs that it has most of, its mean share, the classes that it lies on and its words", async () => {
  const data = dataset([
    [255, 0, 255, 0],
    [255, 255, 255, 255],
    [0, 0, 0, 0],
  ]);
  const [{ stage, groups: found }] = await groupPortraits(groups, { ...options(), dataset: data, kept: 2 });
  expect([stage, found.length]).toEqual(["colours", 2]);
  expect(found[0].firings.map(({ index, share }) => [index, share])).toEqual([
    [1, 1],
    [0, 0.5],
  ]);
  expect(found[1].firings.map(({ index }) => index)).toEqual([2, 0]);
  expect(found.map(({ share }) => share)).toEqual([0.5, 0.5]);
  // Of the labelled cells red is on left, left, and left, right, left.
  expect(found[0].classes).toEqual([4 / 5, 1 / 5]);
  expect(found[1].classes).toEqual([2 / 4, 2 / 4]);
  // Weighted by its share: (0.5 · [1, 0] + 1 · [1, 1] + 0 · [0, 0]) / 1.5.
  expect(found[0].words?.map((each) => Number(each.toFixed(5)))).toEqual([1, Number((1 / 1.5).toFixed(5))]);
  expect([...found[0].firings[1].map.data]).toEqual([1, 0, 1, 0]);
});

test("photographs that cannot be read are passed over, or refused", async () => {
  const data = dataset(
    [
      [255, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    1,
  );
  const [{ groups: found }] = await groupPortraits(groups, { ...options(), dataset: data });
  expect(found[0].firings.map(({ index }) => index)).toEqual([0]);
  const strict = groupPortraits(groups, { ...options(), onBadImage: "fail", dataset: data });
  await expect(strict).rejects.toThrow("photo: damaged.");
});

test("the page shows them dimmed where the group is not", async () => {
  const data = dataset([[255, 0, 255, 0]]);
  const stages = await groupPortraits(groups, { ...options(), dataset: data });
  const about = { title: "Groups of <run>", footer: "end", words: ["one", "two"] };
  const platform = { ...memoryPlatform(), encodeImage: async () => Uint8Array.of(1) };
  const page = await groupsPage(platform, { ...about, stages, dataset: data });
  for (const text of ["Groups of &lt;run&gt;", "colours", "group 1", "on left", "near ", "photo0, 50"]) {
    expect(page).toContain(text);
  }
  const image = { width: 2, height: 1, data: Uint8Array.of(200, 100, 40, 200, 100, 40) };
  const { data: shown } = dimmed(image, { rows: 1, columns: 2, data: Float32Array.of(0.5, 0) });
  expect([...shown]).toEqual([200, 100, 40, 30, 15, 6]);
});

test("a group that nothing is of has no photographs, and is said to be on and near nothing", async () => {
  const data = dataset([[0, 0, 0, 0]]);
  const stages = await groupPortraits(groups, { ...options(), dataset: data });
  expect(stages[0].groups.map(({ firings }) => firings.length)).toEqual([0, 1]);
  const about = { title: "Groups", footer: "end", words: ["one", "two"] };
  const platform = { ...memoryPlatform(), encodeImage: async () => Uint8Array.of(1) };
  const page = await groupsPage(platform, { ...about, stages, dataset: data });
  expect(page).toContain("<b>group 0</b><span>0.0 % of a photograph</span>");
});
