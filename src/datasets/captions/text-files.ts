/** A folder of photographs with a text file of the same name beside each. */

import { InputError, problem } from "../../errors.ts";
import { photographEndings } from "../../image/endings.ts";
import { joinPath } from "../../platform/join-path.ts";
import { descriptionBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { filledLines } from "../../text/lines.ts";
import { splitName, stemOf } from "../pairs.ts";
import { BadPairs } from "./bad-pairs.ts";
import { type Pairs, utf8 } from "./pairs.ts";

/**
 * Pairs of `NAME.jpg` and `NAME.txt`, a sentence a line, in folders of which ids say the place below `root`: three names a pair are kept.
 * Texts are read once to see that they are some. Photographs without text, and texts without photograph, are left out. Accents may be
 * composed or not.
 */
export async function textFilePairs(platform: Platform, folders: readonly string[], root: string): Promise<Pairs> {
  const found: Found = { bad: new BadPairs(), ids: [], images: [], captions: [], seen: new Set() };
  for (const folder of folders) {
    const below = folder.slice(root.length).replace(/^[\\/]+/, "");
    await gather(platform, folder, below === "" ? "" : `${below.replaceAll("/", "-")}-`, found);
  }
  const { ids, bad, images, captions } = found;
  return {
    ...{ ids, bad, source: (index) => images[index] },
    async read(index) {
      const sentences = await sentencesIn(platform, captions[index]);
      if (typeof sentences !== "string") return { image: images[index], captions: sentences };
      const remedy = "Write some, or remove the file.";
      throw new InputError(problem(captions[index], "expected captions, one a line", sentences, remedy));
    },
  };
}

interface Found extends Pick<Pairs, "bad"> {
  readonly ids: string[];
  /** Paths. */
  readonly images: string[];
  readonly captions: string[];
  /** Ids, of bad pairs too. */
  readonly seen: Set<string>;
}

/** The pairs of one folder. prefix: what their ids begin with. */
async function gather(platform: Platform, folder: string, prefix: string, found: Found): Promise<void> {
  const { bad, ids, images, captions, seen } = found;
  const photographs: string[] = [];
  const texts = new Map<string, string>();
  for (const name of await platform.list(folder)) {
    const extension = splitName(name)[1];
    if (name.startsWith(".")) continue;
    if (extension === "txt") texts.set(stemOf(name), name);
    else if (photographEndings.has(extension)) photographs.push(name);
  }
  const own = new Set(photographs.map(stemOf));
  for (const name of photographs) {
    const stem = stemOf(name);
    const id = prefix + stem;
    const text = texts.get(stem);
    const fault = seen.has(id) ? "the name occurs twice" : await faultOf(platform, folder, text);
    seen.add(id);
    if (fault !== undefined || text === undefined) {
      bad.add(fault ?? "", joinPath(folder, name));
      continue;
    }
    ids.push(id);
    images.push(joinPath(folder, name));
    captions.push(joinPath(folder, text));
  }
  for (const [stem, name] of texts) if (!own.has(stem)) bad.add("the photograph is missing", joinPath(folder, name));
}

async function faultOf(platform: Platform, folder: string, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return "the caption is missing";
  const found = await sentencesIn(platform, joinPath(folder, text));
  return typeof found === "string" ? found : undefined;
}

/** The lines of a text, or what is wrong with it. */
async function sentencesIn(platform: Platform, file: string): Promise<readonly string[] | string> {
  const text = utf8(await platform.readFile(file, descriptionBytes));
  if (text === undefined) return "the caption is not UTF-8";
  const sentences = filledLines(text);
  return sentences.length > 0 ? sentences : "the caption is empty";
}
