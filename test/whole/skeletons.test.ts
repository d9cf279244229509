/** The shared rooms hold for other kinds of methods: from data to checkpoint, scores, predictions, export and report. */
import { readFile, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { labelledDataset } from "../../src/data/views.ts";
import { openDataset } from "../../src/datasets/index.ts";
import { Interrupted } from "../../src/errors.ts";
import { type Evaluation, evaluateDataset } from "../../src/evaluation/evaluate.ts";
import { runTrial } from "../../src/evaluation/trial.ts";
import type { Method } from "../../src/methods/method.ts";
import { segmentIdsOf } from "../../src/metrics/segment-ids.ts";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { exportModel } from "../../src/prediction/export.ts";
import { predictFiles } from "../../src/prediction/predict.ts";
import { openExported, openSegmenter } from "../../src/prediction/segmenter.ts";
import { writeReport } from "../../src/report/run-report.ts";
import { latestCheckpoint, readCheckpoint } from "../../src/runs/checkpoint.ts";
import { isEvaluation, readMetrics } from "../../src/runs/log.ts";
import { openRun, openTrained } from "../../src/runs/open-run.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import type { TrainOptions } from "../../src/training/session.ts";
import { type TrainResult, train } from "../../src/training/train.ts";
import { temporaryFolder } from "../support/cli.ts";
import { components, tagged, words } from "../support/skeletons.ts";

let folder: string;
let remove: () => Promise<void>;
let engine: Engine;
let scenes: string;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  scenes = `${folder}/scenes`;
  await writeScenes(platform, "scenes:size=96x64,train=24,val=6,test=2,classes=coarse,kind=street", scenes);
  engine = await openEngine({ threads: 1 });
});

afterAll(async () => {
  await engine.close();
  await remove();
});

const open = (split: "train" | "val") => openDataset(platform, scenes, split);

async function trained(method: Method, run: string, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
  const [recipe] = Object.values(method.recipes);
  const validation = await open("val");
  return train({
    ...{ method, recipe, platform, engine, folder: run, dataset: await open("train"), validation },
    ...options,
  });
}

const score = ({ measures }: Pick<Evaluation, "measures">) => measures[0].value ?? 0;

