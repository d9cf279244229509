/** What a study folder is about: `study.json`, which later calls must agree with. */
import { InputError } from "../errors.ts";
import { requireKnownKeys, requireKnownVersion } from "../methods/other-version.ts";
import { differences } from "../methods/resolve-recipe.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { version } from "../version.ts";
import type { StudyChoice } from "./schedule.ts";

export interface StudyRecord {
  readonly format: number;
  readonly version: string;
  readonly method: string;
  readonly recipe: string;
  /** Absent in studies before there could be one. */
  readonly encoder?: string | null;
  readonly dataset: string;
  readonly settings: readonly string[];
  readonly reading: Reading;
  readonly parts: readonly string[];
  readonly fractions: readonly number[];
  readonly seeds: number;
}

/** How the study's data set is read. */
export interface Reading {
  /** Null: recognized. */
  readonly layout: string | null;
  readonly onBadImage: "fail" | "skip";
  /** Null: chosen by the data set. */
  readonly shortSide: number | null;
  /** Fingerprint of the names of all its samples. */
  readonly samples: string;
}

const format = 1;
const keys = [
  "format",
  "version",
  "method",
  "recipe",
  "encoder",
  "dataset",
  "settings",
  "reading",
  "parts",
  "fractions",
  "seeds",
] as const;
const readingKeys = ["layout", "onBadImage", "shortSide", "samples"] as const;

/**
 * Writes study.json. Parts, shares and seeds may differ from one call to the next: runs that are there are kept. Throws
 * InputError where the folder holds something else, or a study of another data set or with other settings.
 */
export async function requireSameStudy(
  platform: Platform,
  folder: string,
  choice: StudyChoice & { readonly dataset: string; readonly reading: Reading },
): Promise<void> {
  const { method, recipe, encoder, dataset, settings, reading, parts, fractions, seeds } = choice;
  const asked = { method: method.name, recipe, encoder, dataset, settings, reading, parts, fractions, seeds };
  const kind = await platform.exists(folder);
  if (kind === "file") throw new InputError(`${folder}: expected a folder for the study, got a file. Choose another.`);
  if (kind === "folder" && (await platform.list(folder)).length > 0) {
    const known = await readStudy(platform, folder);
    const fixed = ({ method, recipe, encoder = null, dataset, settings, reading }: Partial<StudyRecord>) => ({
      ...{ method, recipe, encoder, dataset, settings },
      ...reading,
    });
    const lines = differences(fixed(known), fixed(asked));
    if (lines.length > 0) {
      throw new InputError(
        `${folder}: expected the study that is there, got ${lines.join("; ")}. Choose another --out for another study.`,
      );
    }
  }
  await platform.writeFile(
    `${folder}/study.json`,
    `${JSON.stringify({ format, version, ...asked } satisfies StudyRecord, null, 2)}\n`,
  );
}

/** Throws InputError where the folder has no study, or one of another version. */
export async function readStudy(platform: Platform, folder: string): Promise<StudyRecord> {
  const path = `${folder}/study.json`;
  if ((await platform.exists(path)) !== "file") {
    throw new InputError(`${folder}: expected an empty folder or a study, got other files. Choose another --out.`);
  }
  try {
    const record = parseJson(await platform.readText(path)) as StudyRecord | null;
    if (record?.format === format && typeof record.dataset === "string") {
      requireKnownVersion(record.version, path);
      requireKnownKeys(record, keys, "the record of a study", path);
      requireKnownKeys(record.reading, readingKeys, '"reading" in the record of a study', path);
      return record;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError(`${path}: expected a study of format ${format}, got something else. Choose another --out.`);
}
