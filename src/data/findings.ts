/** The same thing found in many files, told once: the first file, how many others, and what to do. */

import { problem } from "../errors.ts";
import type { Remark } from "../image/image.ts";
import type { Sample } from "./sample.ts";

interface Finding {
  readonly file: string;
  readonly remark: Remark;
  count: number;
}

/** Collects remarks about files. */
export class Findings {
  readonly #byKind = new Map<string, Finding>();

  add(file: string, remark: Remark): void {
    const key = `${remark.expected}\n${remark.remedy}`;
    const known = this.#byKind.get(key);
    if (known === undefined) this.#byKind.set(key, { file, remark, count: 1 });
    else known.count++;
  }

  /** What was remarked of a sample's photograph. Being turned matters only to what is labelled pixel by pixel. */
  addSample({ source, image: { remarks = [] }, labels: { mask, panoptic, saliency } }: Sample): void {
    const hasMap = mask !== undefined || panoptic !== undefined || saliency !== undefined;
    for (const remark of remarks) if (!remark.ofMaps || hasMap) this.add(source, remark);
  }

  /** A line for each kind, with the file that it begins with. */
  problems(): { readonly file: string; readonly message: string }[] {
    return [...this.#byKind.values()].map(({ file, remark: { expected, got, remedy }, count }) => {
      const others = count === 2 ? ", as 1 other file" : `, as ${count - 1} other files`;
      return { file, message: problem(file, expected, count > 1 ? `${got}${others}` : got, remedy) };
    });
  }

  lines(): string[] {
    return this.problems().map(({ message }) => message);
  }
}
