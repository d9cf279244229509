/** Which golden cases there are: the part that needs no test runner. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import type { Named } from "../../src/array/ndarray.ts";

export const goldenFolder = process.env.GOLDEN_DIR ?? join(dirname(fileURLToPath(import.meta.url)), "..", "goldens");

/** A tensor as the manifest describes it. */
export interface TensorEntry {
  readonly role: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Largest magnitude. */
  readonly max_abs?: number;
  /** Largest difference between a float64 and a float32 run of the reference. */
  readonly f32_error?: number;
}

export interface CaseEntry {
  readonly name: string;
  readonly file?: string;
  readonly uses?: readonly string[];
  readonly description?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tensors?: Named<TensorEntry>;
}

export function readManifest(folder: string): Readonly<Record<string, unknown>> {
  const path = join(folder, "manifest.json");
  if (!existsSync(path))
    throw new Error(`golden: expected ${path}, got no such file. Set GOLDEN_DIR or copy the goldens there.`);
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}

/** The methods that have golden data, with the names of their cases. */
export function readGoldenCases(): { method: string; names: string[] }[] {
  const methods = readdirSync(goldenFolder).filter((name) => existsSync(join(goldenFolder, name, "manifest.json")));
  return methods.map((method) => ({
    method,
    names: caseEntries(readManifest(join(goldenFolder, method))).map(({ name }) => name),
  }));
}

/**
 * The cases of a manifest. Some list cases; some list files (by name or in order), where a file is a case called by its
 * `case` or its own name without extension, or holds several, called `file/case`. Where cases are listed, JSON files
 * beside them are cases too: they hold numbers that are no tensors.
 */
export function caseEntries(manifest: Readonly<Record<string, unknown>>): CaseEntry[] {
  if (Array.isArray(manifest.cases)) {
    const json = Object.keys(manifest.files ?? {}).filter((file) => file.endsWith(".json"));
    return [...(manifest.cases as CaseEntry[]), ...json.map((file) => ({ name: parse(file).name, file }))];
  }
  type FileEntry = Omit<CaseEntry, "name"> & { case?: string; cases?: Named<Omit<CaseEntry, "name">> };
  const files: FileEntry[] = Array.isArray(manifest.files)
    ? (manifest.files as FileEntry[])
    : Object.entries((manifest.files ?? {}) as Named<FileEntry>).map(([file, entry]) => ({ ...entry, file }));
  return files.flatMap((entry): CaseEntry[] => {
    const name = entry.case ?? parse(entry.file ?? "").name;
    if (entry.cases === undefined) return [{ ...entry, name }];
    return Object.entries(entry.cases).map(([part, inner]) => ({
      ...inner,
      file: entry.file,
      name: `${name}/${part}`,
    }));
  });
}
