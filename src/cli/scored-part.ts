/** A part of train that a run was scored on: what scores it again takes the same, or it would be asked for what it has learned. */

import { type OpenOptions, splitsOf } from "../datasets/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { DataPlace } from "../runs/run-record.ts";

/**
 * place, with the share that a run took of train (`own` is its place) where none was named, the data set is the run's, and has no split
 * val. own: undefined of published weights and models, which took none.
 */
export async function withScoredPart<Place extends OpenOptions>(
  platform: Platform,
  own: DataPlace | undefined,
  spec: string,
  place: Place,
): Promise<Place> {
  if (place.valFraction !== undefined || own?.valFraction === undefined || own.spec !== spec) return place;
  if ((await splitsOf(platform, spec, place)).includes("val")) return place;
  return { ...place, valFraction: own.valFraction };
}
