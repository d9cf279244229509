/** What the labels of a data set consist of. */
import { InputError, problem } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import { loadAhead } from "./ahead.ts";
import { type Dataset, whereOf } from "./dataset.ts";

export interface ClassStatistics {
  /** Pixels of each class. */
  readonly pixels: readonly number[];
  /** Images in which each class occurs. */
  readonly images: readonly number[];
  readonly ignoredPixels: number;
  /** Share of the labelled pixels that each class covers; sums to 1, all 0 when nothing is labelled. */
  readonly frequencies: readonly number[];
  /** One line for each sample that could not be read. */
  readonly skipped: readonly string[];
  /** Masks that were counted. */
  readonly counted: number;
}

export interface StatisticsOptions {
  /** Called after each sample. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Samples that cannot be read: stop (default), or leave them out and list them. */
  readonly onBadImage?: "fail" | "skip";
  /** Most samples to read, spread evenly over the data set. Default: all. */
  readonly maxSamples?: number;
}

/** Counts classes over a data set in which samples have masks. Throws InputError when there are none or a sample cannot be read. */
export async function classStatistics(
  dataset: Dataset,
  { onProgress, onBadImage = "fail", maxSamples = Number.POSITIVE_INFINITY }: StatisticsOptions = {},
): Promise<ClassStatistics> {
  if (!dataset.kinds.includes("mask")) {
    throw new InputError(
      problem(whereOf(dataset), `expected masks in ${dataset.split}`, "images without", "Choose a labelled split."),
    );
  }
  const size = dataset.ids.length;
  const total = Math.min(size, maxSamples);
  const counter = new ClassCounter(dataset.classes.length);
  const skipped: string[] = [];
  let done = 0;
  for await (const { value, error } of loadAhead(total, (i) =>
    dataset.read(Math.floor((i * size) / total), ["mask"]),
  )) {
    if (value?.labels.mask !== undefined) counter.add(value.labels.mask);
    else if (error instanceof InputError && onBadImage === "skip") skipped.push(error.message);
    else if (error !== undefined) throw error;
    onProgress?.(++done, total);
  }
  return { ...counter.result(), skipped, counted: total - skipped.length };
}

/** Adds up label maps. */
export class ClassCounter {
  readonly #pixels = new Array<number>(256).fill(0);
  readonly #images = new Array<number>(256).fill(0);
  readonly #classes: number;

  constructor(classes: number) {
    this.#classes = classes;
  }

  /** Every label must be a class index or `IGNORE`. */
  add({ data }: LabelMap): void {
    const counts = new Uint32Array(256);
    for (let i = 0; i < data.length; i++) counts[data[i]]++;
    for (let label = 0; label <= IGNORE; label++) {
      this.#pixels[label] += counts[label];
      if (counts[label] > 0) this.#images[label]++;
    }
  }

  result(): Omit<ClassStatistics, "skipped" | "counted"> {
    const pixels = this.#pixels.slice(0, this.#classes);
    const labelled = pixels.reduce((sum, count) => sum + count, 0);
    return {
      pixels,
      images: this.#images.slice(0, this.#classes),
      ignoredPixels: this.#pixels[IGNORE],
      frequencies: pixels.map((count) => (labelled === 0 ? 0 : count / labelled)),
    };
  }
}
