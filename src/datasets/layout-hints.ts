/** A folder of no known layout: which it is nearest to, and what has to be moved or renamed. */

import { allSplits } from "../data/dataset.ts";
import { InputError, nearest, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { findLayout, layouts, missingSigns } from "./index.ts";
import type { Problem } from "./layout.ts";
import { looksLikeImage } from "./pairs.ts";
import { splitNames } from "./split-names.ts";

export interface LayoutGuess {
  readonly name: string;
  readonly about: string;
  readonly drawing: string;
  /** Folders that it needs and that are not there. */
  readonly missing: readonly string[];
}

/** The layouts, those first of which the most is there. */
export async function guesses(platform: Platform, path: string): Promise<LayoutGuess[]> {
  const found = await Promise.all(
    layouts
      .filter(({ onlyByName }) => !onlyByName)
      .map(async (layout) => {
        const { name, about, drawing, signs } = layout;
        const missing = (await missingSigns(platform, path, layout)).map((sign) => `${sign}/`);
        return { guess: { name, about, drawing, missing }, share: missing.length / signs.length };
      }),
  );
  // The plain folder is what most people mean, so it leads where nothing speaks for another.
  const rank = (name: string) => (name === "folder" ? 0 : 1);
  return found.sort((a, b) => a.share - b.share || rank(a.guess.name) - rank(b.guess.name)).map(({ guess }) => guess);
}

/** Folders that are nearly what a layout needs, and folders inside that have one. */
export async function hints(platform: Platform, path: string): Promise<Problem[]> {
  const notes: Problem[] = [];
  const wanted = new Set(layouts.flatMap(({ signs }) => signs.map((sign) => sign.split("/")[0])));
  for (const name of await platform.list(path)) {
    const inside = joinPath(path, name);
    if (name.startsWith(".") || (await platform.exists(inside)) !== "folder") continue;
    const apart = (await splitFirst(platform, path, name)) ?? (await oneName(platform, path, name));
    if (apart !== undefined) {
      notes.push({ file: inside, message: apart });
      continue;
    }
    if (/^SegmentationObject/i.test(name)) {
      const remedy = "Its numbers tell things apart: export masks of classes.";
      notes.push({ file: inside, message: problem(inside, "expected SegmentationClass beside it", "none", remedy) });
      continue;
    }
    const near = wanted.has(name) ? undefined : nearly(name, wanted);
    if (near !== undefined) {
      notes.push({ file: inside, message: problem(inside, `expected a name like ${near}`, name, "Rename it.") });
    }
    try {
      const { layout } = await findLayout(platform, inside);
      const remedy = `Give ${inside} instead.`;
      notes.push({
        file: inside,
        message: problem(inside, "expected nothing here", `the layout ${layout.name}`, remedy),
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return notes;
}

/** A name with a letter or two wrong, or with the kind of its files behind it: `SegmentationClassPNG`. */
function nearly(name: string, wanted: ReadonlySet<string>): string | undefined {
  const near = nearest(name.replace(/[_-]?png$/i, ""), wanted);
  const isLike = near !== undefined && Math.abs(near.length - name.length) <= 3;
  return isLike && near.slice(0, 4).toLowerCase() === name.slice(0, 4).toLowerCase() ? near : undefined;
}

/** A folder of a split with folders of each kind inside, or with photographs alone: how it has to lie. */
async function splitFirst(platform: Platform, path: string, name: string): Promise<string | undefined> {
  const split = allSplits.find((each) => splitNames[each].includes(name.toLowerCase()));
  if (split === undefined) return undefined;
  const folder = joinPath(path, name);
  const there = await platform.list(folder);
  const kinds = ["images", "masks"].filter((kind) => there.includes(kind));
  const pairs =
    kinds.length > 0
      ? kinds.map((kind) => [joinPath(folder, kind), joinPath(path, kind, split)])
      : there.some(looksLikeImage)
        ? [[folder, joinPath(path, "images", split)]]
        : [];
  return pairs.length === 0 ? undefined : movesOf(folder, pairs);
}

/** What people call the folders of photographs and of masks. */
const kindNames: Readonly<Record<string, readonly string[]>> = {
  images: ["images", "image", "imgs", "img", "photographs", "photos", "pictures"],
  masks: ["masks", "mask", "labels", "label", "annotations", "ann", "gt", "segmentations"],
};
/** What says nothing more. */
const emptyWords = ["dir", "folder", "set", "data"];

/** A folder that has the split and the kind in its name, or the kind alone: `train_images`, `images-val`, `imgs`. */
async function oneName(platform: Platform, path: string, name: string): Promise<string | undefined> {
  const words = name
    .toLowerCase()
    .split(/[_\-. ]+/)
    .filter((word) => !emptyWords.includes(word));
  const kind = Object.keys(kindNames).find((each) => words.some((word) => kindNames[each].includes(word)));
  const split = allSplits.find((each) => words.some((word) => splitNames[each].includes(word)));
  if (kind === undefined || words.length !== (split === undefined ? 1 : 2)) return undefined;
  const folder = joinPath(path, name);
  const to = joinPath(path, kind, ...(split === undefined ? [] : [split]));
  if (folder === to || (await platform.exists(to)) !== "nothing") return undefined;
  const there = await platform.list(folder);
  const train = split === undefined ? there.find((each) => splitNames.train.includes(each.toLowerCase())) : undefined;
  const holding = train === undefined ? there : await platform.list(joinPath(folder, train));
  return holding.some(looksLikeImage) ? movesOf(folder, [[folder, to]]) : undefined;
}

function movesOf(folder: string, pairs: readonly (readonly string[])[]): string {
  const expected = `expected ${pairs.map(([, to]) => to).join(" and ")}`;
  const moves = pairs.map(
    ([from, to]) => `mkdir -p ${typed(to.slice(0, to.lastIndexOf("/")))} && mv ${typed(from)} ${typed(to)}`,
  );
  return problem(folder, expected, pairs.map(([from]) => from).join(" and "), `Move: ${moves.join(" && ")}`);
}

/** A path as a shell takes it for one word. */
function typed(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
