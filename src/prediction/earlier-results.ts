/** Results that predict wrote before: they may be replaced, and are no photographs. */
import { InputError } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { OutputNames } from "./names.ts";
import { isPanopticJson } from "./panoptic-files.ts";
import type { PredictionRecord } from "./write.ts";

type Reader = Pick<Platform, "exists" | "readText">;

/** Whether a file is the record of a prediction, as `writePrediction` leaves it beside mask and overlay. */
export async function isPredictionRecord(platform: Reader, path: string): Promise<boolean> {
  if ((await platform.exists(path)) !== "file") return false;
  try {
    const record = parseJson(await platform.readText(path)) as Partial<PredictionRecord> | null;
    const { image, model, classes } = record ?? {};
    return typeof image === "string" && typeof model?.version === "string" && Array.isArray(classes);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof InputError) return false;
    throw error;
  }
}

/** Throws InputError where one of the files that will be written is there and is not predict's own. panoptic: the folder's annotation, if one is written. */
export async function requireOwnResults(
  platform: Reader,
  all: readonly OutputNames[],
  { overlay, panoptic }: { readonly overlay: boolean; readonly panoptic: string | null },
): Promise<void> {
  if (panoptic !== null && (await platform.exists(panoptic)) !== "nothing") {
    if ((await platform.exists(panoptic)) !== "file" || !isPanopticJson(await platform.readText(panoptic, listBytes))) {
      throw new InputError(
        `${panoptic}: expected nothing, or an earlier result of predict to replace, got another file. Choose another --out, or move it away.`,
      );
    }
  }
  for (const { mask, overlay: picture, segments, record } of all) {
    const files = [mask, record, ...(overlay ? [picture] : []), ...(panoptic === null ? [] : [segments])];
    for (const file of files) {
      if ((await platform.exists(file)) === "nothing" || (await isPredictionRecord(platform, record))) continue;
      throw new InputError(
        `${file}: expected nothing, or an earlier result of predict to replace, got another file. Choose another --out, or move it away.`,
      );
    }
  }
}

/** Of the names in a folder, those that are masks or overlays which predict wrote there. */
export async function resultsAmong(
  platform: Reader,
  folder: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const known = new Set(names);
  const results = new Set<string>();
  for (const record of names.filter((name) => name.endsWith(".json"))) {
    const stem = record.slice(0, -".json".length);
    const own = [`${stem}.png`, `${stem}.overlay.png`, `${stem}.panoptic.png`].filter((name) => known.has(name));
    if (own.length === 0 || !(await isPredictionRecord(platform, `${folder}/${record}`))) continue;
    for (const name of own) results.add(name);
  }
  return results;
}
