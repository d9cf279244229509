/** Published files of weights, read by our own readers, against the network that they were written from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { settingsFrom } from "../../src/networks/transunet/found-settings.ts";
import { transferTransUNet } from "../../src/networks/transunet/transfer.ts";
import { hybridVitWeights, stateDictionaryWeights } from "../../src/networks/transunet/weights.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { readWeights, type WeightFile } from "../../src/weights/read-weights.ts";
import { underOurNames, underPublishedNames } from "../support/published-names.ts";
import { openGoldens } from "./manifest.ts";
import { build, recipeOf } from "./transunet-recipe.ts";

const goldens = openGoldens("ddep");
const positions = "encoder.positions";

function read(file: unknown): Promise<WeightFile> {
  const path = join(goldens.folder, String(file));
  return readWeights(readFileSync(path), path);
}

/** Files hold the very numbers. */
function expectEqual(got: Named<NdArray>, expected: Named<NdArray>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { shape, data }] of Object.entries(expected)) {
    expect([name, got[name].shape]).toEqual([name, shape]);
    expect(Buffer.from(got[name].data.buffer).equals(Buffer.from(data.buffer)), name).toBe(true);
  }
}

goldens.covers("checkpoint_npz", async (golden) => {
  const file = await read(golden.config.npz_file);
  const found = hybridVitWeights(file.tensors, file.where);
  const { recipe: settings } = recipeOf(golden.config);
  const { stemWidth, stageUnits, tokenWidth, layers, mlpWidth } = settings;
  expect(settingsFrom(found, file.where)).toMatchObject({ stemWidth, stageUnits, tokenWidth, layers, mlpWidth });

  const from = { ...settings, ...settingsFrom(found, file.where), heads: settings.heads };
  const { weights } = transferTransUNet(found, from, settings, {
    ...{ parts: ["encoder"], outputs: 0, source: file.where },
  });
  const used = underOurNames(golden.used);
  const encoder = Object.entries(used).filter(([name]) => name.startsWith("encoder."));
  const { [positions]: resized, ...others } = weights;
  expectEqual(others, Object.fromEntries(encoder.filter(([name]) => name !== positions)));

  const { logits } = build(golden.config, golden.tensor("x"));
  const computed = await evaluate({ logits }, { ...used, ...weights, x: golden.tensor("x") });
  golden.checkAll({ position_embeddings_after_load: resized, ...computed });
});

goldens.covers("checkpoint_pth", async (golden) => {
  const { tensors, where } = await read(golden.file);
  expectEqual(underPublishedNames(stateDictionaryWeights(tensors, where)), golden.used);
});
