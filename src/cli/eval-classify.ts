/** `eval --classify`: whole photographs told by words. */
import type { Dataset } from "../data/dataset.ts";
import { InputError, oneLine, UsageError } from "../errors.ts";
import type { Classification } from "../evaluation/classify.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Options } from "./command.ts";
import { type OpenModelOptions, openTrainedModel } from "./open-model.ts";
import type { Terminal } from "./terminal.ts";

export const classifyOptions = {
  classify: {
    kind: "flag",
    help: "of a model that takes any words: tell whole photographs by them, scored by tags, as top-1 and top-5 or mean average precision",
  },
  probe: {
    kind: "flag",
    help: "with --classify: by a linear layer on the model's features, trained on the tags of split train, in place of words",
  },
} as const satisfies Options;

/** Throws UsageError where options of segmentation are given as well. given: by option, as typed. */
export function requireNoSegmentation(given: Readonly<Record<string, boolean>>): void {
  const [other] = Object.entries(given).find(([, is]) => is) ?? [];
  if (other === undefined) return;
  throw new UsageError(`--classify: expected no ${other}, since nothing is segmented, got one. Leave it out.`);
}

export async function evalClassify(
  { platform, engine, terminal }: { readonly platform: Platform; readonly engine: Engine; readonly terminal: Terminal },
  path: string,
  { dataset, probed }: { readonly dataset: Dataset; readonly probed: Dataset | null },
  { out, onBadImage, ...open }: OpenModelOptions & { readonly out?: string | undefined; onBadImage: "fail" | "skip" },
): Promise<void> {
  if ((await platform.exists(path)) === "file" && path.endsWith(".onnx")) {
    throw new InputError(`${path}: expected a run for --classify, got an exported model. Use the run.`);
  }
  const [trained, { classifyDataset }, { measureText }] = await Promise.all([
    openTrainedModel(platform, path, terminal, open),
    import("../evaluation/classify.ts"),
    import("../metrics/measure.ts"),
  ]);
  const photographs = trained.method.classifier?.(trained.recipe, trained.task);
  if (photographs === undefined) {
    throw new InputError(
      `${path}: expected a model that compares photographs with words for --classify, got one of ${trained.method.name}. Score it without.`,
    );
  }
  const progress = terminal.progress("classifying");
  const found = await classifyDataset(engine, trained, photographs, dataset, {
    ...{ probed, onBadImage, signal: terminal.signal },
    onProgress: (done, total) => progress.update(done, total),
  }).finally(() => progress.end());
  for (const { problem } of found.skipped) terminal.note(`skipped: ${problem}`);
  const { images, classes, measures, perClass } = found;
  terminal.print(oneLine(`${found.dataset}, split ${found.split}: ${images} images, ${classes.length} classes`));
  if (perClass.length > 0) terminal.print(classLines(perClass));
  terminal.print(oneLine(measures.map((measure) => `${measure.name} ${measureText(measure)}`).join(", ")));
  if (out !== undefined) await platform.writeFile(out, `${JSON.stringify(found, null, 1)}\n`);
  terminal.result(found);
}

function classLines(perClass: Classification["perClass"]): string {
  const width = Math.max(5, ...perClass.map(({ name }) => oneLine(name).length));
  const row = (name: string, images: string, precision: string) =>
    `${name.padEnd(width)} ${images.padStart(8)} ${precision.padStart(20)}`;
  const rows = perClass.map(({ name, images, averagePrecision }) =>
    row(oneLine(name), `${images}`, averagePrecision === null ? "–" : (100 * averagePrecision).toFixed(1)),
  );
  return ["", row("class", "images", "average precision %"), ...rows, ""].join("\n");
}
