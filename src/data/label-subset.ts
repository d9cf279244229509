/** Learning from few labels: nested subsets of a data set's labels, and images alone. */
import { Random } from "../array/random.ts";
import { InputError, problem, UsageError } from "../errors.ts";
import { type Dataset, whereOf } from "./dataset.ts";
import { labelKinds } from "./labels.ts";
import { kindsAt, labelledDataset, selected } from "./views.ts";

/** How many images keep their labels: a count, or a fraction of all, which is rounded. */
export type LabelSubsetOptions = { readonly seed: number } & (
  | { readonly count: number; readonly fraction?: undefined }
  | { readonly fraction: number; readonly count?: undefined }
);

export interface LabelSubset {
  /** The images that keep their labels, in the order of their ids. */
  readonly labelled: Dataset;
  /** The others, as images alone; may be empty. */
  readonly rest: Dataset;
}

/**
 * Divides a data set into images with labels and images without, by a shuffle of the sorted ids that depends on the seed
 * alone: for one seed, a smaller subset lies inside every larger one. Files that were left out stay with `labelled`.
 * Throws InputError when the data set has no labels, or the subset would hold no image or more than there are.
 */
export function labelSubset(dataset: Dataset, { count, fraction, seed }: LabelSubsetOptions): LabelSubset {
  const { split, ids, kinds } = dataset;
  const where = whereOf(dataset);
  if (kinds.length === 0) {
    throw new InputError(problem(where, `expected labels in ${split}`, "images alone", "Choose a labelled split."));
  }
  const size = count ?? countOf(dataset, fraction);
  if (!Number.isInteger(size) || size < 1 || size > ids.length) {
    const expected = `expected 1 to ${ids.length} labelled images of the ${ids.length} in ${split}`;
    throw new InputError(problem(where, expected, String(size), "Choose a count or fraction that gives so many."));
  }
  const sorted = ids.map((_, index) => index).sort((a, b) => (ids[a] < ids[b] ? -1 : ids[a] > ids[b] ? 1 : 0));
  const chosen = new Set(new Random(seed, "labels").shuffle(sorted).slice(0, size));
  const rest = sorted.filter((index) => !chosen.has(index));
  return {
    labelled: selected(
      dataset,
      sorted.filter((index) => chosen.has(index)),
    ),
    rest: imagesOnly({ ...selected(dataset, rest), leftOut: [] }),
  };
}

function countOf(dataset: Dataset, fraction: number): number {
  if (fraction > 0 && fraction <= 1) return Math.round(fraction * dataset.ids.length);
  throw new InputError(
    problem(
      whereOf(dataset),
      "expected a fraction of the labels above 0 and up to 1",
      String(fraction),
      "Write 0.125 for 1/8.",
    ),
  );
}

/** `1/8`, `0.125` and `12.5%` are 0.125. Throws UsageError for anything that is not above 0 and up to 1. */
export function parseFraction(text: string): number {
  const parts = /^(\d+)\/(\d+)$/.exec(text);
  const number = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text);
  const value = parts
    ? Number(parts[1]) / Number(parts[2])
    : number
      ? Number(number[1]) / (number[2] === "%" ? 100 : 1)
      : Number.NaN;
  if (value > 0 && value <= 1) return value;
  throw new UsageError(
    problem("fraction", "expected a number above 0 and up to 1", `"${text}"`, "Write 1/8, 0.125 or 12.5%."),
  );
}

/** The same images without labels; label files are not even opened. */
export function imagesOnly(dataset: Dataset): Dataset {
  return { ...labelledDataset(dataset, []), split: "unlabelled" };
}

/**
 * The samples of two data sets, one after the other, each with the labels that it has. An id of the first gets `1/` in front,
 * one of the second `2/`, so that they are unique; classes are the first's.
 */
export function joinedDatasets(name: string, first: Dataset, second: Dataset): Dataset {
  const parts = [first, second];
  const size = first.ids.length;
  const at = (index: number): readonly [Dataset, number] => (index < size ? [first, index] : [second, index - size]);
  const ids = parts.flatMap((part, place) => part.ids.map((id) => `${place + 1}/${id}`));
  const all = parts.flatMap(({ kinds }) => kinds);
  const unreadable = parts.flatMap(({ unreadableAllowed = [] }) => unreadableAllowed);
  return {
    ...{ name, place: first.place, split: first.split, classes: first.classes, valueMap: first.valueMap, ids },
    kinds: labelKinds.filter((kind) => all.includes(kind)),
    leftOut: parts.flatMap(({ leftOut = [] }) => leftOut),
    ...(unreadable.length > 0 && { unreadableAllowed: unreadable.reduce((sum, each) => sum + each, 0) }),
    source: (index) => {
      const [part, own] = at(index);
      return part.source(own);
    },
    kindsOf: (index) => kindsAt(...at(index)),
    read: async (index, kinds) => {
      const [part, own] = at(index);
      return { ...(await part.read(own, kinds)), id: ids[index] };
    },
  };
}
