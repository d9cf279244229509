/** Texts that lie where a picture or a list was to be, since it was not fetched. */

/** start: the first bytes of a file → what it is and what to do; undefined where it is none of these. */
export function standIn(start: Uint8Array): readonly [got: string, remedy: string] | undefined {
  const text = new TextDecoder().decode(start.subarray(0, 256)).replace(/^\ufeff/, "");
  if (text.startsWith("version https://git-lfs"))
    return ["a pointer of Git LFS", "Fetch the file itself: git lfs pull."];
  if (/^\s*(?:<!doctype html|<html)/i.test(text)) return ["a web page", "Download the file itself."];
  return undefined;
}
