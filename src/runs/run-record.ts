/** What a run learns from, as run.json holds it. */
import type { ClassInfo } from "../data/sample.ts";
import { InputError, shown } from "../errors.ts";
import { OtherVersion, requireKnownKeys, requireKnownVersion } from "../methods/other-version.ts";

/** A data set as it was named on the command line. */
export interface DataPlace {
  readonly spec: string;
  readonly layout?: string;
  readonly images?: string;
  readonly captionCleaning?: string;
  /** The share of train that was scored on. */
  readonly valFraction?: number;
  /** The run whose pseudo masks stood in for the masks of train. */
  readonly masksFrom?: string;
}

/** All that a run knows besides its recipe. Fixed when the run starts. */
export interface RunRecord {
  readonly format: number;
  /** Of tessera, when the run was started. */
  readonly version: string;
  readonly method: string;
  readonly recipe: string;
  readonly dataset: {
    readonly name: string;
    /** Samples in the training split. */
    readonly samples: number;
    /** SHA-256 of the training split's sample ids. */
    readonly fingerprint: string;
    /** Of what their files hold, see `data-contents.ts`; absent where they are no files, and in earlier runs. */
    readonly contents?: string;
    /** How the data set was named, to go on without naming it again; absent where that is not known. */
    readonly place?: DataPlace;
  };
  /** Images without labels that stages which need none learn from as well; null: none. */
  readonly unlabelled: { readonly samples: number; readonly fingerprint: string } | null;
  /** Where only a part of the labels was used: of how many, drawn by which seed; `labelled.txt` names the samples. */
  readonly labels: { readonly of: number; readonly seed: number } | null;
  /** What the weights began with; none: the recipe's first values. */
  readonly from: readonly { readonly source: string; readonly stage: string }[];
  /** Empty where nothing was labelled. */
  readonly classes: readonly ClassInfo[];
  readonly valueMap: Readonly<Record<string, number | "ignore">>;
  /** Share of the labelled training pixels that each class covers. */
  readonly frequencies: readonly number[];
  /** Height and width that the network sees at once. */
  readonly window: readonly [number, number];
  /** Photographs with a longer shorter side are scaled to this many pixels; 0: never. */
  readonly shortSide: number;
  readonly licence: string;
}

export const runFormat = 3;

const parts = {
  record: [
    ...["format", "version", "method", "recipe", "dataset", "unlabelled", "labels", "from", "classes", "valueMap"],
    ...["frequencies", "window", "shortSide", "licence"],
  ],
  dataset: ["name", "samples", "fingerprint", "contents", "place"],
  unlabelled: ["samples", "fingerprint"],
  labels: ["of", "seed"],
  from: ["source", "stage"],
  class: ["name", "color", "thing", "background", "words", "categoryId"],
} as const;

/**
 * Throws InputError, which starts with `where`, for what is no record of a run, or a damaged one; OtherVersion for one
 * that has what this version does not know.
 */
export function recordFrom(value: unknown, where: string): RunRecord {
  const record = (typeof value === "object" && value !== null ? value : {}) as Partial<RunRecord>;
  if (record.format !== runFormat) {
    const writer = typeof record.version === "string" ? `, ${record.version}` : "";
    throw new OtherVersion(
      `${where}: expected a run of format ${runFormat}, got ${shown(record.format)}. ` +
        `Use the version of tessera that wrote it${writer}, or train anew.`,
    );
  }
  requireKnownVersion(record.version, where);
  requireKnownKeys(record, parts.record, "the record of a run", where);
  for (const part of ["dataset", "unlabelled", "labels"] as const) {
    requireKnownKeys(record[part], parts[part], `"${part}" in the record of a run`, where);
  }
  const isText = (value: unknown) => typeof value === "string";
  const { from } = record;
  if (Array.isArray(from)) {
    for (const each of from) requireKnownKeys(each, parts.from, '"from" in the record of a run', where);
  }
  const { classes, frequencies, window, valueMap, dataset } = record;
  const complete: Record<string, boolean> = {
    method: typeof record.method === "string",
    recipe: typeof record.recipe === "string",
    dataset:
      typeof dataset?.name === "string" && isSource(dataset) && (dataset.place === undefined || isPlace(dataset.place)),
    unlabelled: record.unlabelled === null || isSource(record.unlabelled),
    labels: record.labels === null || [record.labels?.of, record.labels?.seed].every(Number.isInteger),
    from: Array.isArray(from) && from.every((each) => isText(each?.source) && isText(each?.stage)),
    classes: Array.isArray(classes) && classes.every(isClass),
    // None where the method learns from something else than masks.
    frequencies:
      Array.isArray(frequencies) &&
      (frequencies.length === 0 || frequencies.length === classes?.length) &&
      frequencies.every((share) => typeof share === "number"),
    window:
      Array.isArray(window) &&
      window.length === 2 &&
      window.every((side) => Number.isInteger(side) && side > 0 && side <= 8192) &&
      window[0] * window[1] <= 2 ** 24,
    valueMap: typeof valueMap === "object" && valueMap !== null,
    shortSide:
      Number.isInteger(record.shortSide) && (record.shortSide as number) >= 0 && (record.shortSide as number) <= 65_536,
    licence: typeof record.licence === "string",
  };
  const broken = Object.keys(complete).find((key) => !complete[key]);
  if (broken !== undefined) {
    throw new InputError(
      `${where}: expected the record of a run, got a damaged "${broken}". Restore the file, or train anew.`,
    );
  }
  for (const each of record.classes ?? []) {
    requireKnownKeys(each, parts.class, "a class in the record of a run", where);
  }
  return record as RunRecord;
}

function isSource(value: { readonly samples?: unknown; readonly fingerprint?: unknown } | undefined): boolean {
  return Number.isInteger(value?.samples) && typeof value?.fingerprint === "string";
}

function isPlace(value: Partial<DataPlace> | null): boolean {
  const texts = [value?.layout, value?.images, value?.captionCleaning, value?.masksFrom];
  const share = value?.valFraction;
  if (share !== undefined && typeof share !== "number") return false;
  return typeof value?.spec === "string" && texts.every((each) => each === undefined || typeof each === "string");
}

function isClass(value: Partial<ClassInfo> | null): boolean {
  const isByte = (part: unknown) => Number.isInteger(part) && (part as number) >= 0 && (part as number) <= 255;
  const { words, categoryId } = value ?? {};
  return (
    typeof value?.name === "string" &&
    (words === undefined || (Array.isArray(words) && words.every((word) => typeof word === "string"))) &&
    (categoryId === undefined || Number.isSafeInteger(categoryId)) &&
    Array.isArray(value.color) &&
    value.color.length === 3 &&
    value.color.every(isByte)
  );
}
