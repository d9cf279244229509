/** Options of what a trained model is asked for: words, a background, and what else matters for prediction alone. */
import type { Platform } from "../platform/platform.ts";
import type { OpenRunOptions } from "../runs/open-run.ts";
import type { Options, Values } from "./command.ts";
import { classesFrom, classesOptions } from "./options.ts";

export const askedOptions = {
  ...classesOptions,
  background: { kind: "flag", help: "add a class for what is none of the others, for models that take any words" },
  threshold: {
    kind: "number",
    placeholder: "SCORE",
    minimum: 0,
    maximum: 1,
    help: "what scores lower is background, 0 to 1; adds that class as --background does; --set threshold=SCORE",
  },
  set: {
    kind: "list",
    placeholder: "KEY=VALUE",
    help: "change a value of the recipe that matters for prediction alone; the README of the method lists them; may be repeated",
  },
} as const satisfies Options;

export type Asked = Pick<OpenRunOptions, "classes" | "background" | "settings">;

/** Throws UsageError or InputError as `classesFrom` does; onNote as there. */
export async function askedFrom(
  platform: Pick<Platform, "exists" | "readText">,
  { classes, classesFile, background, threshold, set }: Values<typeof askedOptions>,
  onNote?: (line: string) => void,
): Promise<Asked> {
  return {
    classes: await classesFrom(platform, classes, classesFile, onNote),
    background: background || threshold !== undefined,
    settings: [...set, ...(threshold === undefined ? [] : [`threshold=${threshold}`])],
  };
}
