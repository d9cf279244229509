import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";

const names = ["tokenizer.json", "vocab.json", "merges.txt"] as const satisfies readonly (keyof TokenizerFiles)[];

/**
 * The tokenizer of a Hugging Face folder, or CLIP's own where the folder has none of its files: models of CLIP's family
 * share one vocabulary. Throws InputError where some are there and no tokenizer comes of them, or the vocabulary has not
 * the size that the model's embedding has.
 */
export async function openTokenizer(
  platform: Pick<Platform, "exists" | "readText">,
  folder: string,
  { size }: { readonly size?: number } = {},
): Promise<Tokenizer> {
  const files: Record<string, string> = {};
  for (const name of names) {
    const path = joinPath(folder, name);
    if ((await platform.exists(path)) === "file") files[name] = await platform.readText(path);
  }
  const own = Object.keys(files).length > 0;
  const tokenizer = own
    ? (await import("./tokenizer-files.ts")).tokenizerFromFiles(files, folder)
    : await clipTokenizer();
  if (size === undefined || tokenizer.size === size) return tokenizer;
  const remedy = own ? "Fetch the files of the model again." : "Put the model's tokenizer.json beside its weights.";
  throw new InputError(problem(folder, `expected a vocabulary of ${size} symbols`, String(tokenizer.size), remedy));
}
