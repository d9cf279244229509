/** Results that predict wrote before: they may be replaced, and are no photographs. */
import { InputError } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { formEndings } from "./forms.ts";
import { filesOf, type Kinds, type OutputNames } from "./names.ts";
import type { PredictionRecord } from "./write.ts";

type Reader = Pick<Platform, "exists" | "readText">;

/** Whether a file is the record of a prediction, as `writePrediction` leaves it beside mask and overlay. */
async function isPredictionRecord(platform: Reader, path: string): Promise<boolean> {
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

/** Throws InputError where one of the files that will be written is there and is not predict's own. */
export async function requireOwnResults(platform: Reader, all: readonly OutputNames[], kinds: Kinds): Promise<void> {
  for (const names of all) {
    for (const file of filesOf(names, kinds).written) {
      if ((await platform.exists(file)) === "nothing" || (await isPredictionRecord(platform, names.record))) continue;
      throw new InputError(
        `${file}: expected nothing, or an earlier result of predict to replace, got another file. Choose another --out, or move it away.`,
      );
    }
  }
}

/** What an earlier prediction left of a photograph that the new one does not write: it would pass for a part of it. */
export async function staleResults(platform: Reader, names: OutputNames, kinds: Kinds): Promise<string[]> {
  const stale: string[] = [];
  for (const file of [...filesOf(names, kinds).others, names.world]) {
    const isMask = async () => isPredictionRecord(platform, file.replace(/png$/, "json")); // of another photograph
    if ((await platform.exists(file)) !== "file" || (file.endsWith(".png") && (await isMask()))) continue;
    if (await isPredictionRecord(platform, names.record)) stale.push(file);
  }
  return stale;
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
    const own = [".png", ".overlay.png", ".panoptic.png", ".pgw", ...Object.values(formEndings)]
      .map((ending) => `${stem}${ending}`)
      .filter((name) => known.has(name));
    if (own.length === 0 || !(await isPredictionRecord(platform, `${folder}/${record}`))) continue;
    for (const name of own) results.add(name);
  }
  return results;
}
