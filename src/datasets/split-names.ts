/** What people and programs call the splits of a data set. */

import type { Split } from "../data/dataset.ts";

/** In lower case, our own name first. */
export const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training"],
  val: ["val", "valid", "validation", "dev"],
  test: ["test", "testing"],
  unlabelled: ["unlabelled", "unlabeled"],
};
