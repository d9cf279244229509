import { InputError, oneLine } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrainedModel } from "../prediction/model.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { OpenRunOptions } from "../runs/open-run.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenModelOptions
  extends Pick<OpenRunOptions, "classes" | "otherwise" | "background" | "settings" | "dataset" | "wordless"> {
  readonly methods?: readonly Method[] | undefined;
}

/** Files of weights that others published; what else is a file was written by tessera export. */
const published = /\.(?:safetensors|pth|pt|bin|npz)$/i;

/** A segmenter from what the user named: as `openTrainedModel`, or a file that tessera export wrote. */
export async function openModel(
  engine: Engine,
  platform: Platform,
  path: string,
  terminal: Terminal,
  options: OpenModelOptions = {},
): Promise<Segmenter> {
  const { openExported, openSegmenter } = await import("../prediction/segmenter.ts");
  if ((await platform.exists(path)) !== "file" || published.test(path)) {
    return openSegmenter(engine, await openTrainedModel(platform, path, terminal, options));
  }
  const { methods, classes, background = false, settings = [] } = options;
  for (const [option, isGiven] of [
    ["--classes", classes !== undefined],
    ["--set", settings.length > 0],
    ["--background", background],
  ] as const) {
    if (!isGiven) continue;
    throw new InputError(
      `${path}: expected no ${option} for an exported model, which has its own built in, got some. Give it when exporting, or use the run.`,
    );
  }
  const segmenter = await openExported(engine, platform, path, { ...(methods && { methods }) });
  for (const what of segmenter.card.leftOut) terminal.note(`${path}: goes without the ${what}; the run has it.`);
  return segmenter;
}

/**
 * A trained model from what the user named: a run folder; published weights, as a file or the folder that they lie in; or their
 * name on the hub.
 */
export async function openTrainedModel(
  platform: Platform,
  path: string,
  terminal: Terminal,
  options: OpenModelOptions = {},
): Promise<TrainedModel> {
  const onNote = (message: string) => terminal.note(oneLine(message));
  const kind = await platform.exists(path);
  if (kind === "nothing") {
    const [{ isReference }, { fetchPublished, licenceText }] = await Promise.all([
      import("../hub/reference.ts"),
      import("./published.ts"),
    ]);
    if (await isReference(platform, path)) {
      const { openPublished } = await import("../runs/published.ts");
      const model = await fetchPublished(path, terminal);
      const stated = licenceText(model);
      return openPublished({ ...options, platform, files: model.weights, onNote, stated, source: path });
    }
    throw new InputError(
      `${path}: expected a run folder or an exported model, got nothing there. Check the path, or name a model of the hub as owner/name.`,
    );
  }
  if (kind === "file" || (await holdsPublished(platform, path))) {
    const { openPublished } = await import("../runs/published.ts");
    return openPublished({ ...options, platform, files: [path], onNote });
  }
  const { openRun } = await import("../runs/open-run.ts");
  return openRun(platform, path, { ...options, onDamaged: onNote, onNote });
}

/** Whether a folder has weights, and is no run. */
async function holdsPublished(platform: Platform, folder: string): Promise<boolean> {
  const names = await platform.list(folder);
  return !names.includes("run.json") && names.some((name) => published.test(name));
}
