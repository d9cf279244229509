/** `panoptic.json` of a folder of predictions: the segments of every photograph whose ids lie there, earlier ones as well; `instances.json`, their things. */
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import {
  instancesJson,
  isInstancesJson,
  type PanopticEntry,
  panopticCategories,
  panopticJson,
  readPanopticJson,
} from "./panoptic-files.ts";

export const annotationName = "panoptic.json";
export const instancesName = "instances.json";

export interface FolderAnnotation {
  /** Takes out the photographs whose files are about to be replaced: nothing is listed that is not so. */
  begin(): Promise<void>;
  /** Adds what was written, and lists what is there again. */
  end(written: readonly PanopticEntry[]): Promise<void>;
}

/**
 * files: names of the PNGs of ids that may be replaced. classes: of a panoptic model; null: of one that gives no segments,
 * and takes away those of its photographs. instances: there will be shapes of things. Throws InputError where a panoptic model would replace a file that predict did
 * not write, or add to segments of other classes.
 */
export async function openAnnotation(
  platform: Pick<Platform, "exists" | "readText" | "writeFile" | "remove">,
  folder: string,
  files: readonly string[],
  classes: readonly ClassInfo[] | null,
  { instances = false }: { readonly instances?: boolean } = {},
): Promise<FolderAnnotation> {
  const path = `${folder}/${annotationName}`;
  const isThere = (file: string) => platform.exists(file).then((kind) => kind === "file");
  const earlier = (await isThere(path)) ? readPanopticJson(await readJson(platform, path)) : null;
  if (classes !== null && earlier === null && (await platform.exists(path)) !== "nothing") {
    throw foreign(path);
  }
  const instancesPath = `${folder}/${instancesName}`;
  const ownInstances = (await isThere(instancesPath)) && isInstancesJson(await readJson(platform, instancesPath));
  if (instances && !ownInstances && (await platform.exists(instancesPath)) !== "nothing") throw foreign(instancesPath);
  const { entries = [], categories = [] } = earlier ?? {};
  const replaced = new Set(files);
  const others = entries.filter(({ file }) => !replaced.has(file));
  const own = classes === null ? categories : panopticCategories(classes);
  if (others.length > 0 && JSON.stringify(own) !== JSON.stringify(categories)) {
    throw new InputError(
      `${path}: expected segments of the same classes, which the photographs can be added to, got others. Choose another --out.`,
    );
  }
  const write = async (all: readonly PanopticEntry[]) => {
    if (all.length > 0) await platform.writeFile(path, panopticJson(own, all));
    else if (earlier !== null) await platform.remove(path);
    const shaped = all.filter(({ segments }) => segments.some(({ segmentation }) => segmentation !== undefined));
    if (shaped.length > 0) await platform.writeFile(instancesPath, instancesJson(own, shaped));
    else if (ownInstances) await platform.remove(instancesPath);
  };
  return {
    begin: async () => (others.length < entries.length ? write(others) : undefined),
    async end(written) {
      if (earlier === null && written.length === 0) return;
      const fresh = new Set(written.map(({ file }) => file));
      const kept: PanopticEntry[] = [];
      for (const entry of entries) {
        if (!fresh.has(entry.file) && (await isThere(`${folder}/${entry.file}`))) kept.push(entry);
      }
      // Those whose photograph could not be read this time are of the earlier classes, too.
      const same = JSON.stringify(own) === JSON.stringify(categories);
      await write([...(same ? kept : []), ...written]);
    },
  };
}

function foreign(path: string): InputError {
  return new InputError(
    `${path}: expected nothing, or an earlier result of predict to replace, got another file. Choose another --out, or move it away.`,
  );
}

async function readJson(platform: Pick<Platform, "readText">, path: string): Promise<unknown> {
  try {
    return parseJson(await platform.readText(path, listBytes));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
