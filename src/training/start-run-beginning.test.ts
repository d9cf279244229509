import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { movedWeights } from "../../test/support/weights.ts";
import type { Dataset } from "../data/dataset.ts";
import type { LabelKind } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Trained } from "../methods/stage.ts";
import { stagesOf, trainingModel } from "../methods/stages.ts";
import { type StartOptions, startRun } from "./start-run.ts";

const size = { width: 16, height: 16 };
const classes = ["sky", "road"].map((name) => ({ name, color: [0, 0, 0] as const }));

/** Two grey images; half of each mask is sky. */
function dataset(kinds: readonly LabelKind[] = ["mask"]): Dataset {
  const ids = ["a", "b"];
  return {
    ...{
      name: "set",
      split: "train",
      classes,
      kinds,
      ids,
      valueMap: { "0": 0, "1": 1 },
      source: (index) => ids[index],
    },
    read: async (index) => ({
      ...{ id: ids[index], source: ids[index], image: { ...size, data: new Uint8Array(768).fill(99) } },
      labels: kinds.includes("mask") ? { mask: { ...size, data: new Uint8Array(256).fill(1, 0, 128) } } : {},
    }),
  };
}

/** What a run of ddep-tiny left behind after its first stage. */
function left(...settings: string[]): Trained {
  const [stage] = stagesOf(resolveRecipe("ddep-tiny", settings), { classes, frequencies: [] });
  if (stage.kind !== "training") throw new Error(stage.kind);
  const { model } = trainingModel(stage);
  return { weights: movedWeights(model), stage: stage.name, recipe: stage.settings, source: "before" };
}

const denoised = left("start=dep");
const decoderAlone: Trained = {
  ...denoised,
  weights: Object.fromEntries(Object.entries(denoised.weights).filter(([name]) => name.startsWith("decoder."))),
};

async function start(settings: readonly string[], options: Partial<StartOptions> = {}, platform = memoryPlatform()) {
  const started = await startRun({
    ...{ ...resolveRecipe("ddep-tiny", settings), platform, engine: {}, folder: "run", dataset: dataset() },
    ...{ unlabelled: null, labels: null, from: [], validation: null, resume: false, onBadImage: "fail" },
    ...{ licence: "MIT", onProgress: () => {}, lock: async () => {}, ...options },
  });
  return { ...started, platform };
}

const supervised = ["start=supervised", "encoderSteps=0"];
const ddep = ["start=ddep", "encoderSteps=0"];

describe("a run is begun", () => {
  test.each<[string, string[], Partial<StartOptions>]>([
    ["from nothing, where its first stage needs nothing", ["start=ddep"], {}],
    ["from an encoder", supervised, { from: [left("start=supervised")] }],
    ["from a denoised network", [...ddep, "denoiseSteps=0"], { from: [left("start=dep")] }],
    ["from images alone, where no stage needs labels", ["start=dep", "steps=0"], { dataset: dataset([]) }],
    ["from masks, which tell the tags as well", ["start=supervised"], {}],
    ["from tags, where the encoder alone is trained", ["start=supervised", "steps=0"], { dataset: dataset(["tags"]) }],
  ])("%s", async (_, settings, options) => {
    const { run, platform } = await start(settings, options);
    const from = (options.from ?? []).map(({ stage }) => ({ source: "before", stage }));
    expect(run.record.from).toEqual(from);
    expect([...platform.files.keys()].sort()).toEqual(["run/recipe.json", "run/run.json"]);
  });

  test("from a part of the labels, whose samples it lists", async () => {
    const { run, platform } = await start(["start=none"], { labels: { of: 16, seed: 3 } });
    expect(run.record.labels).toEqual({ of: 16, seed: 3 });
    expect(new TextDecoder().decode(platform.files.get("run/labelled.txt"))).toBe("a\nb\n");
  });
});

describe("refused, with nothing written, is a run", () => {
  test.each<[string, string[], Partial<StartOptions>, string]>([
    [
      "without the encoder that it needs",
      ddep,
      {},
      "recipe ddep-tiny: stage denoise expected a pretrained encoder (encoderSteps is 0), got no weights to begin with. Add --encoder WEIGHTS or --from RUN; tessera import makes a run of published weights.",
    ],
    [
      "without the denoised network that it needs",
      [...ddep, "denoiseSteps=0"],
      {},
      "stage finetune expected a network pretrained by denoising (denoiseSteps is 0)",
    ],
    [
      "from a wider encoder",
      supervised,
      { from: [left("start=supervised", "tokenWidth=64")] },
      "before: expected encoder.patches.weight of shape [32, ",
    ],
    [
      "from an encoder of other heads",
      supervised,
      { from: [left("start=supervised", "heads=4")] },
      "before: expected an encoder trained with heads 2, as the recipe has it, got 4. Add --set heads=4.",
    ],
    [
      "from weights that have nothing of what it needs",
      supervised,
      { from: [decoderAlone] },
      "stage finetune expected a pretrained encoder (encoderSteps is 0), got no weights to begin with",
    ],
    [
      "whose stage learns from labels that there are none of",
      ["start=supervised"],
      { dataset: dataset(["captions"]) },
      "set: stage encoder of ddep learns from tags, got captions in the split train. See tessera inspect for what is there.",
    ],
    [
      "whose last stage learns from masks, on images alone",
      ["start=dep"],
      { dataset: dataset([]) },
      "stage finetune of ddep learns from masks, got images alone",
    ],
    [
      "of tags without classes",
      ["start=supervised", "steps=0"],
      { dataset: { ...dataset(["tags"]), classes: [] } },
      "set: expected at least one class, got none",
    ],
  ])("%s", async (_, settings, options, message) => {
    const platform = memoryPlatform();
    const refused = start(settings, options, platform);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(InputError);
    expect([...platform.files.keys()]).toEqual([]);
  });
});

describe("a run that was begun from another", () => {
  const before = left("start=supervised");
  const from = [before];

  test("needs it again where it has no checkpoint yet", async () => {
    const { platform } = await start(supervised, { from });
    await expect(start(supervised, { resume: true }, platform)).rejects.toThrow(
      "run: expected the weights of before again, as the run has no checkpoint yet, got none. Add --encoder before.",
    );
    const { run } = await start(supervised, { resume: true, from }, platform);
    expect(run.record.from).toEqual([{ source: "before", stage: "encoder" }]);
  });

  test("is not the same begun from other weights", async () => {
    const { platform } = await start(supervised, { from });
    const again = (other: Trained) => start(supervised, { resume: true, from: [other] }, platform);
    await expect(again({ ...before, source: "other" })).rejects.toThrow(
      'from: ["before after encoder"] → ["other after encoder"]',
    );
    // The same, by another path.
    expect((await again({ ...before, source: "runs/before/" })).run.record.from[0].source).toBe("before");
  });

  test("is not the same with other labels, or with images that it did not have", async () => {
    const { platform } = await start(supervised, { from });
    const again = (options: Partial<StartOptions>) => start(supervised, { from, resume: true, ...options }, platform);
    await expect(again({ labels: { of: 16, seed: 0 } })).rejects.toThrow("labels: null → ");
    await expect(again({ unlabelled: dataset([]) })).rejects.toThrow("unlabelled: null → ");
  });
});
