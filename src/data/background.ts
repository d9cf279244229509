/** Which class is what none of the tags name. */
import type { ClassInfo } from "./sample.ts";

interface WithClasses {
  readonly classes: readonly Pick<ClassInfo, "name" | "background">[];
}

/** Whether a class is called as the background is in the lists of labelme and others: `_background_`. */
export function isBackgroundName(name: string): boolean {
  return /^_*background_*$/i.test(name);
}

/**
 * The index of the background: the class that the data set says is it, or else the first that is called so. Undefined where there is none.
 */
export function backgroundOf({ classes }: WithClasses): number | undefined {
  const said = classes.findIndex(({ background }) => background);
  const called = classes.findIndex(({ name }) => isBackgroundName(name));
  return [said, called].find((index) => index >= 0);
}

/** Indices of the classes that tags may name: all but the background. */
export function foregroundOf(task: WithClasses): number[] {
  const background = backgroundOf(task);
  return task.classes.map((_, index) => index).filter((index) => index !== background);
}
