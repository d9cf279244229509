/** What a data set's files hold, in a few letters: it tells masks that were repainted, and a folder that was moved or copied. */

import { hexDigest } from "../array/digest.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Platform } from "../platform/platform.ts";

/** Samples that are looked at, spread evenly: a few seconds of the largest data set. */
const looked = 2000;
/** Labels of more bytes are told by their size alone. */
const mostBytes = 1 << 20;

/**
 * A hash of the sizes of photographs and the bytes of labels, of up to 2,000 samples; null where samples are not files of
 * their own. Names of folders do not matter.
 */
export async function contentsOf(platform: Pick<Platform, "shared">, dataset: Dataset): Promise<string | null> {
  const { files, ids } = dataset;
  if (files === undefined) return null;
  const count = Math.min(looked, ids.length);
  const lines: string[] = [];
  // One annotation may label all.
  const known = new Map<string, Promise<string>>();
  const textOf = (file: string) => {
    const text = known.get(file) ?? labelText(platform, file);
    known.set(file, text);
    return text;
  };
  for (let at = 0; at < count; at++) {
    const index = Math.floor((at * ids.length) / count);
    const [image, ...labels] = files(index);
    const size = (await platform.shared.fileFacts(image))?.size ?? 0;
    const parts = await Promise.all(labels.map(textOf));
    lines.push([ids[index], size, ...parts].join(" "));
  }
  return hexDigest(new TextEncoder().encode(lines.join("\n")));
}

async function labelText({ shared }: Pick<Platform, "shared">, file: string): Promise<string> {
  const size = (await shared.fileFacts(file))?.size ?? 0;
  return size > mostBytes ? String(size) : `${size}:${await shared.hashFile(file, "sha1")}`;
}
