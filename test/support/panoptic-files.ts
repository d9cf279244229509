/** Panoptic files as other programs write them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { png } from "./pictures.ts";

/** A PNG of ids, row by row: red + 256 · green + 65536 · blue. */
export function idsPng(rows: readonly (readonly number[])[]): Buffer {
  const values = rows.flat().flatMap((id) => [id & 255, (id >>> 8) & 255, id >>> 16]);
  return png({ width: rows[0].length, height: rows.length, depth: 8, colorType: 2, values });
}

/** What a test changes of an entry stays as it is given: entries may be wrong. */
export interface SetImage {
  readonly image_id: unknown;
  readonly rows?: readonly (readonly number[])[];
  readonly segments_info: unknown;
  readonly file_name?: unknown;
}

/** Writes NAME.json and the PNGs of those images that have rows to NAME/; returns the path of the JSON. */
export function putSet(root: string, name: string, images: readonly SetImage[], categories?: unknown): string {
  const annotations = images.map(({ rows, ...entry }, index) => {
    const annotation = { file_name: `${index}.png`, ...entry };
    if (rows !== undefined) {
      const path = join(root, name, String(annotation.file_name));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, idsPng(rows));
    }
    return annotation;
  });
  const file = join(root, `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ annotations, ...(categories !== undefined && { categories }) }));
  return file;
}
