import type { Dataset } from "../data/dataset.ts";
import { kindsText, sourceOf } from "../data/labels.ts";
import { InputError } from "../errors.ts";

export interface Choice {
  readonly recipe: string;
  /** For the user: why this one. */
  readonly why: string;
}

/** The recipe that suits each kind of label on an ordinary machine, the most telling kind first. */
const suited: readonly { readonly kind: Dataset["kinds"][number]; readonly recipe: string; readonly why: string }[] = [
  {
    kind: "mask",
    recipe: "transunet-small",
    why: "a class for every pixel is the most a model can learn from, and this one trains on a CPU",
  },
];

/**
 * A recipe for the labels that a data set has, and for the pretrained encoder where one is given. Throws InputError where
 * nothing can be learned from them.
 */
export function chooseRecipe({ name, split, kinds }: Dataset, hasEncoder: boolean): Choice {
  const found = suited.find(({ kind }) => sourceOf(kind, kinds) !== undefined);
  if (found?.kind === "mask" && hasEncoder) {
    return {
      recipe: "unet-mobilenet",
      why: `${name} has ${kindsText([found.kind])}, and a pretrained encoder is given: it needs less of them than a network that begins with nothing`,
    };
  }
  if (found !== undefined) return { recipe: found.recipe, why: `${name} has ${kindsText([found.kind])}: ${found.why}` };
  const known = kindsText([...new Set(suited.map(({ kind: each }) => each))]);
  const got = kindsText(kinds);
  throw new InputError(
    `${name}: expected labels to learn from (${known}) in the split ${split}, got ${got}. Add masks, or see tessera inspect.`,
  );
}
