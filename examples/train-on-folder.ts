/**
 * Trains on a folder of images and masks, and writes a report.
 *
 *     npx tsx examples/train-on-folder.ts photos run 800
 */
import { nodePlatform, openDataset, openEngine, resolveRecipe, train, writeReport } from "tessera-seg";

const [data = "scenes:size=64,train=16,val=4", folder = "runs/example", steps = "10"] = process.argv.slice(2);

const engine = await openEngine();
try {
  const validation = await openDataset(nodePlatform, data, "val");
  await train({
    ...resolveRecipe("transunet-small", [`steps=${steps}`, "cropHeight=96", "cropWidth=96"]),
    platform: nodePlatform,
    engine,
    folder,
    dataset: await openDataset(nodePlatform, data, "train"),
    validation,
    watcher: { step: ({ step, loss }) => console.log(`step ${step}: loss ${loss.toFixed(3)}`) },
  });
  const { file } = await writeReport({ platform: nodePlatform, engine, folder, validation });
  console.log(file);
} finally {
  await engine.close();
}
