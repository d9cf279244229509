/** A folder of photographs with a text file of the same name beside each. */

import { InputError, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { descriptionBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { splitName } from "../pairs.ts";
import { BadPairs } from "./bad-pairs.ts";
import { imageExtensions, type Pairs, utf8 } from "./pairs.ts";

/**
 * Pairs of `NAME.jpg` and `NAME.txt`, a sentence a line: two names a pair are kept. Texts are read once to see that they
 * are some. Photographs without text, and texts without photograph, are left out.
 */
export async function textFilePairs(platform: Platform, folder: string): Promise<Pairs> {
  const bad = new BadPairs();
  const images: string[] = [];
  const texts = new Set<string>();
  for (const name of await platform.list(folder)) {
    const [stem, extension] = splitName(name);
    if (name.startsWith(".")) continue;
    if (extension === "txt") texts.add(stem);
    else if (imageExtensions.has(extension)) images.push(name);
  }
  const [ids, kept] = [[] as string[], [] as string[]];
  const seen = new Set<string>();
  for (const name of images) {
    const [stem] = splitName(name);
    const fault = seen.has(stem) ? "the name occurs twice" : await faultOf(platform, folder, stem, texts);
    seen.add(stem);
    if (fault === undefined) {
      ids.push(stem.normalize("NFC"));
      kept.push(name);
    } else bad.add(fault, joinPath(folder, name));
  }
  for (const stem of texts) if (!seen.has(stem)) bad.add("the photograph is missing", joinPath(folder, `${stem}.txt`));
  return {
    ids,
    bad,
    source: (index) => joinPath(folder, kept[index]),
    async read(index) {
      const file = joinPath(folder, `${splitName(kept[index])[0]}.txt`);
      const captions = await sentencesIn(platform, file);
      if (typeof captions !== "string") return { image: joinPath(folder, kept[index]), captions };
      throw new InputError(problem(file, "expected captions, one a line", captions, "Write some, or remove the file."));
    },
  };
}

async function faultOf(
  platform: Platform,
  folder: string,
  stem: string,
  texts: ReadonlySet<string>,
): Promise<string | undefined> {
  if (!texts.has(stem)) return "the caption is missing";
  const found = await sentencesIn(platform, joinPath(folder, `${stem}.txt`));
  return typeof found === "string" ? found : undefined;
}

/** The lines of a text, or what is wrong with it. */
async function sentencesIn(platform: Platform, file: string): Promise<readonly string[] | string> {
  const text = utf8(await platform.readFile(file, descriptionBytes));
  if (text === undefined) return "the caption is not UTF-8";
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const sentences = lines.map((line) => line.trim()).filter((line) => line !== "");
  return sentences.length > 0 ? sentences : "the caption is empty";
}
