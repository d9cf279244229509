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
 * Pairs of `NAME.jpg` and `NAME.txt`, a sentence a line: three names a pair are kept. Texts are read once to see that they
 * are some. Photographs without text, and texts without photograph, are left out. Accents may be composed or not.
 */
export async function textFilePairs(platform: Platform, folder: string): Promise<Pairs> {
  const bad = new BadPairs();
  const photographs: string[] = [];
  const texts = new Map<string, string>();
  for (const name of await platform.list(folder)) {
    const extension = splitName(name)[1];
    if (name.startsWith(".")) continue;
    if (extension === "txt") texts.set(stemOf(name), name);
    else if (photographEndings.has(extension)) photographs.push(name);
  }
  const [ids, images, captions] = [[] as string[], [] as string[], [] as string[]];
  const seen = new Set<string>();
  for (const name of photographs) {
    const id = stemOf(name);
    const text = texts.get(id);
    const fault = seen.has(id) ? "the name occurs twice" : await faultOf(platform, folder, text);
    seen.add(id);
    if (fault !== undefined || text === undefined) {
      bad.add(fault ?? "", joinPath(folder, name));
      continue;
    }
    ids.push(id);
    images.push(name);
    captions.push(text);
  }
  for (const [id, name] of texts) if (!seen.has(id)) bad.add("the photograph is missing", joinPath(folder, name));
  return {
    ids,
    bad,
    source: (index) => joinPath(folder, images[index]),
    async read(index) {
      const file = joinPath(folder, captions[index]);
      const found = await sentencesIn(platform, file);
      if (typeof found !== "string") return { image: joinPath(folder, images[index]), captions: found };
      throw new InputError(problem(file, "expected captions, one a line", found, "Write some, or remove the file."));
    },
  };
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
