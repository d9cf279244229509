/**
 * What freezing the encoder saves in a denoising step: both steps taking turns in one process, compared by CPU time.
 *
 *   npx tsx bench/denoising-step/main.ts [--recipe ddep-small] [--batch 8] [--side 128] [--threads 1] [--steps 6]
 *
 * The first step of each (memory still growing) is left out. Goal: frozen / unfrozen at most 0.6.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { denoiseStage } from "../../src/methods/ddep/denoise-stage.ts";
import { type DdepRecipe, recipes } from "../../src/methods/ddep/recipe.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { buildStep, type TrainingStep } from "../../src/step/step.ts";
import { batchOf } from "../training-step/models.ts";

const { values } = parseArgs({
  options: {
    recipe: { type: "string", default: "ddep-small" },
    batch: { type: "string", default: "8" },
    side: { type: "string", default: "128" },
    threads: { type: "string", default: "1" },
    steps: { type: "string", default: "6" },
  },
});
const found = (recipes as Readonly<Record<string, DdepRecipe>>)[values.recipe];
if (found === undefined) {
  console.error(`bench: expected one of ${Object.keys(recipes).join(", ")}, got ${values.recipe}. Name a recipe.`);
  process.exit(2);
}

interface Side {
  readonly title: string;
  readonly step: TrainingStep;
  readonly batch: () => ReturnType<typeof batchOf>;
  readonly cpuMs: number[];
}

async function open(title: string, start: DdepRecipe["start"]): Promise<Side> {
  const side = Number(values.side);
  const changed = {
    ...{ ...found, start, denoiseBatchSize: Number(values.batch) },
    ...{ denoiseCropHeight: side, denoiseCropWidth: side },
  };
  const { inputs, loss, trains, settings: recipe } = denoiseStage(changed, undefined);
  const step = await buildStep({
    engine: await openEngine({ threads: Number(values.threads) }),
    inputs,
    loss,
    ...(trains && { trains }),
    recipe,
  });
  await step.initialize(1);
  const bench = { title, inputs, loss: () => ({ terms: {} }), recipe, classes: 0, settings: {} };
  return { title, step, batch: () => batchOf(bench), cpuMs: [] };
}

const sides = [await open("unfrozen (dep)", "dep"), await open("frozen (ddep)", "ddep")];
for (let i = 0; i <= Number(values.steps); i++) {
  for (const { step, batch, cpuMs } of sides) {
    const arrays = batch();
    const before = process.cpuUsage();
    await step.run(arrays, { step: i, seed: 1 });
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1000);
  }
}
const [unfrozen, frozen] = sides.map(({ title, cpuMs }) => {
  const sorted = cpuMs.slice(1).sort((a, b) => a - b);
  const [least, median] = [sorted[0], sorted[sorted.length >> 1]];
  console.log(`${title.padEnd(15)} CPU ms: least ${least.toFixed(0)}, median ${median.toFixed(0)}`);
  return { least, median };
});
console.log(
  `ratio frozen / unfrozen: least ${(frozen.least / unfrozen.least).toFixed(2)}, median ${(frozen.median / unfrozen.median).toFixed(2)}; ` +
    `${values.recipe}, batch ${values.batch}, ${values.side} pixels, ${values.threads} thread(s); ${cpus()[0].model}, Node ${process.version}`,
);
process.exit(0);
