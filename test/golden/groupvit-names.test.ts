/** Names and shapes of the released checkpoints against our network of that size. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { encodePairs, pairLosses } from "../../src/methods/groupvit/network.ts";
import { publishedGroupViT } from "../../src/methods/groupvit/settings.ts";
import { isBatchCounter, officialPlace } from "../../src/methods/groupvit/weights.ts";
import { openGoldens } from "./manifest.ts";

const path = join(openGoldens("groupvit").folder, "full_size_keys.json");

test.skipIf(!existsSync(path))("the published network has the tensors of the released files, in their shapes", () => {
  const rows = JSON.parse(readFileSync(path, "utf8")) as { official: string; shape: number[] }[];
  const known = rows.filter(({ official }) => !isBatchCounter(official));
  const theirs = Object.fromEntries(known.map(({ official, shape }) => [official, shape]));

  const { imageSize, textContext, prompts } = publishedGroupViT;
  const model = new Model();
  const images = input("images", [2, 3, imageSize, imageSize]);
  const ids = input("ids", [2, 1 + prompts, textContext], "int64");
  pairLosses(model.scope, encodePairs(model.scope, images, ids, publishedGroupViT), publishedGroupViT);
  const ours: Record<string, readonly number[]> = {};
  for (const [own, { tensor }] of model.parameters) {
    const { name, third } = officialPlace(own)!;
    const [rows = 0, ...rest] = tensor.shape;
    // The projections' matrices are kernels of size 1 there.
    const kernel = theirs[name]?.length === tensor.shape.length + 1 ? [1] : [];
    ours[name] = third === null ? [...tensor.shape, ...kernel] : [3 * rows, ...rest];
  }
  expect(ours).toEqual(theirs);
});
