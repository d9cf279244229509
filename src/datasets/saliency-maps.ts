/** Saliency maps beside the photographs of a layout that has its own folders for these. */

import type { Split } from "../data/dataset.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Survey } from "./layout.ts";
import { filesBelow, splitName, stemOf } from "./pairs.ts";

/** Where maps lie, below the folder of the data set. */
const folder = "saliency";

/**
 * Gives each photograph of train and val the map of its name in `saliency`, whatever folders that has inside; of several of one name the
 * one whose folders are the photograph's. Maps of other photographs are passed over: splits may share the folder.
 */
export async function withSaliency<Found extends Pick<Survey, "entries" | "notes" | "problems">>(
  platform: Platform,
  root: string,
  split: Split,
  survey: Found,
): Promise<Found> {
  if (split !== "train" && split !== "val") return survey;
  const { byId, problems, strays } = await filesBelow(platform, joinPath(root, folder), "saliency map");
  if (byId.size === 0) return survey;
  const byStem = new Map<string, string[]>();
  for (const id of byId.keys()) {
    const stem = id.slice(id.lastIndexOf("/") + 1);
    byStem.set(stem, [...(byStem.get(stem) ?? []), id]);
  }
  const mapOf = (image: string) => {
    const ids = byStem.get(stemOf(image)) ?? [];
    const whole = `/${splitName(image)[0].normalize("NFC")}`;
    const id = ids.length === 1 ? ids[0] : ids.find((each) => whole.endsWith(`/${each}`));
    return id === undefined ? undefined : byId.get(id);
  };
  const entries = survey.entries.map((entry) => {
    const saliency = mapOf(entry.image);
    return saliency === undefined ? entry : { ...entry, labels: { ...entry.labels, saliency } };
  });
  return { ...survey, entries, problems: [...survey.problems, ...problems], notes: [...survey.notes, ...strays] };
}
