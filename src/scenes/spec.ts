import type { Split } from "../data/dataset.ts";
import { nearest, problem, suggestion, UsageError } from "../errors.ts";
import { allClasses, type ClassChoice, parseClassChoice } from "./merged-classes.ts";
import { type PlaceName, placeNames, places } from "./places/index.ts";
import { LARGEST, SMALLEST } from "./render.ts";

/** What `scenes:…` says, complete. */
export interface ScenesSpec {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Number of scenes in each split. */
  readonly counts: Readonly<Record<Split, number>>;
  readonly seed: number;
  readonly kinds: readonly PlaceName[];
  /** Pixels without label along the edges of segments. */
  readonly border: number;
  /** Share of the pictures to learn from, `train` and `unlabelled`, that show a detail of a scene, 0 … 1. */
  readonly details: number;
  /** What the labels are. */
  readonly classes: ClassChoice;
}

/** Scenes a split can hold: the splits take their indices from ranges of this length, one after another. */
export const SPLIT_RANGE = 1_000_000;

const keys = ["size", "train", "val", "test", "unlabelled", "seed", "kind", "border", "details", "classes"] as const;
type Key = (typeof keys)[number];

const defaults: ScenesSpec = {
  width: 128,
  height: 128,
  counts: { train: 400, val: 60, test: 60, unlabelled: 0 },
  seed: 0,
  kinds: placeNames,
  border: 0,
  details: 0,
  classes: allClasses,
};

/**
 * Reads `scenes` or `scenes:key=value,…`.
 *
 * Keys: `size` (128, or 192x128 for width and height, 64 to 512), `train`, `val`, `test` (how many), `unlabelled` (how
 * many images without labels, 0 if not given), `seed`, `kind` (meadow, street, beach, …, outdoor, indoor, or several
 * joined by +), `border` (width of an unlabelled band along the edges of segments, 0 to 4 pixels, 0 if not given),
 * `details` (share of the pictures of `train` and `unlabelled` that show a detail of a scene enlarged, 0 to 1, 0 if not given), and
 * `classes` (all, coarse, or names joined by +: `parseClassChoice`). Throws UsageError that names the nearest key.
 */
export function parseScenesSpec(spec: string): ScenesSpec {
  const [name, ...rest] = spec.split(":");
  if (name !== "scenes" || rest.length > 1) {
    throw usage(
      "a drawn data set such as scenes or scenes:size=128,seed=7",
      `"${spec}"`,
      "See `tessera scenes --help`.",
    );
  }
  const text = rest.join("");
  if (rest.length === 1 && text === "")
    throw usage("options after the colon", "none", "Write scenes, or scenes:size=128.");
  const found = new Map<Key, string>();
  for (const part of text === "" ? [] : text.split(",")) {
    const [word, value, ...more] = part.split("=");
    const key = keys.find((known) => known === word);
    if (key === undefined) throw usage(`one of the keys ${keys.join(", ")}`, `"${word}"`, suggestion(word, keys));
    if (value === undefined || value === "" || more.length > 0)
      throw usage(`${key}=value`, `"${part}"`, `Write ${key}=${example[key]}.`);
    if (found.has(key)) throw usage(`${key} once`, "it twice", "Keep one of them.");
    found.set(key, value);
  }
  const [width, height] = sizeFrom(found.get("size"));
  const kinds = kindsFrom(found.get("kind"));
  const count = (key: Split, low = 1) => wholeNumber(key, found.get(key), low, SPLIT_RANGE, defaults.counts[key]);
  return {
    width,
    height,
    counts: { train: count("train"), val: count("val"), test: count("test"), unlabelled: count("unlabelled", 0) },
    seed: wholeNumber("seed", found.get("seed"), 0, 2 ** 32 - 1, defaults.seed),
    kinds,
    border: wholeNumber("border", found.get("border"), 0, 4, defaults.border),
    details: shareFrom(found.get("details")),
    classes: classesFrom(found.get("classes"), kinds),
  };
}

/** The spec as text that reads back as the same spec; keys that were added later only where they say something. */
export function showScenesSpec({ width, height, counts, seed, kinds, border, details, classes }: ScenesSpec): string {
  const size = width === height ? `${width}` : `${width}x${height}`;
  const kind = kinds.length === placeNames.length ? "" : `,kind=${kinds.join("+")}`;
  const { train, val, test } = counts;
  const unlabelled = counts.unlabelled === 0 ? "" : `,unlabelled=${counts.unlabelled}`;
  const band = border === 0 ? "" : `,border=${border}`;
  const enlarged = details === 0 ? "" : `,details=${details}`;
  const labels = classes.text === allClasses.text ? "" : `,classes=${classes.text}`;
  return `scenes:size=${size},train=${train},val=${val},test=${test}${unlabelled},seed=${seed}${kind}${band}${enlarged}${labels}`;
}

const example: Record<Key, string> = {
  size: "128",
  train: "400",
  val: "60",
  test: "60",
  unlabelled: "100",
  seed: "7",
  kind: "street",
  border: "1",
  details: "0.5",
  classes: "coarse",
};

function sizeFrom(text: string | undefined): [number, number] {
  if (text === undefined) return [defaults.width, defaults.height];
  const parts = text.split("x");
  const [width, height = width] = parts.map(Number);
  const fits = (size: number) => Number.isInteger(size) && size >= SMALLEST && size <= LARGEST;
  if (parts.length > 2 || !fits(width) || !fits(height)) {
    throw usage(`size ${SMALLEST} to ${LARGEST}, or WIDTHxHEIGHT`, `"${text}"`, "Write size=128 or size=192x128.");
  }
  return [width, height];
}

function wholeNumber(key: Key, text: string | undefined, low: number, high: number, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high) {
    throw usage(`${key} to be a whole number from ${low} to ${high}`, `"${text}"`, `Write ${key}=${example[key]}.`);
  }
  return value;
}

function shareFrom(text: string | undefined): number {
  if (text === undefined) return defaults.details;
  const value = Number(text);
  if (!/^[\d.]+$/.test(text) || !(value >= 0 && value <= 1)) {
    throw usage("details to be a share from 0 to 1", `"${text}"`, `Write details=${example.details}.`);
  }
  return value;
}

function kindsFrom(text: string | undefined): readonly PlaceName[] {
  if (text === undefined) return defaults.kinds;
  const words = text.split("+");
  for (const word of words) {
    const known = ["outdoor", "indoor", ...placeNames];
    if (!known.includes(word)) {
      const near = nearest(word, known);
      throw usage(
        `a kind of scene (${known.join(", ")})`,
        `"${word}"`,
        near === undefined ? "Join several by +." : `Did you mean ${near}?`,
      );
    }
  }
  return placeNames.filter(
    (place) => words.includes(place) || words.includes(places[place].indoor ? "indoor" : "outdoor"),
  );
}

function classesFrom(text: string | undefined, kinds: readonly PlaceName[]): ClassChoice {
  return text === undefined ? defaults.classes : parseClassChoice(text, kinds);
}

function usage(expected: string, got: string, remedy: string): UsageError {
  return new UsageError(problem("scenes", `expected ${expected}`, got, remedy));
}
