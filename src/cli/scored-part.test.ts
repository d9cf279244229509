import { expect, test } from "vitest";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { withScoredPart } from "./scored-part.ts";

async function photographs(splits: readonly string[]): Promise<string> {
  const root = temporaryFolder();
  for (const split of splits) {
    put(root, `images/${split}/a.jpg`, await jpeg(2, 1));
    put(root, `masks/${split}/a.png`, greyPng(2, 1, [0, 1]));
  }
  put(root, "classes.json", '["a", "b"]');
  return root;
}

test.each<[string, string, readonly string[], number | undefined, { valFraction?: number }, number | undefined]>([
  ["the run's own share", "", ["train"], 0.2, {}, 0.2],
  ["none where there is a val", "", ["train", "val"], 0.2, {}, undefined],
  ["none of a run without", "", ["train"], undefined, {}, undefined],
  ["none of another data set", "elsewhere", ["train"], 0.2, {}, undefined],
  ["what was asked for", "", ["train"], 0.2, { valFraction: 0.5 }, 0.5],
])("scored is %s", async (_, spec, splits, share, place, expected) => {
  const root = await photographs(splits);
  const own = { spec: spec || root, ...(share !== undefined && { valFraction: share }) };
  expect((await withScoredPart(platform, own, root, place)).valFraction).toBe(expected);
});

test("models that are no runs took no part", async () => {
  expect(await withScoredPart(platform, undefined, "photos", {})).toEqual({});
});
