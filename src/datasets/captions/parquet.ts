/** `metadata.parquet` of a Hugging Face image folder. */

import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError, problem } from "../../errors.ts";
import { parseJson } from "../../platform/json.ts";
import type { Platform } from "../../platform/platform.ts";
import { BadPairs } from "./bad-pairs.ts";
import { Column } from "./columns.ts";
import { imageCheck } from "./image-finder.ts";
import { captionFields, imageFields, type Pairs } from "./pairs.ts";
import { fieldsRow, type Row, rowPair, uniqueNames } from "./table.ts";

/** Rows that are unpacked at a time: a row cannot be read alone. */
const rowsAtOnce = 10_000;

/**
 * Reads the columns of names and captions, and keeps them as JSON in UTF-8: a row takes its text and 12 bytes, and its
 * name. Photographs lie below `folder`. Throws InputError for a broken file, or where there are no such columns.
 */
export async function parquetPairs(platform: Platform, path: string, folder: string): Promise<Pairs> {
  const { ids, bad, texts } = await goodRows(platform, path, folder);
  const source = (index: number) => `${path}: ${ids[index]}`;
  const read: Pairs["read"] = async (index) => rowPair(parseJson(texts.at(index)) as Row, folder, source(index));
  return { ids, bad, source, read };
}

async function goodRows(platform: Platform, path: string, folder: string) {
  const found = { ids: [] as string[], bad: new BadPairs(), texts: new Texts() };
  const missing = imageCheck(platform, folder);
  const name = uniqueNames();
  let number = 0;
  for await (const value of rowsOf(platform, path)) {
    const place = `${path}: row ${++number}`;
    const row = fieldsRow(value);
    const fault = "fault" in row ? row.fault : await missing(row.image);
    if ("fault" in row || fault !== undefined) {
      found.bad.add(fault ?? "", place);
      continue;
    }
    found.ids.push(name(row.image));
    found.texts.push(JSON.stringify(row));
  }
  return found;
}

async function* rowsOf(platform: Platform, path: string): AsyncGenerator<unknown, void, undefined> {
  const file = await bufferOf(platform, path);
  try {
    const metadata = await parquetMetadataAsync(file);
    const known = parquetSchema(metadata).children.map(({ element }) => element.name);
    const columns = [imageFields, captionFields].map((fields) => fields.find((name) => known.includes(name)));
    const [image, caption] = columns;
    if (image === undefined || caption === undefined) {
      const expected = `expected a column of file names (${imageFields.join(", ")}) and one of captions (${captionFields.join(", ")})`;
      throw new InputError(problem(path, expected, known.slice(0, 10).join(", ") || "none", "Rename the columns."));
    }
    const rows = Number(metadata.num_rows);
    for (let rowStart = 0; rowStart < rows; rowStart += rowsAtOnce) {
      const rowEnd = Math.min(rows, rowStart + rowsAtOnce);
      yield* await parquetReadObjects({ file, metadata, columns: [image, caption], rowStart, rowEnd, compressors });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(problem(path, "expected a Parquet file", `a broken one (${reason})`, "Fetch it again."));
  }
}

async function bufferOf(platform: Platform, path: string): Promise<AsyncBuffer> {
  const byteLength = await platform.withFile(path, async ({ size }) => size);
  return {
    byteLength,
    slice: (start, end = byteLength) =>
      platform.withFile(path, async (source) => {
        const from = start < 0 ? byteLength + start : start;
        // A copy: what the platform gives may be part of a larger buffer.
        return new Uint8Array(await source.read(from, Math.max(0, Math.min(end, byteLength) - from))).buffer;
      }),
  };
}

/** Many short texts in few large arrays. */
class Texts {
  readonly #chunks: Uint8Array[] = [];
  readonly #chunk = new Column(4);
  readonly #offset = new Column(4);
  readonly #length = new Column(4);
  #used = 0;

  push(text: string): void {
    const bytes = new TextEncoder().encode(text);
    let last = this.#chunks.at(-1);
    if (last === undefined || this.#used + bytes.length > last.length) {
      last = new Uint8Array(Math.max(2 ** 20, bytes.length));
      this.#chunks.push(last);
      this.#used = 0;
    }
    last.set(bytes, this.#used);
    this.#chunk.push(this.#chunks.length - 1);
    this.#offset.push(this.#used);
    this.#length.push(bytes.length);
    this.#used += bytes.length;
  }

  at(index: number): string {
    const start = this.#offset.at(index);
    return new TextDecoder().decode(
      this.#chunks[this.#chunk.at(index)].subarray(start, start + this.#length.at(index)),
    );
  }
}
