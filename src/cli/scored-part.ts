/** A part of train that a run was scored on: what scores it again takes the same, or it would be asked for what it has learned. */

import { type OpenOptions, splitsOf } from "../datasets/index.ts";
import { isObject } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";

/**
 * place, with the share of the run at `run` where none was named, the data set is the run's, has no split val, and the run took a
 * part of train. Published weights and models took none.
 */
export async function withScoredPart<Place extends OpenOptions>(
  platform: Platform,
  run: string,
  spec: string,
  place: Place,
): Promise<Place> {
  if (place.valFraction !== undefined || (await platform.exists(`${run}/run.json`)) !== "file") return place;
  const record = parseJson(await platform.readText(`${run}/run.json`));
  const dataset = isObject(record) && isObject(record.dataset) ? record.dataset : {};
  const { spec: own, valFraction: share } = isObject(dataset.place) ? dataset.place : {};
  if (own !== spec || typeof share !== "number" || (await splitsOf(platform, spec, place)).includes("val"))
    return place;
  return { ...place, valFraction: share };
}
