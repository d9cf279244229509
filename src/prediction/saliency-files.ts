/** Saliency maps of the photographs of a folder, or of all splits of a data set, in files. */
import { InputError, Interrupted } from "../errors.ts";
import type { Color } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { robustBackgroundSaliency } from "../saliency/robust-background.ts";
import { photographsIn } from "./refine-inputs.ts";

export interface SaliencyOptions {
  /** Called after each photograph. */
  readonly onProgress?: (done: number, total: number, photograph: string) => void;
  /** Stops before the next photograph; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

export interface SaliencyResult {
  readonly written: readonly string[];
  /** Already there. */
  readonly kept: readonly string[];
  readonly skipped: readonly { readonly photograph: string; readonly problem: string }[];
}

type SaliencyPlatform = Pick<Platform, "list" | "exists" | "writeFile" | "decodeImage" | "encodeIndexedPng">;

const greys = Array.from({ length: 256 }, (_, value): Color => [value, value, value]);

/**
 * Writes an 8-bit PNG of each photograph's size for each photograph. source: a folder of photographs, or one that has `images`, with or
 * without splits below; out: where maps go, default `saliency` beside `images`. Each file is whole or absent; what is there stays, so that
 * it goes on where it was stopped. Throws InputError where there is no photograph, or no place for the maps.
 */
export async function saliencyFiles(
  platform: SaliencyPlatform,
  source: string,
  out: string | undefined,
  { onProgress, signal }: SaliencyOptions = {},
): Promise<SaliencyResult> {
  const root = joinPath(source, "images");
  const isDataset = (await platform.exists(root)) === "folder";
  const target = out ?? (isDataset ? joinPath(source, "saliency") : undefined);
  if (target === undefined) {
    throw new InputError(`${source}: expected a folder for the maps, got none. Write --out FOLDER.`);
  }
  const files: { photograph: string; map: string }[] = [];
  for (const split of isDataset ? await splitsIn(platform, root) : [""]) {
    const folder = isDataset ? joinPath(root, split) : source;
    for (const [id, photograph] of await photographsIn(platform, folder)) {
      files.push({
        photograph,
        map: joinPath(joinPath(target, split), `${id}.png`),
      });
    }
  }
  if (files.length === 0) throw new InputError(`${source}: expected photographs, got none. Name another folder.`);
  const written: string[] = [];
  const kept: string[] = [];
  const skipped: { photograph: string; problem: string }[] = [];
  for (const [index, { photograph, map }] of files.entries()) {
    if (signal?.aborted) throw new Interrupted("saliency: stopped; what is written is whole.");
    if ((await platform.exists(map)) === "file") kept.push(map);
    else {
      try {
        const found = robustBackgroundSaliency(await platform.decodeImage(photograph));
        await platform.writeFile(map, await platform.encodeIndexedPng({ ...found, palette: greys }));
        written.push(map);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        skipped.push({ photograph, problem: error.message });
      }
    }
    onProgress?.(index + 1, files.length, photograph);
    // Others get their turn: progress, and signals.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { written, kept, skipped };
}

/** Folders below `images`; it alone where there are none. */
async function splitsIn(platform: SaliencyPlatform, root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await platform.list(root)) {
    if ((await platform.exists(joinPath(root, name))) === "folder") found.push(name);
  }
  return found.length === 0 ? [""] : found;
}
