import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { command } from "./command.ts";
import { badImagePolicy, datasetOptions, engineFor, engineOptions, placeOf } from "./options.ts";
import { segmentOptionsFrom, testingOptions } from "./testing-options.ts";

export const evalCommand = command({
  name: "eval",
  summary: "score a trained model on a data set",
  positionals: [
    { name: "RUN", help: "a run folder, or a model.onnx that tessera export wrote", count: "one" },
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
    noBoundary: { kind: "flag", help: "leave boundary IoU out; takes about half the time" },
    out: { kind: "text", placeholder: "FILE", help: "write the scores there as JSON, with every image's" },
    ...datasetOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera eval run photos", "mean IoU, and IoU and accuracy of each class"],
    ["tessera eval run photos --scales 0.75,1,1.25 --flip", "averaged over six views of each image"],
    ["tessera eval model.onnx photos --json", "of an exported model, for a script"],
  ],
  notes:
    "All pixels are counted in one integer confusion matrix. Classes in neither masks nor predictions are left out of means.",
  async run({ positionals: [run, spec], options }, terminal) {
    const { out, noBoundary } = options;
    const segmentOptions = segmentOptionsFrom(options);
    const onBadImage = badImagePolicy(options);
    const [{ nodePlatform }, { openDataset }, { evaluateDataset, nothingCounts }, { evaluationText }, { openModel }] =
      await Promise.all([
        import("../platform/node.ts"),
        import("../datasets/index.ts"),
        import("../evaluation/evaluate.ts"),
        import("./evaluation-text.ts"),
        import("./open-model.ts"),
      ]);
    const split = (options.split ?? "val") as "val";
    const dataset = await openDataset(nodePlatform, spec, split, {
      ...placeOf(options),
      onBadFile: onBadImage,
    });
    if (out !== undefined) await requireScoresFile(nodePlatform, out);
    const engine = await engineFor(options);
    const progress = terminal.progress("scoring");
    try {
      const segmenter = await openModel(engine, nodePlatform, run, terminal);
      const evaluation = await evaluateDataset(segmenter, dataset, {
        ...{ ...segmentOptions, boundary: !noBoundary, onBadImage, signal: terminal.signal },
        onProgress: (done, total) => progress.update(done, total),
      }).finally(() => progress.end());
      if (evaluation.images === 0 && evaluation.skipped.length > 0) throw new InputError(evaluation.skipped[0].problem);
      if (evaluation.pixels === 0) {
        throw new InputError(
          `${spec}: expected pixels to score in the masks of split ${split}, got ${nothingCounts(evaluation)}. ` +
            `Correct the masks, or what their values stand for; both are shown by: tessera inspect ${spec}`,
        );
      }
      if (out !== undefined) await nodePlatform.writeFile(out, `${JSON.stringify(evaluation, null, 1)}\n`);
      for (const { problem } of evaluation.skipped) terminal.note(`skipped: ${problem}`);
      terminal.print(evaluationText(evaluation));
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
  if (kind === "file" && !(await platform.readText(file)).includes('"confusion":')) {
    throw new InputError(
      `${file}: expected a new file or earlier scores to replace, got another file. Choose another --out, or remove it.`,
    );
  }
}
