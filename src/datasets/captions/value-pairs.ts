/** Pairs of rows that cannot be read one by one: their captions are kept. */

import { parseJson } from "../../platform/json.ts";
import type { Platform } from "../../platform/platform.ts";
import { BadPairs } from "./bad-pairs.ts";
import { Column } from "./columns.ts";
import { imageCheck } from "./image-finder.ts";
import type { Pairs } from "./pairs.ts";
import { fieldsRow, type Row, rowPair, uniqueNames } from "./table.ts";

/**
 * The pairs of rows with names, kept as JSON in UTF-8: a row takes its text and 12 bytes, and its name. path: what messages call their file;
 * photographs lie below `folder`.
 */
export async function valuePairs(
  platform: Platform,
  path: string,
  folder: string,
  rows: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<Pairs> {
  const { ids, bad, texts } = await goodRows(platform, path, folder, rows);
  const source = (index: number) => `${path}: ${ids[index]}`;
  const read: Pairs["read"] = async (index) => rowPair(parseJson(texts.at(index)) as Row, folder, source(index));
  return { ids, bad, source, read };
}

async function goodRows(
  platform: Platform,
  path: string,
  folder: string,
  rows: AsyncIterable<unknown> | Iterable<unknown>,
) {
  const found = { ids: [] as string[], bad: new BadPairs(), texts: new Texts() };
  const missing = imageCheck(platform, folder);
  const name = uniqueNames();
  let number = 0;
  for await (const value of rows) {
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
