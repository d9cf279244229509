import { describe, expect, test } from "vitest";
import { type MemoryPlatform, memoryPlatform } from "../../test/support/memory-platform.ts";
import { smallChoice } from "../../test/support/small-study.ts";
import { float32 } from "../array/ndarray.ts";
import { InputError, Interrupted, UsageError } from "../errors.ts";
import { adopt, resolveRecipe } from "../methods/resolve-recipe.ts";
import { stagesOf, totalSteps } from "../methods/stages.ts";
import { writeCheckpoint } from "../runs/checkpoint.ts";
import { openTrained } from "../runs/open-run.ts";
import { createRun } from "../runs/run.ts";
import { runFormat } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { type Reading, requireSameStudy } from "./record.ts";
import { runStudy, type StudyOptions } from "./run-study.ts";
import { type StudyRun, scheduleOf } from "./schedule.ts";

const choice = { ...smallChoice, parts: ["width"], fractions: [1 / 8], seeds: 2 };
const { runs } = scheduleOf(choice);
const reading: Reading = { layout: null, onBadImage: "fail", shortSide: null, samples: "" };

/** A study with these runs as if they had been trained to their end, or only `short` steps from it. */
async function trained(
  done: readonly StudyRun[],
  { short = 0, report = true, scored = true } = {},
): Promise<MemoryPlatform> {
  const platform = memoryPlatform();
  await requireSameStudy(platform, "study", { ...choice, dataset: "photos", reading });
  for (const { name, settings, arm, from } of done) {
    const listed = resolveRecipe("ddep-tiny", settings);
    const resolved = from === null ? listed : adopt(listed, [await openTrained(platform, `study/runs/${from}`)]);
    const folder = `study/runs/${name}`;
    const record = {
      ...{ format: runFormat, version: "0", method: "ddep", recipe: "ddep-tiny", classes: [], valueMap: {} },
      ...{ dataset: { name: "photos", samples: 1, fingerprint: "" }, unlabelled: null, labels: null, from: [] },
      ...{ frequencies: [], window: [64, 64] as const, shortSide: 0, licence: "" },
    };
    await createRun(platform, folder, { ...resolved, record });
    const steps = totalSteps(stagesOf(resolved));
    const progress = { step: steps - short, stage: 0, stageStep: 0, window: { count: 0, sums: {} }, score: null };
    await writeCheckpoint(
      platform,
      folder,
      { progress, tensors: { weights: { "encoder.a": float32([1], [0]) } } },
      { keep: 1 },
    );
    if (report) await platform.writeFile(`${folder}/report.html`, "<html>");
    if (arm !== null && scored)
      await platform.writeFile(
        `${folder}/scores.json`,
        '{"measures":[{"name":"mean IoU","value":0.5,"unit":"share"}]}',
      );
  }
  return platform;
}

/** Runs the study until it asks for data, which there are none of. What it did is in `said` and `asked`. */
function study(platform: MemoryPlatform, changes: Partial<StudyOptions> = {}) {
  const said: string[] = [];
  const asked: unknown[] = [];
  const over = runStudy({
    ...{ ...choice, platform, dataset: "photos", reading, folder: "study", signal: new AbortController().signal },
    openEngine: async () => ({ close: async () => {} }) as Engine,
    openData: async (...options) => {
      asked.push(options);
      throw new InputError("photos: expected a folder, got nothing there. Check the path.");
    },
    onRun: ({ index, count, run, done }) =>
      void said.push(`${index + 1} of ${count}: ${run.name}${done ? ", done" : ""}`),
    ...changes,
  });
  return { over, said, asked };
}

test("what is done is not done again", async () => {
  const { over, said, asked } = study(await trained(runs));
  await over;
  expect(said).toEqual(runs.map(({ name }, i) => `${i + 1} of 5: ${name}, done`));
  expect(asked).toEqual([]);
});

test("a run of another recipe is not taken for one of the study", async () => {
  const platform = await trained(runs);
  const path = `study/runs/${runs[1].name}/recipe.json`;
  const recipe = JSON.parse(new TextDecoder().decode(platform.files.get(path)));
  await platform.writeFile(path, JSON.stringify({ ...recipe, denoiseLearningRate: 0.5 }));
  await expect(study(platform).over).rejects.toThrow(
    `study/runs/${runs[1].name}: expected a run of the recipe that the study trains, got another (there → here: denoiseLearningRate: 0.5 → `,
  );
});