describe("a panoptic method", () => {
  const methods = [components];
  let run: string;
  beforeAll(async () => {
    run = `${folder}/components`;
    await trained(components, run);
  });

  test("is scored by panoptic quality as it trains, and keeps its checkpoints by it", async () => {
    const lines = (await readMetrics(platform, run)).filter(isEvaluation);
    expect(lines.at(-1)?.measures.map(({ name }) => name)).toEqual(["PQ", "SQ", "RQ", "PQ of things", "PQ of stuff"]);
    const { progress } = (await latestCheckpoint(platform, run, () => {}))!;
    expect(progress.score).toBe(lines.at(-1)?.measures[0].value);
    expect(progress.score).toBeGreaterThan(0.1);
  });

  test("shows what is only watched, which is no part of the loss", async () => {
    for (const line of await readMetrics(platform, run)) {
      if (isEvaluation(line)) continue;
      expect(line.watched?.accuracy).toBeGreaterThanOrEqual(0);
      expect(line.loss).toBeCloseTo(line.terms.crossEntropy, 6);
    }
  });

  test("predicts segments, as files that read back as a data set does, with scores", async () => {
    const segmenter = await openSegmenter(engine, await openRun(platform, run, { methods }));
    const photographs = ["val_000000", "val_000001"].map((id) => `${scenes}/images/val/${id}.jpg`);
    for (const segmentIds of ["rgb", "16-bit"] as const) {
      const out = `${folder}/segments-${segmentIds}`;
      const { written } = await predictFiles(segmenter, platform, photographs, out, { segmentIds });
      const annotation = JSON.parse(await readFile(`${out}/panoptic.json`, "utf8")) as {
        readonly images: object[];
        readonly annotations: {
          file_name: string;
          segments_info: { id: number; area: number; category_id: number }[];
        }[];
        readonly categories: { id: number; name: string; isthing: number }[];
      };
      expect([annotation.images.length, annotation.categories[0]]).toEqual([2, { id: 1, name: "sky", isthing: 0 }]);
      for (const [index, { segments, summary, overlay }] of written.entries()) {
        const raw = await platform.decodeMask(segments!);
        const ids = segmentIds === "rgb" ? segmentIdsOf(raw, segments!).data : raw.data;
        expect([raw.width, raw.height, (await stat(overlay!)).size > 0]).toEqual([96, 64, true]);
        const { file_name: name, segments_info: found } = annotation.annotations[index];
        expect(segments!.endsWith(name)).toBe(true);
        expect(found).toEqual(summary.segments);
        for (const { id, area, class: named, score: sure, bbox } of summary.segments ?? []) {
          expect([
            ids.filter((each) => each === id).length,
            named.length > 0,
            sure! > 0 && sure! <= 1,
            bbox.length,
          ]).toEqual([area, true, true, 4]);
        }
        expect(summary.segments!.reduce((sum, { area }) => sum + area, 0)).toBe(96 * 64);
      }
    }
    // Its own results may be replaced; a file of another hand may not.
    await predictFiles(segmenter, platform, photographs, `${folder}/segments-rgb`);
    await platform.writeFile(`${folder}/other/panoptic.json`, "{}");
    await expect(predictFiles(segmenter, platform, photographs, `${folder}/other`)).rejects.toThrow(
      "panoptic.json: expected nothing, or an earlier result",
    );
    await segmenter.close();
  });

  test("gives long and tiny photographs segments at their own size, and takes no sizes or windows", async () => {
    const segmenter = await openSegmenter(engine, await openRun(platform, run, { methods }));
    for (const [width, height] of [
      [1, 1],
      [300, 2],
      [2, 700],
      [70, 65],
    ]) {
      const image = { width, height, data: new Uint8Array(3 * width * height).fill(120) };
      const { panoptic, labels } = await segmenter.segment(image);
      expect([panoptic?.data.length, labels.data.length]).toEqual([width * height, width * height]);
    }
    const image = { width: 8, height: 8, data: new Uint8Array(192) };
    await expect(segmenter.segment(image, { flip: true })).rejects.toThrow(
      "a panoptic model sees the whole photograph",
    );
    await segmenter.close();
  });

  test("is exported as its graph, whose segments the method's code makes", async () => {
    const model = await openRun(platform, run, { methods });
    const file = `${folder}/components.onnx`;
    const { card } = await exportModel(engine, platform, model, file);
    expect([card.kind, card.window, card.windowing]).toEqual(["panoptic", [65, 65], "none"]);
    const [own, exported] = [
      await openSegmenter(engine, model),
      await openExported(engine, platform, file, { methods }),
    ];
    const { image } = await (await open("val")).read(0);
    expect((await exported.segment(image)).panoptic).toEqual((await own.segment(image)).panoptic);
    await expect(openExported(engine, platform, file)).rejects.toThrow(
      'method: expected a known name, got "components"',
    );
    await Promise.all([own.close(), exported.close()]);
  });

  test("has a report with segments, their scores and a table of panoptic quality", async () => {
    const { evaluation, file } = await writeReport({
      platform,
      engine,
      folder: run,
      validation: await open("val"),
      methods,
    });
    expect(evaluation).toMatchObject({ kind: "panoptic", images: 6 });
    const page = await readFile(file, "utf8");
    for (const text of ["highest PQ", "PQ of stuff", "SQ %", "segments</th>", "Watched"]) expect(page).toContain(text);
    expect(page).not.toContain("Confusion");
  });
});

describe("a method of open words", () => {
  const methods = [words];
  let run: string;
  let captions: Dataset;
  beforeAll(async () => {
    run = `${folder}/words`;
    captions = labelledDataset(await open("train"), ["captions"]);
    await trained(words, run, { dataset: { ...captions, classes: [], valueMap: {} } });
  });

  test("learns from captions alone, of a data set without classes", async () => {
    const losses = (await readMetrics(platform, run)).flatMap((line) => (isEvaluation(line) ? [] : line.loss));
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    await expect(openRun(platform, run, { methods })).rejects.toThrow(
      'expected the classes to segment, got none: this model takes any words. Add --classes "cat, sofa, lamp".',
    );
  });

  test("segments whatever words are asked for, and is scored on a data set by its classes", async () => {
    const classes = ["sky", "road", "car"].map((name) => ({ name, color: [9, 9, 9] as const }));
    const segmenter = await openSegmenter(engine, await openRun(platform, run, { methods, classes }));
    const { image } = await (await open("val")).read(0);
    const { areas } = await segmenter.segment(image);
    expect([areas.length, areas.reduce((a, b) => a + b), segmenter.card.windowing]).toEqual([3, 96 * 64, "halves"]);
    await segmenter.close();
    const validation = await open("val");
    const own = await openSegmenter(engine, await openRun(platform, run, { methods, classes: validation.classes }));
    const evaluation = await evaluateDataset(own, validation, { boundary: false });
    expect([evaluation.kind, score(evaluation) > 0]).toEqual(["semantic", true]);
    await own.close();
  });

  test("is exported with the words' vectors in place of the table that they come from", async () => {
    const names = ["sky", "road", "a red car"];
    const classes = names.map((name) => ({ name, color: [9, 9, 9] as const, words: [name, "thing"] }));
    const model = await openRun(platform, run, { methods, classes });
    const file = `${folder}/words.onnx`;
    const { bytes, card } = await exportModel(engine, platform, model, file);
    // 8,192 vectors of 16 numbers are 524 kB.
    expect([bytes < 100_000, card.classes.map(({ name }) => name)]).toEqual([true, names]);
    const [own, exported] = [await openSegmenter(engine, model), await openExported(engine, platform, file)];
    const { image } = await (await open("val")).read(1);
    expect((await exported.segment(image)).labels).toEqual((await own.segment(image)).labels);
    await Promise.all([own.close(), exported.close()]);
  });

  test("has a report without scores, as its data set names no classes", async () => {
    const { evaluation, file } = await writeReport({ platform, engine, folder: run, validation: null, methods });
    expect([evaluation, (await readFile(file, "utf8")).includes("Loss")]).toEqual([null, true]);
  });
});

