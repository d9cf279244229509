/** Which classes are things, where only the numbers of their instances tell. */

import { loadAhead } from "../data/ahead.ts";
import type { Split } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, listed } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type SplitLabels, splitLabels } from "./folder-labels.ts";
import type { Folders, NumberedInstances, Problem } from "./layout.ts";
import { decodeMaskFile } from "./mask-file.ts";
import { labelsOf } from "./mask-labels.ts";
import { countedIn, type Numbered } from "./numbered-instances.ts";
import { makeProblem } from "./pairs.ts";
import { numberedOf } from "./panoptic-file.ts";
import { lookupOf } from "./value-map.ts";

/**
 * `labels` with every class a thing or stuff: where nothing says it, a class is a thing if it has a number anywhere in train, or, where
 * train has no such maps, in the split itself. A note of that split tells which. Files that cannot be read are passed over: they are told where they
 * are read for their samples.
 */
export async function withCountedThings(
  platform: Platform,
  folders: Folders,
  split: Split,
  labels: SplitLabels,
): Promise<SplitLabels> {
  const unsaid = labels.classes.filter(({ thing }) => thing === undefined);
  const own = mapsOf(labels);
  if (unsaid.length === 0 || own.length === 0) return labels;
  const trained = split === "train" ? own : await trainMaps(platform, folders);
  const [maps, from] = trained.length > 0 ? [trained, "train"] : [own, split];
  const { counted, notes } = await look(platform, labels, maps);
  const classes = labels.classes.map((each, index) => ({ ...each, thing: each.thing ?? counted.has(index) }));
  // Of val it is said where train is read.
  if (from !== split) return { ...labels, classes };
  const things = unsaid.filter(({ name }) => classes.some((each) => each.name === name && each.thing));
  const others = unsaid.length - things.length;
  const stuff = others === 0 ? "" : `; the other ${others === 1 ? "is" : `${others} are`} stuff`;
  const remedy =
    things.length === 0
      ? "No number tells instances of them apart: all are stuff."
      : `Those with numbers are things: ${namesOf(things)}${stuff}.`;
  const file = labels.listed === "classes.json" ? joinPath(folders.root, labels.listed) : labels.listed;
  const note = makeProblem(file, 'expected "thing" of every class', `none of ${namesOf(unsaid)}`, remedy);
  return { ...labels, classes, notes: [...labels.notes, note, ...notes] };
}

function namesOf(classes: readonly ClassInfo[]): string {
  const names = classes.map(({ name }) => `"${name}"`);
  return listed(names, 8);
}

function mapsOf({ byId }: Pick<SplitLabels, "byId">): NumberedInstances[] {
  return [...byId.values()].flatMap(({ panoptic }) =>
    panoptic === undefined || "segments" in panoptic ? [] : [panoptic],
  );
}

async function trainMaps(platform: Platform, folders: Folders): Promise<NumberedInstances[]> {
  try {
    return mapsOf(await splitLabels(platform, folders, "train"));
  } catch (error) {
    // What is broken in train is told where train is read.
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Classes that have numbers, and what speaks for a red that begins with 0. */
async function look(
  platform: Platform,
  { classes, valueMap, listed: where }: SplitLabels,
  maps: readonly NumberedInstances[],
): Promise<{ counted: ReadonlySet<number>; notes: Problem[] }> {
  const lookup = lookupOf(valueMap, where, classes);
  const read = async (map: NumberedInstances): Promise<Numbered | null> => {
    const raw = await platform.decodeMask(map.file);
    const mask =
      map.mask === undefined ? undefined : labelsOf(await decodeMaskFile(platform, map.mask), lookup, map.mask, "");
    if (mask !== undefined && (mask.width !== raw.width || mask.height !== raw.height)) return null;
    return numberedOf(raw, map, classes, mask);
  };
  const counted = new Set<number>();
  const last = classes.length - 1;
  let [hasNone, hasLast] = [false, false];
  for await (const { value, error } of loadAhead(maps.length, (index) => read(maps[index]))) {
    if (error !== undefined && !(error instanceof InputError)) throw error;
    if (value === undefined || value === null) continue;
    for (const index of countedIn(value)) counted.add(index);
    hasNone ||= value.labels.includes(IGNORE);
    hasLast ||= value.labels.includes(last);
  }
  const { file, mask } = maps[0];
  const hasZero = typeof valueMap["0"] === "number";
  if (mask !== undefined || !hasZero || !hasNone || hasLast) return { counted, notes: [] };
  const expected = `expected "${classes[last].name}", the last class, as red ${classes.length} somewhere`;
  const remedy = `Red 0 is no class: where it is meant as "${classes[0].name}", add 1 to red.`;
  return { counted, notes: [makeProblem(file, expected, "none, and pixels of red 0", remedy)] };
}
