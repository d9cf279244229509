import { UsageError } from "../errors.ts";
import { flagOf, type Options, type Values } from "./command.ts";
import { requireScoresFile } from "./scores-file.ts";
import type { Terminal } from "./terminal.ts";

/** Options of eval for files that other programs wrote. */
export const panopticOptions = {
  panoptic: { kind: "flag", help: "compare files of panoptic segments, whoever wrote them: PREDICTIONS GROUNDTRUTH" },
  predictionMasks: {
    kind: "text",
    placeholder: "FOLDER",
    help: "with --panoptic: where the PNGs of the predictions lie",
  },
  truthMasks: { kind: "text", placeholder: "FOLDER", help: "with --panoptic: where the PNGs of the ground truth lie" },
} as const satisfies Options;

const shared: readonly string[] = ["out", "json", "help"];

/** Throws UsageError where options of eval's two forms are mixed: those of a model say nothing about files, and the other way round. */
export function requirePanoptic(options: Readonly<Record<string, unknown>>): void {
  const isGiven = (key: string) => {
    const value = options[key];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  };
  const given = Object.keys(options).filter((key) => isGiven(key) && !shared.includes(key));
  const ofFiles = given.filter((key) => key in panopticOptions);
  const ofModels = given.find((key) => !(key in panopticOptions));
  if (!options.panoptic && ofFiles.length > 0) {
    throw new UsageError(`eval: ${flagOf(ofFiles[0])} goes with --panoptic alone. Remove it, or add --panoptic.`);
  }
  if (options.panoptic && ofModels !== undefined) {
    throw new UsageError(`eval: ${flagOf(ofModels)} does not go with --panoptic, which runs no model. Remove it.`);
  }
}

/** Scores predictions in files against a ground truth in files. */
export async function evalPanoptic(
  {
    predictions,
    truth,
    options: { out, predictionMasks, truthMasks },
  }: {
    readonly predictions: string;
    readonly truth: string;
    readonly options: Values<typeof panopticOptions> & { readonly out: string | undefined };
  },
  terminal: Terminal,
): Promise<void> {
  const [{ nodePlatform }, { evaluatePanopticFiles }, { panopticText }] = await Promise.all([
    import("../platform/node.ts"),
    import("../evaluation/evaluate-panoptic-files.ts"),
    import("./panoptic-text.ts"),
  ]);
  if (out !== undefined) await requireScoresFile(nodePlatform, out);
  if (predictionMasks !== undefined && (await nodePlatform.exists(predictions)) === "folder") {
    throw new UsageError(
      `eval: --prediction-masks goes with predictions in a JSON, got the folder ${predictions}. Remove it.`,
    );
  }
  const progress = terminal.progress("scoring");
  const evaluation = await evaluatePanopticFiles(nodePlatform, predictions, truth, {
    ...(predictionMasks !== undefined && { predictionMasks }),
    ...(truthMasks !== undefined && { truthMasks }),
    signal: terminal.signal,
    onNote: (line) => terminal.note(line),
    onProgress: (done, total) => progress.update(done, total),
  }).finally(() => progress.end());
  // Shown first: what took minutes is not lost where it cannot be written.
  terminal.print(panopticText(evaluation));
  if (out !== undefined) await nodePlatform.writeFile(out, `${JSON.stringify(evaluation, null, 1)}\n`);
  terminal.result(evaluation);
}
