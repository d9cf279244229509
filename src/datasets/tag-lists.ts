/** Tags in lines: tables as spreadsheets write them, and the lists that came with weakly supervised methods for VOC and COCO. */

import { foregroundOf } from "../data/background.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem, shown, suggestion } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { linesOf } from "../text/lines.ts";
import { cellsOf } from "./cells.ts";
import { isThere } from "./is-there.ts";
import { type Listing, tagsFrom } from "./label-files.ts";
import { readUtf8 } from "./text-file.ts";

/** Where tags may be, the first that is there being read. */
export const tagLists = ["tags.json", "tags.csv", "tags.txt"] as const;

/** The list of tags in a folder; undefined where there is none. */
export async function tagListIn(platform: Platform, folder: string): Promise<string | undefined> {
  if ((await platform.exists(folder)) !== "folder") return undefined;
  for (const name of tagLists) if (await isThere(platform, folder, name, "file")) return joinPath(folder, name);
  return undefined;
}

/** What a list says of the images of a split. Throws InputError naming the file and what is wrong in it. */
export async function readTagList(
  platform: Platform,
  file: string,
  split: string,
  classes: readonly ClassInfo[],
): Promise<Listing<readonly number[]>> {
  const read = file.endsWith(".json") ? tagsFrom : tagLinesFrom;
  return read(await readUtf8(platform, file, listBytes), file, split, classes);
}

/** What the first column of a table is called. */
const headings = /^(image|images|name|names|file|filename|file_name|id|image_id|path)$/i;

/**
 * `tags.csv` and `tags.txt`, a line for each image: its name, then its tags, with commas, semicolons, tabs or spaces between; or below a
 * line of class names a 0 or 1 for each. Tags are names of classes, or numbers that count the classes without the background from 0, as
 * in VOC's and COCO's lists (`2007_000032 0 14`). Throws InputError naming the file and the line.
 */
export function tagLinesFrom(
  text: string,
  file: string,
  split: string,
  classes: readonly ClassInfo[],
): Listing<readonly number[]> {
  const names = classes.map(({ name }) => name);
  const counted = foregroundOf({ classes }).map((index) => classes[index]);
  const found: Record<string, string[]> = {};
  let columns: readonly string[] | null = null;
  for (const [index, line] of linesOf(text).entries()) {
    if (line.trim() === "") continue;
    const where = `${file}: line ${index + 1}`;
    const [name, ...fields] = fieldsIn(line);
    if (index === 0 && headings.test(name)) {
      columns = fields.length > 1 && fields.some((field) => names.includes(field)) ? fields : null;
      // A column that is no class would leave the others to be read as numbers.
      const other = columns?.find((field) => field !== "" && !names.includes(field));
      if (other !== undefined) {
        const remedy = `${suggestion(other, names)} Add the class, or remove the column.`;
        throw new InputError(problem(where, "expected names of classes as columns", shown(other), remedy));
      }
      continue;
    }
    if (Object.hasOwn(found, name)) {
      throw new InputError(problem(where, "expected each image once", `"${name}" twice`, "Merge the two lines."));
    }
    const tags: string[] = [];
    for (const [at, field] of fields.entries()) {
      if (field === "") continue;
      if (columns !== null) {
        if (field !== "0" && field !== "1") {
          throw new InputError(problem(where, "expected 0 or 1 for each class", shown(field), "Correct the line."));
        }
        if (field === "1" && columns[at] !== undefined) tags.push(columns[at]);
        continue;
      }
      const named = /^\d+$/.test(field) && !names.includes(field) ? counted[Number(field)]?.name : field;
      if (named === undefined) {
        const expected = `expected numbers from 0 to ${counted.length - 1}, which count the classes without background`;
        throw new InputError(problem(where, expected, field, "Correct the line, or write names of classes."));
      }
      tags.push(named);
    }
    found[name] = tags;
  }
  return tagsFrom(JSON.stringify(found), file, split, classes);
}

/** Parts of a line; names with spaces in them need another separator. Quotes are taken off, and may hold several tags. */
function fieldsIn(line: string): string[] {
  const text = line.trim();
  const bare = text.replace(/"[^"]*"/g, "");
  const separator = [";", "\t", ","].find((each) => bare.includes(each)) ?? " ";
  return cellsOf(text, separator).flatMap(({ text: field, quoted }, i) => {
    // `a.jpg,"cow, two words"` or `a.jpg,cow;sheep`: several tags in a column.
    const several = quoted ? /[;|,]/ : /[;|]/;
    return i > 0 && separator !== ";" && several.test(field)
      ? field.split(several).map((each) => each.trim())
      : [field];
  });
}
