/** How many labels of each kind a split has, and where two kinds contradict each other. */

import { backgroundOf } from "../data/background.ts";
import { completed, maskOf, tagsOf } from "../data/labels.ts";
import type { ClassInfo, LabelKind, Sample } from "../data/sample.ts";
import { problem } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import type { Problem } from "./layout.ts";

/** Smallest, middle and largest of many numbers. */
export interface Range {
  readonly smallest: number;
  readonly median: number;
  readonly largest: number;
}

/** One kind of label in one split. */
export interface LabelReport {
  readonly samples: number;
  /** Segments, tags or captions, by sample; absent for kinds of which a sample has one. */
  readonly perSample?: Range;
  /** Panoptic: segments of things in all. */
  readonly things?: number;
  /** Tags: how many samples have each class, in the order of the classes, but for the background. */
  readonly perClass?: readonly number[];
  /** The kind that they follow from, where a sample has none of their own. */
  readonly from?: LabelKind;
}

/** Samples of which something is to be noted, the first of them, and what it is there. */
interface Finding {
  count: number;
  readonly file: string;
  readonly got: string;
}

/** Counts labels of every kind, tags also where they follow from masks, and where two kinds contradict each other. */
export class LabelTally {
  readonly #classes: readonly ClassInfo[];
  readonly #samples = new Map<LabelKind, number>();
  readonly #perSample = new Map<LabelKind, number[]>();
  /** By class: samples with such a tag of their own, and with such a pixel and no tags. */
  readonly #tagged: number[];
  readonly #seen: number[];
  readonly #background: number | undefined;
  #things = 0;
  /** Tags that follow from masks, by sample. */
  readonly #shown: number[] = [];
  /** By what was expected. */
  readonly #findings = new Map<string, Finding>();

  constructor(classes: readonly ClassInfo[]) {
    this.#classes = classes;
    this.#tagged = classes.map(() => 0);
    this.#seen = classes.map(() => 0);
    this.#background = backgroundOf({ classes });
  }

  add({ source, labels }: Sample): void {
    const counted = { panoptic: labels.panoptic?.segments, tags: labels.tags, captions: labels.captions };
    for (const kind of Object.keys(labels) as LabelKind[]) {
      this.#samples.set(kind, (this.#samples.get(kind) ?? 0) + 1);
      const list = counted[kind as keyof typeof counted];
      if (list === undefined) continue;
      const numbers = this.#perSample.get(kind) ?? [];
      numbers.push(list.length);
      this.#perSample.set(kind, numbers);
    }
    const { mask } = completed(labels, ["mask"]);
    const { tags, panoptic } = labels;
    this.#things += panoptic?.segments.filter(({ classIndex }) => this.#classes[classIndex].thing).length ?? 0;
    const shows = mask && tagsOf(mask);
    const named = (tags ?? shows ?? []).filter((index) => index !== this.#background);
    const counts = tags === undefined ? this.#seen : this.#tagged;
    for (const index of named) counts[index]++;
    if (mask === undefined || shows === undefined) return;
    if (tags === undefined) this.#shown.push(named.length);
    const missing = tags && shows.find((index) => !tags.includes(index) && index !== this.#background);
    if (missing !== undefined)
      this.#find("expected tags for all that labels show", source, `none of ${this.#name(missing)}`);
    if (labels.mask === undefined || panoptic === undefined) return;
    const drawn = maskOf(panoptic).data;
    const other = mask.data.findIndex((label, at) => label !== drawn[at] && label !== IGNORE && drawn[at] !== IGNORE);
    if (other < 0) return;
    const place = `column ${other % mask.width}, row ${Math.floor(other / mask.width)}`;
    const got = `${this.#name(mask.data[other])} and ${this.#name(drawn[other])} at ${place}`;
    this.#find("expected the same classes in mask and segments", source, got);
  }

  reports(): Readonly<Partial<Record<LabelKind, LabelReport>>> {
    const entries = [...this.#samples].map(([kind, samples]) => {
      const numbers = this.#perSample.get(kind);
      const perClass = kind === "tags" ? { perClass: this.#tagged } : {};
      const things = kind === "panoptic" ? { things: this.#things } : {};
      return [kind, { samples, ...(numbers && { perSample: rangeOf(numbers) }), ...things, ...perClass }] as const;
    });
    const counted = Object.fromEntries(entries);
    if (counted.tags !== undefined || this.#shown.length === 0) return counted;
    const from = this.#samples.has("mask") ? "mask" : "panoptic";
    const tags: LabelReport = {
      ...{ samples: this.#shown.length, perSample: rangeOf(this.#shown), perClass: this.#seen, from },
    };
    return { ...counted, tags };
  }

  notes(): Problem[] {
    return [...this.#findings].map(([expected, { count, file, got }]) => {
      const others = count === 2 ? ", and 1 other image is like it" : `, and ${count - 1} other images are like it`;
      return { file, message: problem(file, expected, count > 1 ? `${got}${others}` : got, "Correct the labels.") };
    });
  }

  #find(expected: string, file: string, got: string): void {
    const known = this.#findings.get(expected);
    if (known === undefined) this.#findings.set(expected, { count: 1, file, got });
    else known.count++;
  }

  #name(index: number): string {
    return `"${this.#classes[index].name}"`;
  }
}

export function rangeOf(numbers: readonly number[]): Range {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { smallest: sorted[0], median: sorted[sorted.length >> 1], largest: sorted[sorted.length - 1] };
}
