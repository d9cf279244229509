/** Where COCO's annotations of a data set lie. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { namesWithYears } from "../split-names.ts";

/** Where the annotation of a split may be, below the folder; in lower case, but any case will do. */
export function candidates(split: Split): string[] {
  const names = namesWithYears(split);
  const inFolder = names.flatMap((name) => [
    `annotations/instances_${name}.json`,
    `annotations/${name}.json`,
    `${name}/_annotations.coco.json`,
    `instances_${name}.json`,
    `${name}.json`,
  ]);
  const alone = [
    "annotations/instances_default.json",
    "_annotations.coco.json",
    "annotations.json",
    "annotations/annotations.json",
  ];
  return split === "train" ? [...inFolder, ...alone, "coco.json", "instances.json", "result.json"] : inFolder;
}

/** The annotation of each split; one that lies alone in the folder or in `annotations`, whatever it is called, is train. */
export async function annotationsIn(platform: Platform, root: string): Promise<ReadonlyMap<Split, string>> {
  const found = new Map<Split, string>();
  if ((await platform.exists(root)) !== "folder") return found;
  const there = await jsonIn(platform, root);
  for (const split of labelledSplits) {
    for (const name of candidates(split)) {
      const path = there.find((each) => each === name) ?? there.find((each) => each.toLowerCase() === name);
      if (path === undefined || !(await looksRight(platform, joinPath(root, path)))) continue;
      found.set(split, joinPath(root, path));
      break;
    }
  }
  if (found.size > 0) return found;
  const others: string[] = [];
  for (const path of there.filter((each) => !/\/.*\/|^(?!annotations\/).*\//i.test(each))) {
    const file = joinPath(root, path);
    if (await looksRight(platform, file, /"segmentation"\s*:/)) others.push(file);
  }
  if (others.length > 1) {
    const remedy = "Call them annotations/train.json and annotations/val.json, or keep one.";
    const names = others.map((file) => file.slice(root.length + 1)).join(", ");
    throw new InputError(problem(root, "expected COCO's annotations called after their splits", names, remedy));
  }
  if (others.length === 1) found.set("train", others[0]);
  return found;
}

/** JSON files of a folder, of `annotations` and of folders that are called after splits, as they are written. */
async function jsonIn(platform: Platform, root: string): Promise<string[]> {
  const known = new Set(["annotations", ...labelledSplits.flatMap(namesWithYears)]);
  const found: string[] = [];
  for (const name of await platform.list(root)) {
    if (/^[^.].*\.json$/i.test(name)) found.push(name);
    else if (known.has(name.toLowerCase()) && (await platform.exists(joinPath(root, name))) === "folder") {
      for (const each of await platform.list(joinPath(root, name))) {
        if (/\.json$/i.test(each) && !each.startsWith(".")) found.push(`${name}/${each}`);
      }
    }
  }
  const files: string[] = [];
  for (const each of found) if ((await platform.exists(joinPath(root, each))) === "file") files.push(each);
  return files;
}

/** By its first and last bytes, since such a file may have hundreds of megabytes: instances name categories and annotations. */
async function looksRight(
  platform: Platform,
  file: string,
  needed = /"(?:images|annotations|categories)"\s*:/,
): Promise<boolean> {
  return platform.withFile(file, async (source) => {
    const piece = 1 << 16;
    const ends = [
      await source.read(0, Math.min(piece, source.size)),
      await source.read(Math.max(0, source.size - piece), Math.min(piece, source.size)),
    ];
    const text = ends.map((bytes) => new TextDecoder().decode(bytes)).join(" ");
    return (
      /^\ufeff?\s*\{/.test(text) &&
      /"(?:images|annotations|categories)"\s*:\s*\[/.test(text) &&
      needed.test(text) &&
      !text.includes('"segments_info"')
    );
  });
}
