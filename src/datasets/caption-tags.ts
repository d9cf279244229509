/** Tags that captions say: the classes whose words are in them. */
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { classFinder } from "../text/class-finder.ts";
import { openTagger } from "../text/open-tagger.ts";
import { captionsIn } from "./captions-in.ts";
import type { Entry, Problem } from "./layout.ts";
import { makeProblem } from "./pairs.ts";

/** Texts that are read at once. */
const atOnce = 32;

/**
 * The entries, of which those with captions and with neither tags, nor a mask, nor segments have the classes as tags that their captions
 * name. One whose captions name none stays without: that nothing was said of it does not mean that it shows none. folder: what the note
 * begins with.
 */
export async function withCaptionTags(
  platform: Platform,
  entries: readonly Entry[],
  classes: readonly ClassInfo[],
  folder: string,
): Promise<{ readonly entries: readonly Entry[]; readonly notes: readonly Problem[] }> {
  const isAlone = ({ labels: { mask, panoptic, tags, captions } }: Entry) =>
    captions !== undefined && mask === undefined && panoptic === undefined && tags === undefined;
  const alone = entries.filter(isAlone);
  if (classes.length === 0 || alone.length === 0) return { entries, notes: [] };
  const find = classFinder(classes, await openTagger());
  const byId = new Map<string, readonly number[]>();
  for (let start = 0; start < alone.length; start += atOnce) {
    const some = alone.slice(start, start + atOnce);
    const texts = await Promise.all(some.map(({ labels }) => readable(platform, labels.captions ?? [])));
    for (const [i, { id }] of some.entries()) {
      const tags = [...new Set(texts[i].flatMap((text) => find(text)))].sort((a, b) => a - b);
      if (tags.length > 0) byId.set(id, tags);
    }
  }
  if (byId.size === 0) return { entries, notes: [] };
  const got = `captions, of which those of ${byId.size} of ${alone.length} images name a class`;
  const tagged = entries.map((entry) => {
    const tags = byId.get(entry.id);
    return tags === undefined ? entry : { ...entry, labels: { ...entry.labels, tags } };
  });
  return {
    entries: tagged,
    notes: [makeProblem(folder, "expected tags in tags.json", got, "The classes that captions name are the tags.")],
  };
}

/** None of what cannot be read, which is told where it is. */
async function readable(platform: Platform, captions: readonly string[] | string): Promise<readonly string[]> {
  try {
    return await captionsIn(platform, captions);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
