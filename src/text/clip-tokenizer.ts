import type { Tokenizer } from "./tokenizer.ts";

let opened: Promise<Tokenizer> | undefined;

/** CLIP's own tokenizer, loaded when it is first asked for: list and text repair have two thirds of a megabyte. */
export function clipTokenizer(): Promise<Tokenizer> {
  opened ??= Promise.all([import("./tokenizer.ts"), import("./clip-merges.ts")]).then(
    ([{ createTokenizer, mergesIn }, { clipMerges }]) => createTokenizer(mergesIn(clipMerges)),
  );
  return opened;
}
