/** Captions as a plain folder has them: in a list, or in a text beside the photograph. */

import { InputError, problem } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { filledLines } from "../text/lines.ts";
import { readUtf8 } from "./text-file.ts";

/** Sentences as they are, or those of a text file, one a line. Throws InputError naming the file where it has none. */
export async function captionsIn(platform: Platform, captions: readonly string[] | string): Promise<readonly string[]> {
  if (typeof captions !== "string") return captions;
  const sentences = filledLines(await readUtf8(platform, captions));
  if (sentences.length > 0) return sentences;
  throw new InputError(problem(captions, "expected captions, one a line", "none", "Write some, or remove the file."));
}
