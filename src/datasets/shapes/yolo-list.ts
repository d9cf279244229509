/** `data.yaml`, or another list, of YOLO's labels: which number is which class, and where each split's photographs lie. */

import type { Split } from "../../data/dataset.ts";
import { InputError, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { findClassList } from "../class-lists.ts";
import { beginningOf, readUtf8 } from "../text-file.ts";
import { type YamlField, yamlFields } from "./yaml-fields.ts";

export interface YoloList {
  readonly file: string;
  /** Names by the number that begins a line, ascending. */
  readonly names: ReadonlyMap<number, string>;
  /** Folders of photographs, or text files that list them, as written. */
  readonly places: Readonly<Partial<Record<Split, readonly string[]>>>;
  /** What those are seen from, as written; "" where nothing is said. */
  readonly path: string;
}

/** Whether text files begin as YOLO's do, with the number of a class and four shares or more: the first that holds something tells. */
export async function holdShares(platform: Platform, files: Iterable<string>): Promise<boolean> {
  for (const file of files) {
    const text = await beginningOf(platform, file, 1 << 12);
    if (text.trim() !== "") return areShares(text);
  }
  return false;
}

function areShares(text: string): boolean {
  return /^\ufeff?\s*\d+(?:\.0+)?(?:[ \t]+-?[\d.]+(?:e-?\d+)?){4,}/i.test(text);
}

/** The YAML file of a folder that has `names`; null where there is none. */
export async function findYaml(platform: Platform, root: string): Promise<YoloList | null> {
  const names = (await platform.list(root)).filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith("."));
  const isOwn = (name: string) => /^(?:data|dataset)\./i.test(name);
  for (const name of [...names.filter(isOwn), ...names]) {
    const file = joinPath(root, name);
    if ((await platform.exists(file)) !== "file") continue;
    const fields = yamlFields(await readUtf8(platform, file));
    // Other programs' settings may have a name of theirs in it.
    if (fields.has("names") && (isOwn(name) || typeof fields.get("names") !== "string")) return listIn(fields, file);
  }
  return null;
}

/** A list of another form in a folder or in its `labels`; null where there is none. */
export async function findOtherList(platform: Platform, root: string): Promise<YoloList | null> {
  const list = await findClassList(platform, [root, joinPath(root, "labels")]);
  if (list === null) return null;
  const listed = list.classes.map(({ name, value }) => [value, name] as const);
  return { file: list.file, names: new Map(listed), places: {}, path: "" };
}

/** Throws InputError where a class has no name, or a name or number that another has. */
function listIn(fields: ReadonlyMap<string, YamlField>, file: string): YoloList {
  const field = fields.get("names") as YamlField;
  const where = `${file}: names`;
  const remedy = "Write names: [cat, dog], or a line 0: cat below names: for each class.";
  if (typeof field === "string")
    throw new InputError(problem(where, "expected a list of classes", shown(field), remedy));
  const named = Array.isArray(field)
    ? field.map((name, at) => [String(at), name] as const)
    : [...(field as ReadonlyMap<string, string>)];
  const found = new Map<number, string>();
  const known = new Map<string, number>();
  for (const [key, name] of named) {
    const number = /^\d{1,5}$/.test(key.trim()) ? Number(key) : Number.NaN;
    if (Number.isNaN(number)) throw new InputError(problem(where, "expected numbers of classes", shown(key), remedy));
    if (name.trim() === "") throw new InputError(problem(where, `expected a name for class ${number}`, "none", remedy));
    const other = known.get(name);
    if (other !== undefined || found.has(number)) {
      const got = found.has(number) ? `${number} twice` : `"${name}" for ${other} and ${number}`;
      throw new InputError(problem(where, "expected a name of its own for each class", got, "Rename one of the two."));
    }
    known.set(name, number);
    found.set(number, name);
  }
  if (found.size === 0) throw new InputError(problem(where, "expected a list of classes", "none", remedy));
  const count = fields.get("nc");
  if (typeof count === "string" && /^\d+$/.test(count) && Number(count) !== found.size) {
    const got = `${found.size} ${found.size === 1 ? "name" : "names"}`;
    throw new InputError(problem(where, `expected as many names as nc: ${count} says`, got, "Correct one of the two."));
  }
  const path = fields.get("path");
  return {
    ...{ file, names: new Map([...found].sort(([a], [b]) => a - b)) },
    places: { train: textsIn(fields.get("train")), val: textsIn(fields.get("val")), test: textsIn(fields.get("test")) },
    path: typeof path === "string" ? path : "",
  };
}

function textsIn(field: YamlField | undefined): readonly string[] {
  const texts = typeof field === "string" ? [field] : Array.isArray(field) ? (field as readonly string[]) : [];
  return texts.filter((each) => each !== "" && each !== "null" && each !== "~");
}
