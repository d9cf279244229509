/** File names of what a prediction writes. */

import { InputError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";

/** The files of one photograph. */
export interface OutputNames {
  readonly mask: string;
  readonly overlay: string;
  /** Segment ids, which panoptic models give. */
  readonly segments: string;
  readonly record: string;
}

/**
 * Names in `folder` for each photograph: its own name with `.png`, `.overlay.png`, `.panoptic.png` and `.json`. Where two photographs
 * have one name (in two folders, or `a.jpg` and `a.png`), later ones get `-2`, `-3` and so on. Case does not
 * distinguish, since on many disks it does not. reserved: names of files of the whole folder. Throws InputError where an output would replace a photograph.
 */
export function outputNames(
  photographs: readonly string[],
  folder: string,
  reserved: readonly string[] = [],
): OutputNames[] {
  const taken = new Set(reserved.map((name) => simplified(`${folder}/${name}`)));
  const inputs = new Set(photographs.map(simplified));
  return photographs.map((photograph) => {
    const stem = stemOf(photograph);
    for (let count = 1; ; count++) {
      const base = `${folder}/${count === 1 ? stem : `${stem}-${count}`}`;
      const names = {
        mask: `${base}.png`,
        overlay: `${base}.overlay.png`,
        segments: `${base}.panoptic.png`,
        record: `${base}.json`,
      };
      const keys = Object.values(names).map(simplified);
      if (keys.some((key) => taken.has(key))) continue;
      const replaced = keys.findIndex((key) => inputs.has(key));
      if (replaced >= 0) {
        throw new InputError(
          `${photograph}: expected a folder for the results other than the photographs' own, got ${folder}, where ${Object.values(names)[replaced]} is a photograph. Choose another --out.`,
        );
      }
      for (const key of keys) taken.add(key);
      return names;
    }
  });
}

/** File name without folder and extension. */
export function stemOf(path: string): string {
  const name = lastPart(path);
  const dot = name.lastIndexOf(".");
  return (dot > 0 ? name.slice(0, dot) : name) || "image";
}

/** A path to compare by: separators, `.`, `..` and case made the same. */
function simplified(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === "." || (part === "" && parts.length > 0)) continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
    else parts.push(part);
  }
  return parts.join("/").toLowerCase();
}
