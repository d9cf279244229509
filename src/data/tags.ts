import { IGNORE, type LabelMap } from "../image/image.ts";

/** Indices of the classes that a label map shows, ascending: what a mask says about a whole image. */
export function tagsOf({ data }: LabelMap): number[] {
  const seen = new Uint8Array(65_536);
  for (let i = 0; i < data.length; i++) seen[data[i]] = 1;
  seen[IGNORE] = 0;
  return [...seen.keys()].filter((label) => seen[label] === 1);
}
