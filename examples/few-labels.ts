/**
 * Learns from few masks and many photographs: denoises all of them, then fine-tunes on those that have a mask.
 *
 *     npx tsx examples/few-labels.ts photos run 1/8
 */
import {
  nodePlatform,
  openEngine,
  openTrainingData,
  parseFraction,
  resolveRecipe,
  sourcesOf,
  train,
  writeReport,
} from "tessera-seg";

const [data = "scenes:size=64,train=16,val=4", folder = "runs/few", share = "1/4", ...settings] = process.argv.slice(2);

const engine = await openEngine();
try {
  const resolved = resolveRecipe("ddep-small", ["start=dep", ...settings]);
  const keep = { fraction: parseFraction(share) };
  const found = await openTrainingData(nodePlatform, data, {
    onBadFile: "fail",
    keep,
    learnsFrom: sourcesOf(resolved),
  });
  await train({
    ...{ ...resolved, ...found, platform: nodePlatform, engine, folder },
    watcher: { note: console.log, step: ({ step, loss }) => console.log(`step ${step}: loss ${loss.toFixed(3)}`) },
  });
  const { validation } = found;
  console.log((await writeReport({ platform: nodePlatform, engine, folder, validation })).file);
} finally {
  await engine.close();
}
