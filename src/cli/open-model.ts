import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Terminal } from "./terminal.ts";

/** A segmenter from what the user named: a run folder, or a file that tessera export wrote. */
export async function openModel(
  engine: Engine,
  platform: Platform,
  path: string,
  terminal: Terminal,
): Promise<Segmenter> {
  const [{ openExported, openSegmenter }, { openRun }] = await Promise.all([
    import("../prediction/segmenter.ts"),
    import("../runs/run.ts"),
  ]);
  const kind = await platform.exists(path);
  if (kind === "file") return openExported(engine, platform, path);
  if (kind === "nothing") {
    throw new InputError(`${path}: expected a run folder or an exported model, got nothing there. Check the path.`);
  }
  const onDamaged = (message: string) => terminal.note(message);
  return openSegmenter(engine, await openRun(platform, path, { onDamaged }));
}