test("a method of a closed vocabulary refuses words", async () => {
  const classes = [{ name: "sky", color: [0, 0, 0] as const }];
  await expect(openRun(platform, `${folder}/components`, { methods: [components], classes })).rejects.toThrow(
    "expected no --classes, got some: components segments the 9 classes that it was trained on. Leave them out.",
  );
});

describe("a method whose pass writes labels", () => {
  const methods = [tagged];
  let run: string;
  let tags: Dataset;
  beforeAll(async () => {
    run = `${folder}/tagged`;
    tags = labelledDataset(await open("train"), ["tags"]);
    await trained(tagged, run, { dataset: tags });
  });

  test("counts the pass as a step, and keeps what came of it", async () => {
    const steps = (await readMetrics(platform, run)).map(({ step, stage }) => [step, stage]);
    expect(steps.at(-1)).toEqual([25, "segment"]);
    const { tensors } = await readCheckpoint(platform, run, 13);
    const centre = [...(tensors.weights.centre.data as Float32Array)];
    let sum = [0, 0, 0];
    for (let index = 0; index < tags.ids.length; index++) {
      const { data } = (await tags.read(index)).image;
      const own = [0, 0, 0];
      for (let i = 0; i < data.length; i++) own[i % 3] += data[i];
      sum = sum.map((each, c) => each + own[c] / (96 * 64) / tags.ids.length);
    }
    for (const [c, value] of centre.entries()) expect(value).toBeCloseTo(sum[c], 3);
  });

  test("writes a mask for each sample, of its tags alone, of the photograph's size", async () => {
    for (const [index, id] of tags.ids.entries()) {
      const { width, height, data } = await platform.decodeMask(`${run}/labels/masks/${id}.mask.png`);
      const { labels, image } = await tags.read(index);
      expect([width, height]).toEqual([image.width, image.height]);
      expect([...new Set(data)].every((label) => labels.tags!.includes(label))).toBe(true);
    }
  });

  test("keeps the weights of earlier stages beside those of the last, and its norm counted without training", async () => {
    const { weights } = await openTrained(platform, run, { methods });
    const parts = new Set(Object.keys(weights).map((name) => name.split(".")[0]));
    expect([...parts].sort()).toEqual(["centre", "maps", "network", "still"]);
    const still = (name: string) => [...(weights[`still.${name}`].data as Float32Array)];
    expect([still("weight").every((x) => x === 1), still("running_mean").some((x) => x !== 0)]).toEqual([true, true]);
  });

  test("predicts, and shows what an earlier stage sees", async () => {
    const { method, recipe, task, weights } = await openRun(platform, run, { methods });
    const validation = await open("val");
    const evaluation = await evaluateDataset(
      await openSegmenter(engine, await openRun(platform, run, { methods })),
      validation,
    );
    expect(evaluation.images).toBe(6);
    const [view] = method.views!(recipe, task);
    const shown = await runTrial(view, { engine, dataset: validation, weights, seed: 0, onBadImage: "fail" });
    expect(shown?.pictures[0].pictures[0].image.width).toBe(16);
    const { file } = await writeReport({ platform, engine, folder: run, validation, methods });
    expect(await readFile(file, "utf8")).toContain("Inside the model: maps");
  });

  test.each([1, 3, 23])("stopped in its pass after %i samples and resumed, ends with the same bytes", async (at) => {
    const other = `${folder}/tagged-${at}`;
    const stop = new AbortController();
    const watcher = { pass: ({ done }: { readonly done: number }) => void (done === at && stop.abort()) };
    await expect(trained(tagged, other, { dataset: tags, signal: stop.signal, watcher })).rejects.toThrow(Interrupted);
    let read = 0;
    const counted: Dataset = {
      ...tags,
      read: (...asked) => {
        read++;
        return tags.read(...asked);
      },
    };
    const seen: number[] = [];
    await trained(tagged, other, {
      dataset: counted,
      resume: true,
      watcher: { pass: ({ done }) => void seen.push(done) },
    });
    expect(seen).toHaveLength(tags.ids.length); // all are gone over, and only the others read again
    for (const name of ["checkpoints/step-00000025/weights.safetensors", "metrics.jsonl", "labels/masks.json"]) {
      expect(await readFile(`${other}/${name}`)).toEqual(await readFile(`${run}/${name}`));
    }
    expect(read).toBeGreaterThan(0);
  });
});
