import { resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import type { OpenOptions } from "../datasets/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import { command } from "./command.ts";
import { badImagePolicy, datasetOptions, engineFor, engineOptions, placeOf } from "./options.ts";
import { duration, type Terminal } from "./terminal.ts";

/** Scenes of 128 pixels: more than enough for minutes of training, and none is drawn before it is needed. */
const scenesSpec = "scenes:size=128,train=400,val=40,test=6";

/**
 * transunet-small made to show something within minutes: smaller crops, and schedules that fit few steps.
 * A step of it takes about a quarter of a second on two cores.
 */
const settings = [
  "cropHeight=128",
  "cropWidth=128",
  "learningRate=2e-3",
  "warmupSteps=20",
  "logEvery=5",
  "checkpointEvery=100",
];
const recipeName = "transunet-small";
/** Measured on two cores; scoring and the report take about half a minute more. */
const stepsPerMinute = 240;

/** Pictures that the model is tried on at the end. */
const tried = 6;

export const startCommand = command({
  name: "start",
  summary: "the whole tour in about three minutes: train, score, segment, report",
  positionals: [
    { name: "DATASET", help: "your own folder with images and masks; default: the drawn scenes", count: "optional" },
  ],
  options: {
    minutes: {
      kind: "number",
      placeholder: "N",
      minimum: 0.05,
      maximum: 10_000,
      help: "how long to train, as measured on two cores; default 2.5",
    },
    steps: {
      kind: "number",
      placeholder: "N",
      integer: true,
      minimum: 1,
      help: "instead of minutes: how many updates",
    },
    out: { kind: "text", placeholder: "FOLDER", help: "where to write; default runs/start, or the next free number" },
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change one value of the recipe; may be repeated" },
    ...datasetOptions,
    ...engineOptions,
  },
  examples: [
    ["npm start", "draws scenes, trains on them, and shows what was learned"],
    ["npm start -- photos", "the same with your own folder"],
    ["tessera start photos --minutes 20", "longer, and better"],
  ],
  async run({ positionals: [spec = scenesSpec], options }, terminal) {
    const [
      { nodePlatform },
      { openTrainingData },
      { runTraining, scoresText },
      { resolveRecipe },
      { keptDataset },
      { isEmpty },
    ] = await Promise.all([
      import("../platform/node.ts"),
      import("../datasets/training-data.ts"),
      import("./run-training.ts"),
      import("../methods/resolve-recipe.ts"),
      import("../data/views.ts"),
      import("../evaluation/evaluate.ts"),
    ]);
    const steps = options.steps ?? Math.max(1, Math.round((options.minutes ?? 2.5) * stepsPerMinute));
    const timing = [`steps=${steps}`, `evaluateEvery=${Math.max(25, Math.ceil(steps / 3))}`];
    const resolved = resolveRecipe(recipeName, [...settings, ...timing, ...options.set]);
    const onBadImage = badImagePolicy(options);
    const found = await openTrainingData(nodePlatform, spec, {
      ...{ ...placeOf(options), onBadFile: onBadImage },
      learnsFrom: { labels: ["mask"], images: false },
    });
    // Drawing a scene takes longer than training on it.
    const data =
      spec === scenesSpec
        ? {
            ...found,
            dataset: keptDataset(found.dataset),
            validation: found.validation && keptDataset(found.validation),
          }
        : found;
    const folder = options.out ?? (await freeFolder(nodePlatform, "runs/start"));
    const unseen = await unseenOf(nodePlatform, spec, placeOf(options));
    const { dataset, validation } = data;
    terminal.note(
      `data: ${dataset.name}, ${dataset.ids.length} images to train on, ${validation?.ids.length ?? 0} to score`,
    );
    terminal.note(`model: ${recipeName}, ${steps} steps; everything goes to ${folder}`);
    const engine = await engineFor(options);
    try {
      const request = {
        ...resolved,
        ...data,
        platform: nodePlatform,
        engine,
        folder,
        resume: false,
        onBadImage,
        unseen,
      };
      const outcome = await runTraining(request, terminal);
      const masks = await segmentUnseen(nodePlatform, engine, folder, unseen ?? validation, terminal);
      const { evaluation, report, seconds } = outcome;
      terminal.print(`trained ${steps} steps in ${duration(seconds)}`);
      if (evaluation !== null) {
        const where = isEmpty(evaluation) ? "" : `, on ${evaluation.images} images it was not trained on`;
        terminal.print(`${scoresText(evaluation, terminal)}${where}`);
      }
      if (masks !== null) terminal.print(`masks of unseen pictures: ${masks}`);
      terminal.print(`report: ${terminal.bold(resolve(report))}`);
      terminal.result({
        ...outcome,
        evaluation: evaluation && { measures: evaluation.measures },
        masks,
      });
    } finally {
      await engine.close();
    }
  },
});

/** `base`, or `base-2`, `base-3` … : the first that is not there. */
async function freeFolder(platform: Platform, base: string): Promise<string> {
  for (let count = 1; ; count++) {
    const folder = count === 1 ? base : `${base}-${count}`;
    if ((await platform.exists(folder)) === "nothing") return folder;
  }
}

/** The test split, which nothing was trained on or chosen by; null where there is none. */
async function unseenOf(platform: Platform, spec: string, place: OpenOptions): Promise<Dataset | null> {
  const { openDataset, splitsOf } = await import("../datasets/index.ts");
  const options = { ...place, onBadFile: "skip" as const };
  const splits = await splitsOf(platform, spec, options);
  return splits.includes("test") ? openDataset(platform, spec, "test", options) : null;
}

/** Masks, overlays and records of a few pictures, as tessera predict writes them. Returns their folder. */
async function segmentUnseen(
  platform: Platform,
  engine: Engine,
  folder: string,
  dataset: Dataset | null,
  terminal: Terminal,
): Promise<string | null> {
  if (dataset === null) return null;
  const [{ predictFiles }, { openModel }] = await Promise.all([
    import("../prediction/predict.ts"),
    import("./open-model.ts"),
  ]);
  const photographs: string[] = [];
  for (let index = 0; index < Math.min(tried, dataset.ids.length); index++) {
    const file = dataset.source(index);
    if ((await platform.exists(file)) === "file") photographs.push(file);
    else {
      // Drawn in memory: predict reads files, so it gets some.
      const { id, image } = await dataset.read(index);
      const path = `${folder}/unseen/${id}.jpg`;
      await platform.writeFile(path, await platform.encodeImage(image, "jpeg", { quality: 92 }));
      photographs.push(path);
    }
  }
  const out = `${folder}/predictions`;
  const segmenter = await openModel(engine, platform, folder, terminal);
  const { skipped } = await predictFiles(segmenter, platform, photographs, out, {
    onBadImage: "skip",
    signal: terminal.signal,
  });
  for (const { problem } of skipped) terminal.note(`skipped: ${problem}`);
  await segmenter.close();
  return out;
}
