import type { ClassInfo } from "../data/sample.ts";
import { distinctColors } from "../image/palette.ts";

/** Names of a file that has none: the background, which is the first class of masks, and the others by number. */
export function numberedClasses(count: number): ClassInfo[] {
  return distinctColors(count).map((color, index) =>
    index === 0 ? { name: "background", color: [0, 0, 0], background: true } : { name: `class ${index}`, color },
  );
}
