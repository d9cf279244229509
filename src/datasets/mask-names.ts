/** Masks whose names differ from their photographs' by the same beginning or ending: `a_mask.png` of `a.jpg`. */

import type { EntryLabels, Problem } from "./layout.ts";
import { type Files, makeProblem } from "./pairs.ts";

/** Masks by the name of their photograph, and a note where that is another than theirs. */
export interface NamedMasks {
  readonly byId: Map<string, string>;
  readonly notes: readonly Problem[];
}

/** What is put in front of a name and behind it, and what of its own is left out. */
interface Affix {
  readonly mask: readonly [prefix: string, suffix: string];
  readonly image: readonly [prefix: string, suffix: string];
}

/** Names that are looked at to find what they have in common. */
const looked = 200;

/**
 * images, masks: by name. Where no mask has the name of a photograph, and all but a fifth have one with the same
 * beginning or ending in place of the photographs', they are theirs. `folder` begins the note.
 */
export function masksByImage(images: ReadonlyMap<string, string>, masks: Files["byId"], folder: string): NamedMasks {
  const names = [...masks.keys()];
  const same = { byId: masks, notes: [] };
  if (names.length === 0 || images.size === 0 || names.some((name) => images.has(name))) return same;
  const lower = new Map([...images.keys()].map((id) => [id.toLowerCase(), id]));
  // Some systems take names that differ by case for the same.
  const ways: ((name: string) => string | undefined)[] =
    lower.size < images.size ? [] : [(name) => lower.get(name.toLowerCase())];
  for (const affix of [...affixesOf(images, names), ...commonAffix([...images.keys()], names)]) {
    ways.push((name) => nameOf(name, affix));
  }
  for (const way of ways) {
    const byId = new Map<string, string>();
    let found = 0;
    for (const name of names) {
      const id = way(name);
      const isTheirs = id !== undefined && images.has(id) && !byId.has(id);
      byId.set(isTheirs ? id : name, masks.get(name) as string);
      if (isTheirs) found++;
    }
    if (found < 0.8 * names.length) continue;
    const got = `names such as ${shownName(masks.get(names[0]) as string)}`;
    const [example] = byId.keys();
    const remedy = `They are read as the masks of photographs such as ${shownName(images.get(example) ?? example)}.`;
    return { byId, notes: [makeProblem(folder, "expected masks called as their photographs", got, remedy)] };
  }
  return same;
}

function nameOf(name: string, { mask, image }: Affix): string | undefined {
  if (!name.startsWith(mask[0]) || !name.endsWith(mask[1]) || name.length <= mask[0].length + mask[1].length)
    return undefined;
  return image[0] + name.slice(mask[0].length, name.length - mask[1].length) + image[1];
}

/**
 * Masks that are no photograph's, most of them called after one with more before or behind it, where several are of the same: every
 * class has a mask of its own, as `a_cat.png` or `cat/a.png`.
 */
export function severalMasks(
  images: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, Pick<EntryLabels, "mask">>,
): Problem | undefined {
  const byImage = new Map<string, string[]>();
  let [lost, found] = [0, 0];
  for (const [name, { mask }] of labels) {
    if (images.has(name) || typeof mask !== "string") continue;
    lost++;
    const cuts = [...name.matchAll(/[_\-. /]/g)].map(({ index }) => index);
    const image = cuts.flatMap((at) => [name.slice(0, at), name.slice(at + 1)]).find((part) => images.has(part));
    if (image === undefined) continue;
    found++;
    byImage.set(image, [...(byImage.get(image) ?? []), mask]);
  }
  const several = [...byImage].find(([, masks]) => masks.length > 1);
  if (several === undefined || found < 0.8 * lost) return undefined;
  const [image, [first, second]] = several;
  const remedy = `Paint them into one ${image}.png, with a value for each class.`;
  return makeProblem(first, `expected one mask for "${image}"`, `another, ${second}`, remedy);
}

/** How the name of a mask that lies beside its photograph ends. */
const besideEnding = /[_\-. ](?:masks?|labels?|seg|segmentation|gt|annotations?)$/i;

/** Among pictures of one folder those that are masks of others: `a_mask.png` beside `a.jpg`; by the photograph's name. */
export function masksBeside(pictures: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, path] of pictures) {
    const id = name.replace(besideEnding, "");
    if (id !== name && pictures.has(id) && /\.(?:png|tiff?)$/i.test(path)) found.set(id, path);
  }
  return found;
}

/** What masks have more than photographs, the most frequent first: an ending, or a beginning. */
function affixesOf(images: ReadonlyMap<string, string>, names: readonly string[]): Affix[] {
  const counts = new Map<string, { count: number; affix: Affix }>();
  for (const name of names.slice(0, looked)) {
    for (let at = 1; at < name.length; at++) {
      const [start, end] = [name.slice(0, at), name.slice(at)];
      const found: Affix["mask"][] = [];
      if (images.has(start)) found.push(["", end]);
      if (images.has(end)) found.push([start, ""]);
      for (const mask of found) {
        const key = mask.join("\n");
        const known = counts.get(key) ?? { count: 0, affix: { mask, image: ["", ""] } };
        known.count++;
        counts.set(key, known);
      }
    }
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, 4)
    .map(({ affix }) => affix);
}

/** Beginnings and endings that all masks have, in place of those that all photographs have: `mask_01` and `img_01`. */
function commonAffix(images: readonly string[], names: readonly string[]): Affix[] {
  const image = sharedBy(images);
  const mask = sharedBy(names);
  return image[0] === mask[0] && image[1] === mask[1] ? [] : [{ image, mask }];
}

/** The beginning and ending of all names, without digits that are alike by chance. */
function sharedBy(names: readonly string[]): readonly [string, string] {
  const [first] = names;
  let [start, end] = [first.length, first.length];
  for (const name of names) {
    let at = 0;
    while (at < start && name[at] === first[at]) at++;
    start = at;
    at = 0;
    while (at < end && name.at(-1 - at) === first.at(-1 - at)) at++;
    end = at;
  }
  // One name alone is all beginning: its number, or its last word, is what tells it.
  const prefix = (/^.*[^\d]/.exec(first.slice(0, start)) ?? [""])[0].replace(/[^_\-. ]*$/, "");
  const suffix = (/[^\d].*$/.exec(first.slice(first.length - end)) ?? [""])[0].replace(/^[^_\-. ]*/, "");
  return prefix.length + suffix.length < first.length ? [prefix, suffix] : ["", suffix];
}

function shownName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
