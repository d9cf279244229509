/** A list of all photographs of a folder of predictions, which grows from call to call: COCO's annotations. */
import { InputError, problem } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";

/** What a list holds: entries of photographs, and the classes that all of them have. */
export interface Listed<Entry, Category> {
  readonly categories: readonly Category[];
  readonly entries: readonly Entry[];
}

export interface ListForm<Entry, Category> {
  /** Name of the file. */
  readonly name: string;
  /** What it lists, for messages: `segments`. */
  readonly what: string;
  /** What `text` wrote, as it is parsed; null for anything else. */
  read(value: unknown): Listed<Entry, Category> | null;
  text(listed: Listed<Entry, Category>): string;
  /** The file of an entry, as seen from the folder: where it is gone, the photograph is left out. */
  fileOf(entry: Entry): string;
}

export interface FolderList<Entry> {
  /** Takes out the photographs whose files are about to be replaced: nothing is listed that is not so. */
  begin(): Promise<void>;
  /** Adds what was written, and lists what is there again. touched: files that were written, listed or not, as seen from the folder. */
  end(written: readonly Entry[], touched: readonly string[]): Promise<void>;
}

export type ListFiles = Pick<Platform, "exists" | "readText" | "writeFile" | "remove">;

/**
 * replaced: files that may be written, as seen from the folder. own: the classes of what will be added; null: nothing will. also: what is
 * made of the same list besides. Throws InputError where something would be added to a file that predict did not write, or that has other
 * classes.
 */
export async function openFolderList<Entry, Category>(
  platform: ListFiles,
  folder: string,
  form: ListForm<Entry, Category>,
  {
    replaced,
    own,
    also = async () => {},
  }: {
    readonly replaced: readonly string[];
    readonly own: readonly Category[] | null;
    readonly also?: (listed: Listed<Entry, Category>) => Promise<void>;
  },
): Promise<FolderList<Entry>> {
  const path = `${folder}/${form.name}`;
  const value = await readJson(platform, path);
  const earlier = value === undefined ? null : form.read(value);
  if (own !== null && earlier === null) await requireFree(platform, path);
  const { entries = [], categories: known = [] } = earlier ?? {};
  const others = entries.filter((entry) => !replaced.includes(form.fileOf(entry)));
  const categories = own ?? known;
  const same = JSON.stringify(categories) === JSON.stringify(known);
  if (others.length > 0 && !same) {
    const expected = `expected ${form.what} of the same classes, which the photographs can be added to`;
    throw new InputError(problem(path, expected, "others", "Choose another --out."));
  }
  const write = async (all: readonly Entry[]) => {
    const listed = { categories, entries: all };
    if (all.length > 0) await platform.writeFile(path, form.text(listed));
    else if (earlier !== null) await platform.remove(path);
    await also(listed);
  };
  return {
    begin: async () => (others.length < entries.length ? write(others) : undefined),
    async end(written, touched) {
      if (earlier === null && written.length === 0) return;
      const kept: Entry[] = [];
      // Those whose photograph could not be read this time have their earlier files, and the earlier classes.
      for (const entry of same ? entries : []) {
        const file = form.fileOf(entry);
        if (!touched.includes(file) && (await platform.exists(`${folder}/${file}`)) === "file") kept.push(entry);
      }
      await write([...kept, ...written]);
    },
  };
}

/** Throws InputError where something is in the way of a file. */
export async function requireFree(platform: Pick<Platform, "exists">, path: string): Promise<void> {
  if ((await platform.exists(path)) === "nothing") return;
  const expected = "expected nothing, or an earlier result of predict to replace";
  throw new InputError(problem(path, expected, "another file", "Choose another --out, or move it away."));
}

/** Undefined where there is no such file, null where it is no JSON. */
export async function readJson(platform: Pick<Platform, "exists" | "readText">, path: string): Promise<unknown> {
  if ((await platform.exists(path)) !== "file") return undefined;
  try {
    return parseJson(await platform.readText(path, listBytes));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
