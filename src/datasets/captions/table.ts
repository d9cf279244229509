/** Tables of photographs and captions: CSV, TSV, and JSON lines. */

import Papa from "papaparse";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { parseJson } from "../../platform/json.ts";
import type { Platform } from "../../platform/platform.ts";
import { BadPairs } from "./bad-pairs.ts";
import { Column } from "./columns.ts";
import { imageBelow, imageCheck } from "./image-finder.ts";
import { captionFields, fieldOf, imageFields, type Pairs, sentencesFrom, utf8 } from "./pairs.ts";
import { textRecords } from "./records.ts";

export type TableKind = "csv" | "tsv" | "jsonl";

/** A row's photograph as it is written there, and its captions; or what is wrong with the row. */
export type Row = { readonly image: string; readonly captions: readonly string[] } | { readonly fault: string };

type ParseRow = (text: string) => Row;

/** Where the good rows of a table are. */
interface Rows {
  readonly ids: string[];
  readonly offsets: Column;
  readonly lengths: Column;
  readonly bad: BadPairs;
  readonly parse: ParseRow;
}

/**
 * Indexes a table: 12 bytes a row and its name. Rows are parsed once, and those whose photograph is not there are left out;
 * photographs lie below `folder`, as the table names them. Throws InputError where columns cannot be told.
 */
export async function tablePairs(platform: Platform, file: string, kind: TableKind, folder: string): Promise<Pairs> {
  const { ids, offsets, lengths, bad, parse } = await goodRows(platform, file, kind, folder);
  const source = (index: number) => `${file}: ${ids[index]}`;
  return {
    ...{ ids, bad, source },
    async read(index) {
      const bytes = await platform.withFile(file, (text) => text.read(offsets.at(index), lengths.at(index)));
      return rowPair(parse(utf8(bytes) ?? ""), folder, source(index));
    },
  };
}

/** What is needed for listing alone, such as every name, is gone after it. */
async function goodRows(platform: Platform, file: string, kind: TableKind, folder: string): Promise<Rows> {
  const rows = { ids: [] as string[], offsets: new Column(8), lengths: new Column(4), bad: new BadPairs() };
  const name = uniqueNames();
  const missing = imageCheck(platform, folder);
  let parse: ParseRow | undefined = kind === "jsonl" ? jsonRow : undefined;
  await platform.withFile(file, async (source) => {
    let number = 0;
    for await (const { offset, bytes } of textRecords(source, file, kind === "csv" ? 44 : undefined)) {
      const place = `${file}: row ${++number}`;
      const text = utf8(bytes);
      if (parse === undefined) {
        const columns = columnsOf(cellsOf(text ?? "", kind), file);
        parse = rowParser(columns, kind);
        if (columns.isHeader) continue;
      }
      const row = text === undefined ? { fault: "the text is not UTF-8" } : parse(text);
      const fault = "fault" in row ? row.fault : await missing(row.image);
      if ("fault" in row || fault !== undefined) {
        rows.bad.add(fault ?? "", place);
        continue;
      }
      rows.ids.push(name(row.image));
      rows.offsets.push(offset);
      rows.lengths.push(bytes.length);
    }
  });
  return { ...rows, parse: parse ?? jsonRow };
}

function rowParser(columns: Columns, kind: TableKind): ParseRow {
  return (text) => tableRow(cellsOf(text, kind), columns);
}

/** A row that was good when it was listed. */
export function rowPair(row: Row, folder: string, where: string): Awaited<ReturnType<Pairs["read"]>> {
  const path = "fault" in row ? undefined : imageBelow(row.image);
  if (!("fault" in row) && path !== undefined) return { image: joinPath(folder, path), captions: row.captions };
  const got = "fault" in row ? row.fault : "another row";
  throw new InputError(problem(where, "expected a photograph and its captions", got, "Start again."));
}

/** Tabs separate, and quotation marks are themselves: so are the lists of Conceptual Captions written. */
function cellsOf(text: string, kind: TableKind): readonly string[] {
  if (kind === "tsv") return text.split("\t");
  return Papa.parse<string[]>(text, { delimiter: "," }).data[0] ?? [];
}

interface Columns {
  readonly image: number;
  readonly caption: number;
  readonly count: number;
  readonly isHeader: boolean;
}

/**
 * first: the first row. Columns are known by their names; two columns without names are caption and photograph, as in
 * Conceptual Captions, or the other way round where the first looks like a file.
 */
function columnsOf(first: readonly string[], file: string): Columns {
  const names = first.map((cell) => cell.trim().toLowerCase());
  const indexOf = (known: readonly string[]) => {
    const name = known.find((each) => names.includes(each));
    return name === undefined ? -1 : names.indexOf(name);
  };
  const [image, caption] = [indexOf(imageFields), indexOf(captionFields)];
  const count = first.length;
  if (image >= 0 && caption >= 0) return { image, caption, count, isHeader: true };
  if (count === 2 && image < 0 && caption < 0) {
    const isFileFirst = looksLikeFile(first[0]) && !looksLikeFile(first[1]);
    return { image: isFileFirst ? 0 : 1, caption: isFileFirst ? 1 : 0, count, isHeader: false };
  }
  const expected = `expected columns for the photograph (${imageFields.join(", ")}) and the caption (${captionFields.join(", ")})`;
  throw new InputError(problem(file, expected, shown(names.join(", ")), "Name them in the first row."));
}

function looksLikeFile(cell: string): boolean {
  return /^\S+\.(?:jpe?g|png|webp|gif|avif|tiff?|bmp)$/i.test(cell.trim());
}

function tableRow(cells: readonly string[], { image, caption, count }: Columns): Row {
  if (cells.length !== count) return { fault: `the row has not ${count} columns` };
  const captions = sentencesFrom(cells[caption]);
  if ("fault" in captions) return captions;
  return cells[image].trim() === ""
    ? { fault: "the photograph is not named" }
    : { image: cells[image].trim(), captions };
}

function jsonRow(text: string): Row {
  try {
    return fieldsRow(parseJson(text));
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: "the line is broken JSON" };
    throw error;
  }
}

/** A row that has names: of JSON lines and Parquet. */
export function fieldsRow(value: unknown): Row {
  if (!isObject(value)) return { fault: "the row is no object" };
  const image = fieldOf(value, imageFields);
  if (typeof image !== "string" || image.trim() === "") return { fault: "the photograph is not named" };
  const captions = sentencesFrom(fieldOf(value, captionFields));
  return "fault" in captions ? captions : { image: image.trim(), captions };
}

/** Photographs that are listed several times, once with each caption, are numbered: `a`, `a~2`. */
export function uniqueNames(): (path: string) => string {
  const counts = new Map<string, number>();
  return (path) => {
    const name = path
      .replace(/[?#].*$/, "")
      .replace(/\.[^./\\]+$/, "")
      .replace(/^https?:\/\//, "")
      .replace(/[\\/]+/g, "-");
    let count = (counts.get(name) ?? 0) + 1;
    while (count > 1 && counts.has(`${name}~${count}`)) count++;
    counts.set(name, count);
    const own = count === 1 ? name : `${name}~${count}`;
    if (own.includes("~")) counts.set(own, counts.get(own) ?? 1); // a photograph may be called so
    return own;
  };
}
