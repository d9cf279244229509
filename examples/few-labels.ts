/**
 * Learns from few masks and many photographs: denoises all of them, then fine-tunes on those that have a mask.
 *
 *     npx tsx examples/few-labels.ts photos run 1/8
 */
import {
  labelSubset,
  nodePlatform,
  openDataset,
  openEngine,
  parseFraction,
  resolveRecipe,
  train,
  writeReport,
} from "tessera";

const [data = "scenes:size=64,train=16,val=4", folder = "runs/few", share = "1/4", ...settings] = process.argv.slice(2);

const engine = await openEngine();
try {
  const all = await openDataset(nodePlatform, data, "train");
  const { labelled, rest } = labelSubset(all, { fraction: parseFraction(share), seed: 0 });
  const validation = await openDataset(nodePlatform, data, "val");
  await train({
    ...resolveRecipe("ddep-small", ["start=dep", ...settings]),
    ...{ platform: nodePlatform, engine, folder, validation },
    dataset: labelled,
    unlabelled: rest,
    labels: { of: all.ids.length, seed: 0 },
    watcher: { note: console.log, step: ({ step, loss }) => console.log(`step ${step}: loss ${loss.toFixed(3)}`) },
  });
  console.log((await writeReport({ platform: nodePlatform, engine, folder, validation })).file);
} finally {
  await engine.close();
}
