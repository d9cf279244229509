/** `metadata.parquet` of a Hugging Face image folder. */

import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError, problem } from "../../errors.ts";
import type { Platform } from "../../platform/platform.ts";
import { captionFields, imageFields, type Pairs } from "./pairs.ts";
import { valuePairs } from "./value-pairs.ts";

/** Rows that are unpacked at a time: a row cannot be read alone. */
const rowsAtOnce = 10_000;

/**
 * Reads the columns of names and captions. Photographs lie below `folder`. Throws InputError for a broken file, or where there are no such
 * columns.
 */
export function parquetPairs(platform: Platform, path: string, folder: string): Promise<Pairs> {
  return valuePairs(platform, path, folder, rowsOf(platform, path));
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
