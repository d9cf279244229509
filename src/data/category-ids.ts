import type { ClassInfo } from "./sample.ts";

/**
 * The number of each class in files in COCO's form: its own, or its index plus 1. A class that would have another one's number gets the
 * first above all others.
 */
export function categoryIds(classes: readonly Pick<ClassInfo, "categoryId">[]): readonly number[] {
  const taken = new Set(classes.flatMap(({ categoryId }) => categoryId ?? []));
  let last = Math.max(classes.length, ...taken);
  return classes.map(({ categoryId }, index) => {
    if (categoryId !== undefined) return categoryId;
    return taken.has(index + 1) ? ++last : index + 1;
  });
}