describe("a run is trained", () => {
  test.each<[string, Promise<MemoryPlatform>]>([
    ["that has not begun", trained(runs.slice(0, 2))],
    ["that is not at its end", trained(runs.slice(0, 3), { short: 1 })],
    ["that has no report", trained(runs, { report: false })],
    ["that has no scores, though it is to be compared", trained(runs, { scored: false })],
  ])("%s", async (_, platform) => {
    const { over, said, asked } = study(await platform);
    await expect(over).rejects.toThrow("photos: expected a folder");
    expect(said.at(-1)).not.toContain("done");
    expect(asked).toHaveLength(1);
  });

  test("on a share of the labels, drawn by its seed", async () => {
    const { over, asked } = study(await trained(runs.slice(0, 4)));
    await expect(over).rejects.toThrow();
    expect(asked).toEqual([
      ["photos", { fraction: 1 / 8, seed: 1 }, { labels: ["mask", "tags"], more: [], images: true }],
    ]);
  });

  test("on a data set of its own, with all labels, if it is a pretraining", async () => {
    const { over, asked } = study(await trained([]));
    await expect(over).rejects.toThrow();
    expect(asked).toEqual([["tags", null, { labels: ["tags"], more: [], images: false }]]);
  });
});

describe("an arm that trains nothing", () => {
  const plan: typeof choice.study.plan = (question) => {
    const { pretrainings, claims } = smallChoice.study.plan(question);
    const arm = { name: "same", about: "", settings: [], from: "denoise", fractions: [1], drawn: false } as const;
    return { pretrainings, claims, arms: [{ ...arm, trains: false, measure: "PSNR", scoredOn: "others" }] };
  };
  const same = { ...choice, study: { ...smallChoice.study, plan }, fractions: [1], seeds: 1 };
  const all = scheduleOf(same).runs;

  test("is scored on the data set that it names", async () => {
    const { over, said, asked } = study(await trained(all.slice(0, 2)), same);
    await expect(over).rejects.toThrow("photos: expected a folder");
    expect(said.at(-1)).toBe("3 of 3: same-all-seed0");
    expect(asked).toEqual([["others", null, { labels: ["mask", "tags"], more: [], images: true }]]);
  });

  test("needs a split val there", async () => {
    const openData = async () => ({ validation: null }) as unknown as Awaited<ReturnType<StudyOptions["openData"]>>;
    const { over } = study(await trained(all.slice(0, 2)), { ...same, openData });
    await expect(over).rejects.toThrow("others: expected a labelled split val to score on, got none.");
  });

  test("is done once it has that score", async () => {
    const platform = await trained(all.slice(0, 2));
    const scores = JSON.stringify({ measures: [{ name: "PSNR", value: 0.5, unit: "share" }] });
    await platform.writeFile(`study/runs/${all[2].name}/scores.json`, scores);
    const { over, said } = study(platform, same);
    await over;
    expect(said.at(-1)).toBe("3 of 3: same-all-seed0, done");
  });
});

test("a signal ends it after the run that it is at", async () => {
  const stop = new AbortController();
  const { over, said } = study(await trained(runs), {
    signal: stop.signal,
    onRun: ({ index }) => {
      if (index === 1) stop.abort();
    },
  });
  await expect(over).rejects.toThrow(Interrupted);
  expect(said).toEqual([]);
});

test.each([
  ["a value that cannot be", "batchSize=0", "batchSize must be a whole number"],
  ["no denoising", "denoiseSteps=0", "study: expected steps to train for pretraining denoise, seed 0, got settings"],
  [
    "no fine-tuning",
    "steps=0",
    "study: expected steps to train for wide, 1/8 of the labels, seed 0, got settings that",
  ],
])("%s is found before anything is written", async (_, setting, message) => {
  const platform = memoryPlatform();
  const { over } = study(platform, { settings: [setting] });
  await expect(over).rejects.toThrow(message);
  await expect(over).rejects.toThrow(UsageError);
  expect([...platform.files.keys()]).toEqual([]);
});

test("a folder with another study is left alone", async () => {
  const { over, said } = study(await trained([]), { dataset: "others" });
  await expect(over).rejects.toThrow('expected the study that is there, got dataset: "photos" → "others"');
  expect(said).toEqual([]);
});
