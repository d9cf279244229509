/** How many labels of each kind a split has, and where two kinds contradict each other. */

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
}

/** Samples of which something is to be noted, the first of them, and what it is there. */
interface Finding {
  count: number;
  readonly file: string;
  readonly got: string;
}

/** Counts labels of every kind, and where two kinds contradict each other. */
export class LabelTally {
  readonly #classes: readonly ClassInfo[];
  readonly #samples = new Map<LabelKind, number>();
  readonly #perSample = new Map<LabelKind, number[]>();
  /** By what was expected. */
  readonly #findings = new Map<string, Finding>();

  constructor(classes: readonly ClassInfo[]) {
    this.#classes = classes;
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
    if (mask === undefined) return;
    const { tags, panoptic } = labels;
    const missing = tags && tagsOf(mask).find((index) => !tags.includes(index) && !this.#isBackground(index));
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
      return [kind, { samples, ...(numbers && { perSample: rangeOf(numbers) }) }] as const;
    });
    return Object.fromEntries(entries);
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

  /** Nobody tags the background. */
  #isBackground(index: number): boolean {
    const { background, name } = this.#classes[index];
    return background === true || /^background$/i.test(name);
  }

  #name(index: number): string {
    return `"${this.#classes[index].name}"`;
  }
}

export function rangeOf(numbers: readonly number[]): Range {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { smallest: sorted[0], median: sorted[sorted.length >> 1], largest: sorted[sorted.length - 1] };
}
