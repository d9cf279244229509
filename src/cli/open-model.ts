import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenModelOptions {
  readonly methods?: readonly Method[] | undefined;
  /** What to segment, where the method takes any words. */
  readonly classes?: readonly ClassInfo[] | undefined;
}

/** A segmenter from what the user named: a run folder, or a file that tessera export wrote. */
export async function openModel(
  engine: Engine,
  platform: Platform,
  path: string,
  terminal: Terminal,
  { methods, classes }: OpenModelOptions = {},
): Promise<Segmenter> {
  const [{ openExported, openSegmenter }, { openRun }] = await Promise.all([
    import("../prediction/segmenter.ts"),
    import("../runs/run.ts"),
  ]);
  const kind = await platform.exists(path);
  if (kind === "file") {
    if (classes !== undefined) {
      throw new InputError(
        `${path}: expected no --classes for an exported model, which has its own built in, got some. Name them when exporting, or use the run.`,
      );
    }
    const segmenter = await openExported(engine, platform, path, { ...(methods && { methods }) });
    for (const what of segmenter.card.leftOut) terminal.note(`${path}: goes without the ${what}; the run has it.`);
    return segmenter;
  }
  if (kind === "nothing") {
    throw new InputError(`${path}: expected a run folder or an exported model, got nothing there. Check the path.`);
  }
  const onDamaged = (message: string) => terminal.note(message);
  return openSegmenter(engine, await openRun(platform, path, { onDamaged, methods, classes }));
}
