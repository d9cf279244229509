/** Tags that are names of folders: `cow+grass/photo.jpg`. */
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem, shown, suggestion } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Problem } from "./layout.ts";
import { makeProblem } from "./pairs.ts";

export interface FolderTags {
  /** Indices of classes, ascending, by the name of the photograph. */
  readonly byId: ReadonlyMap<string, readonly number[]>;
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** What stands between two classes in the name of a folder. */
const separator = "+";

/**
 * What the folders of a split say of the photographs in them: names of classes, or their words, joined by `+`. Only the first folder below
 * the split counts, and none does unless one of them names a class. Then all have to, since a name with a typing error would be no label
 * without a word.
 *
 * images: files by their name below `folder`, `cow+grass/photo`.
 */
export async function folderTags(
  platform: Platform,
  images: ReadonlyMap<string, string>,
  folder: string,
  classes: readonly ClassInfo[],
): Promise<FolderTags> {
  const indexOf = new Map<string, number>();
  for (const [index, { words = [] }] of classes.entries()) for (const word of words) indexOf.set(word, index);
  for (const [index, { name }] of classes.entries()) indexOf.set(name, index);
  const inside = new Map<string, string[]>();
  for (const id of images.keys()) {
    const name = firstFolder(id);
    if (name === undefined) continue;
    inside.set(name, [...(inside.get(name) ?? []), id]);
  }
  const namesAny = [...inside.keys()].some((name) => name.split(separator).some((part) => indexOf.has(part.trim())));
  if (!namesAny) return { byId: new Map(), problems: [], notes: [] };
  const byId = new Map<string, readonly number[]>();
  const problems: Problem[] = [];
  for (const [name, ids] of inside) {
    const parts = name.split(separator).map((part) => part.trim());
    const wrong = parts.find((part) => !indexOf.has(part));
    if (wrong === undefined) {
      const tags = [...new Set(parts.map((part) => indexOf.get(part) as number))].sort((a, b) => a - b);
      for (const id of ids) byId.set(id, tags);
    } else {
      const expected = `expected a folder called after classes, as ${example(classes)}`;
      const remedy =
        wrong === ""
          ? `Rename it ${parts.filter((part) => part !== "").join(separator) || example(classes)}.`
          : `${suggestion(wrong, indexOf.keys())} Or add ${JSON.stringify({ name: wrong })} to the classes.`;
      const got = wrong === "" ? "an empty name in it" : shown(wrong);
      problems.push(makeProblem(`${folder}/${name}`, expected, got, remedy));
    }
  }
  problems.push(...(await inSeveral(platform, images, byId, folder)));
  const [first] = inside.keys();
  const note = makeProblem(
    folder,
    "expected tags in tags.json",
    `folders such as ${first}`,
    "Their names are the tags.",
  );
  return { byId, problems, notes: [note] };
}

/** What is missing where photographs lie in folders, which could be their tags, and nothing labels them; undefined where they do not. */
export function untoldFolders(
  images: ReadonlyMap<string, string>,
  folder: string,
  classes: readonly ClassInfo[],
  classesFile: string,
): InputError | undefined {
  const names = [...images.keys()].map(firstFolder).filter((name) => name !== undefined);
  const [first] = names;
  if (first === undefined) return undefined;
  if (classes.length > 0) {
    const expected = `expected labels, or a folder called after classes, as ${example(classes)}`;
    const remedy = suggestion(
      first,
      classes.map(({ name }) => name),
    );
    return new InputError(problem(`${folder}/${first}`, expected, shown(first), remedy));
  }
  const parts = [...new Set(names.flatMap((name) => name.split(separator)))].filter((part) => part !== "").slice(0, 8);
  const list = [{ name: "background", background: true }, ...parts.sort().map((name) => ({ name }))];
  const expected = `expected labels, or the classes that folders such as ${first} name`;
  return new InputError(problem(classesFile, expected, "no such file", `Write ${JSON.stringify({ classes: list })}.`));
}

/** A note where folders of images without labels are called as if they were tags: `cow+grass`. */
export function joinedFolders(
  entries: readonly Entry[],
  folder: string,
  classes: readonly ClassInfo[],
  classesFile: string,
): Problem[] {
  const joined = entries.filter(({ id }) => firstFolder(id)?.includes(separator));
  const error = untoldFolders(new Map(joined.map(({ id, image }) => [id, image])), folder, classes, classesFile);
  return error === undefined ? [] : [{ file: classesFile, message: error.message }];
}

/** `cow/day/photo` → cow; undefined where the photograph lies in no folder. */
function firstFolder(id: string): string | undefined {
  const at = id.indexOf("/");
  return at < 0 ? undefined : id.slice(0, at);
}

/** Two classes joined, as they could be. */
function example(classes: readonly ClassInfo[]): string {
  const names = classes.filter(({ background }) => !background).map(({ name }) => name);
  return names.slice(0, 2).join(separator);
}

/** A photograph that lies in two folders, of other tags each: of one name, one size and the same bytes. */
async function inSeveral(
  platform: Platform,
  images: ReadonlyMap<string, string>,
  tags: ReadonlyMap<string, readonly number[]>,
  folder: string,
): Promise<Problem[]> {
  const alike = new Map<string, string[]>();
  for (const id of tags.keys()) {
    const file = images.get(id) as string;
    const size = (await platform.shared.fileFacts(file))?.size;
    const key = `${size} ${file.slice(file.lastIndexOf("/") + 1)}`;
    alike.set(key, [...(alike.get(key) ?? []), id]);
  }
  const problems: Problem[] = [];
  // Numbered photographs, 0001.jpg in every folder, differ in size: few are read.
  for (const ids of [...alike.values()].filter(({ length }) => length > 1)) {
    const firsts = new Map<string, string>();
    for (const id of ids) {
      const hash = await platform.shared.hashFile(images.get(id) as string, "sha1");
      const first = firsts.get(hash);
      if (first === undefined) firsts.set(hash, id);
      else if (String(tags.get(first)) !== String(tags.get(id))) problems.push(twice(folder, first, id));
    }
  }
  return problems;
}

function twice(folder: string, first: string, second: string): Problem {
  const [one = "", other = ""] = [first, second].map(firstFolder);
  const joined = [...new Set([one, other].flatMap((name) => name.split(separator)))].join(separator);
  const remedy = `Keep one of them, in ${joined} if it shows all of these.`;
  return makeProblem(`${folder}/${second}`, "expected each photograph in one folder", `it in ${one} too`, remedy);
}
