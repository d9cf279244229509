import type { Dataset } from "../data/dataset.ts";
import { Findings } from "../data/findings.ts";
import { withRead } from "../data/views.ts";
import { InputError, oneLine, UsageError } from "../errors.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { classifyOptions, evalClassify, requireNoSegmentation } from "./eval-classify.ts";
import { evalPanoptic, panopticOptions, requirePanoptic } from "./eval-panoptic.ts";
import { meanOverDatasets, meanText, otherScores, transferOptions, transferred } from "./eval-transfer.ts";
import { evalTrials, trialOptions } from "./eval-trials.ts";
import { badImagePolicy, datasetOptions, engineFor, engineOptions, placeOf } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { checkScoredOptions, openScored, scoredOptions } from "./scored-model.ts";
import { requireScoresFile } from "./scores-file.ts";
import { segmentOptionsFrom, testingOptions } from "./testing-options.ts";

/** The data set, whose photographs tell what is remarked of their files. */
function watched(dataset: Dataset, found: Findings): Dataset {
  return withRead(dataset, async (index, kinds) => {
    const sample = await dataset.read(index, kinds);
    found.addSample(sample);
    return sample;
  });
}

export const evalCommand = command({
  name: "eval",
  summary: "score a trained model on a data set, or panoptic files of any program",
  positionals: [
    {
      name: "RUN",
      help: "a run folder, a model.onnx that tessera export wrote, published weights, or owner/name on the hub; with --panoptic: predictions, a JSON in COCO's panoptic format, a folder that predict wrote, or one of two-channel PNGs (red: category id, green: instance)",
      count: "one",
    },
    {
      name: "DATASET",
      help: "a folder, or scenes for the drawn data set; with --panoptic: the ground truth, a JSON in COCO's panoptic format",
      count: "one",
    },
  ],
  options: {
    split: {
      kind: "text",
      placeholder: "NAME",
      choices: ["train", "val", "test"],
      help: "which part to score; default val",
    },
    ...testingOptions,
    ...scoredOptions,
    ...transferOptions,
    ...classifyOptions,
    ...trialOptions,
    noBoundary: { kind: "flag", help: "leave boundary IoU out; takes about half the time" },
    out: { kind: "text", placeholder: "FILE", help: "write the scores there as JSON, with every image's" },
    ...panopticOptions,
    ...datasetOptions,
    ...askedOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera eval run photos", "mean IoU, and IoU and accuracy of each class"],
    ["tessera eval run photos --scales 0.75,1,1.25 --flip", "averaged over six views of each image"],
    [
      "tessera eval run other-photos --map map.json --with here.json",
      "on a data set of other classes, and the harmonic mean with what --out wrote before",
    ],
    ["tessera eval model.onnx photos --json", "of an exported model, for a script"],
    ["tessera eval --panoptic predictions.json panoptic_val2017.json", "PQ, SQ and RQ of what any program predicted"],
    [
      "tessera eval run photos --classify",
      "a model of any words: which of the classes a photograph as a whole is nearest to",
    ],
    [
      "tessera eval tok photos --trials",
      "of a run that is no whole model yet: a GSS tokenizer's reconstruction of masks",
    ],
    ["tessera eval run photos --baseline k-means", "a run whose patches are compared with words, clustered instead"],
  ],
  notes:
    "Semantic models are scored by mean IoU: all pixels are counted in one integer confusion matrix; panoptic ones by panoptic\n" +
    "quality. Classes in neither truth nor predictions are left out of means. A model that takes any words is asked for the\n" +
    "classes of the data set, unless --classes names them, with the threshold that the model's authors scored with there, unless\n" +
    "--threshold says another. With --panoptic no model is run: files are compared by the rules of\n" +
    "COCO's evaluator. PNGs of ids lie in the folder of the JSON's name, beside it, or where --prediction-masks and\n" +
    "--truth-masks say.",
  async run({ positionals: [run, spec], options }, terminal) {
    const { out, noBoundary, groups, baseline, clusters } = options;
    requirePanoptic(options);
    if (options.panoptic) return evalPanoptic({ predictions: run, truth: spec, options }, terminal);
    const segmentOptions = segmentOptionsFrom(options);
    checkScoredOptions(options, segmentOptions);
    if (groups && options.map !== undefined) {
      throw new UsageError(
        "--map: expected no --groups, which are scored by the model's own classes, got it. Leave out one.",
      );
    }
    if (options.probe && !options.classify) throw new UsageError("--probe: expected --classify, got none. Add it.");
    if (options.classify) {
      const segmented = Object.values(segmentOptions).some((each) => each !== undefined && each !== false);
      requireNoSegmentation({
        ...{ "--groups": groups, "--baseline": baseline !== undefined, "--no-boundary": noBoundary },
        ...{ "--map": options.map !== undefined, "--with": options.with.length > 0 },
        "--scales, --flip, --windows, --short-side or --crf": segmented,
      });
    }
    const onBadImage = badImagePolicy(options);
    const [
      { nodePlatform },
      { openDataset },
      { evaluateDataset, isEmpty, nothingCounts, unscoredText },
      { evaluationText },
      { withScoredPart },
      { readRun },
    ] = await Promise.all([
      import("../platform/node.ts"),
      import("../datasets/index.ts"),
      import("../evaluation/evaluate.ts"),
      import("./evaluation-text.ts"),
      import("./scored-part.ts"),
      import("../runs/run.ts"),
    ]);
    const split = (options.split ?? "val") as "val";
    const found = new Findings();
    const given = { ...placeOf(options), onBadFile: onBadImage };
    const methods = await methodsWith(nodePlatform, options.method);
    const isRun = split === "val" && (await nodePlatform.exists(`${run}/run.json`)) === "file";
    const own = isRun ? (await readRun(nodePlatform, run, { methods })).record.dataset.place : undefined;
    const place = await withScoredPart(nodePlatform, own, spec, given);
    if (place.valFraction !== given.valFraction) {
      const share = `--val-fraction ${place.valFraction}`;
      terminal.note(oneLine(`${spec}: scored is the part of train that ${run} was scored on (${share}).`));
    }
    const dataset = watched(await openDataset(nodePlatform, spec, split, place), found);
    const asked = await askedFrom(nodePlatform, options, (line) => terminal.note(oneLine(line)));
    if (out !== undefined) await requireScoresFile(nodePlatform, out);
    const others = await otherScores(nodePlatform, options);
    const engine = await engineFor(options);
    if (options.classify) {
      const probed = options.probe ? await openDataset(nodePlatform, spec, "train", place) : null;
      const open = { methods, ...asked, otherwise: dataset.classes, out, onBadImage };
      return evalClassify({ platform: nodePlatform, engine, terminal }, run, { dataset, probed }, open).finally(() =>
        engine.close(),
      );
    }
    if (options.trials) {
      const scored = { platform: nodePlatform, engine, folder: run, dataset, methods, onBadImage, out };
      return evalTrials(terminal, scored).finally(() => engine.close());
    }
    const progress = terminal.progress("scoring");
    try {
      // A model that takes any words is asked for those of the data set.
      const { segmenter: opened, further } = await openScored(engine, nodePlatform, run, terminal, {
        ...{ methods, ...asked, otherwise: dataset.classes, dataset },
        ...{ groups, baseline, clusters },
      });
      const segmenter = await transferred(nodePlatform, opened, dataset, options);
      const evaluation = await evaluateDataset(segmenter, dataset, {
        ...{ ...segmentOptions, boundary: !noBoundary, onBadImage, further, signal: terminal.signal },
        ...(baseline !== undefined && { windows: "whole" as const }),
        onProgress: (done, total) => progress.update(done, total),
      }).finally(() => progress.end());
      if (evaluation.images === 0 && evaluation.skipped.length > 0) throw new InputError(evaluation.skipped[0].problem);
      if (isEmpty(evaluation)) {
        throw new InputError(
          `${spec}: expected something to score in the labels of split ${split}, got ${nothingCounts(evaluation)}. ` +
            `Correct the masks, or what their values stand for; both are shown by: tessera inspect ${spec}`,
        );
      }
      for (const { problem } of evaluation.skipped) terminal.note(`skipped: ${problem}`);
      for (const line of found.lines()) terminal.note(oneLine(line));
      const unscored = unscoredText(evaluation, dataset);
      if (unscored !== null) terminal.note(unscored);
      // Shown first: what took minutes is not lost where it cannot be written.
      terminal.print(evaluationText(evaluation));
      const mean = meanOverDatasets(evaluation, others);
      if (mean !== null) terminal.print(meanText(mean, evaluation, others));
      if (out !== undefined) await nodePlatform.writeFile(out, `${JSON.stringify(evaluation, null, 1)}\n`);
      terminal.result(mean === null ? evaluation : { ...evaluation, measures: [...evaluation.measures, mean] });
    } finally {
      progress.end();
      await engine.close();
    }
  },
});
