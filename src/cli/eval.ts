import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { badImagePolicy, datasetOptions, engineFor, engineOptions, placeOf } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { checkScoredOptions, openScored, scoredOptions } from "./scored-model.ts";
import { segmentOptionsFrom, testingOptions } from "./testing-options.ts";

export const evalCommand = command({
  name: "eval",
  summary: "score a trained model on a data set",
  positionals: [
    {
      name: "RUN",
      help: "a run folder, a model.onnx that tessera export wrote, published weights, or owner/name on the hub",
      count: "one",
    },
    { name: "DATASET", help: "a folder, or scenes for the drawn data set", count: "one" },
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
    noBoundary: { kind: "flag", help: "leave boundary IoU out; takes about half the time" },
    out: { kind: "text", placeholder: "FILE", help: "write the scores there as JSON, with every image's" },
    ...datasetOptions,
    ...askedOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera eval run photos", "mean IoU, and IoU and accuracy of each class"],
    ["tessera eval run photos --scales 0.75,1,1.25 --flip", "averaged over six views of each image"],
    ["tessera eval model.onnx photos --json", "of an exported model, for a script"],
    ["tessera eval run photos --baseline k-means", "the paper's baselines of GroupViT, with a run that has no groups"],
  ],
  notes:
    "Semantic models are scored by mean IoU: all pixels are counted in one integer confusion matrix; panoptic ones by panoptic\n" +
    "quality. Classes in neither truth nor predictions are left out of means. A model that takes any words is asked for the\n" +
    "classes of the data set, unless --classes names them.",
  async run({ positionals: [run, spec], options }, terminal) {
    const { out, noBoundary, groups, baseline, clusters } = options;
    const segmentOptions = segmentOptionsFrom(options);
    checkScoredOptions(options, segmentOptions);
    const onBadImage = badImagePolicy(options);
    const [
      { nodePlatform },
      { openDataset },
      { evaluateDataset, isEmpty, nothingCounts, unscoredText },
      { evaluationText },
    ] = await Promise.all([
      import("../platform/node.ts"),
      import("../datasets/index.ts"),
      import("../evaluation/evaluate.ts"),
      import("./evaluation-text.ts"),
    ]);
    const split = (options.split ?? "val") as "val";
    const dataset = await openDataset(nodePlatform, spec, split, {
      ...placeOf(options),
      onBadFile: onBadImage,
    });
    const methods = await methodsWith(nodePlatform, options.method);
    const asked = await askedFrom(nodePlatform, options);
    if (out !== undefined) await requireScoresFile(nodePlatform, out);
    const engine = await engineFor(options);
    const progress = terminal.progress("scoring");
    try {
      // A model that takes any words is asked for those of the data set.
      const { segmenter, further } = await openScored(engine, nodePlatform, run, terminal, {
        ...{ methods, ...asked, otherwise: dataset.classes },
        ...{ groups, baseline, clusters },
      });
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
      const unscored = unscoredText(evaluation, dataset);
      if (unscored !== null) terminal.note(unscored);
      // Shown first: what took minutes is not lost where it cannot be written.
      terminal.print(evaluationText(evaluation));
      if (out !== undefined) await nodePlatform.writeFile(out, `${JSON.stringify(evaluation, null, 1)}\n`);
      terminal.result(evaluation);
    } finally {
      progress.end();
      await engine.close();
    }
  },
});

/** Scores may replace scores; a mistyped --out must not cost a run or a data set its files. */
async function requireScoresFile(platform: Platform, file: string): Promise<void> {
  const kind = await platform.exists(file);
  if (kind === "folder") {
    throw new InputError(
      `${file}: expected the name of a file for the scores, got a folder. Write --out ${file}/scores.json.`,
    );
  }
  if (kind === "file" && !(await platform.readText(file)).includes('"perImage":')) {
    throw new InputError(
      `${file}: expected a new file or earlier scores to replace, got another file. Choose another --out, or remove it.`,
    );
  }
}
