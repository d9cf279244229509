/** Which class is what none of the tags name. */
import type { ClassInfo } from "./sample.ts";

interface WithClasses {
  readonly classes: readonly ClassInfo[];
}

/**
 * The index of the background: the class that the data set says is it, or else the one that is called so, as in the lists of labelme and
 * others. Undefined where there is none.
 */
export function backgroundOf({ classes }: WithClasses): number | undefined {
  const said = classes.findIndex(({ background }) => background);
  const called = classes.findIndex(({ name }) => /^_*background_*$/i.test(name));
  return [said, called].find((index) => index >= 0);
}

/** Indices of the classes that tags may name: all but the background. */
export function foregroundOf(task: WithClasses): number[] {
  const background = backgroundOf(task);
  return task.classes.map((_, index) => index).filter((index) => index !== background);
}
