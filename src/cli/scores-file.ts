import { InputError } from "../errors.ts";
import { requireOwnEnding } from "../platform/own-ending.ts";
import type { Platform } from "../platform/platform.ts";

/** Scores may replace scores; a mistyped --out must not cost a run or a data set its files. */
export async function requireScoresFile(platform: Platform, file: string): Promise<void> {
  const kind = await platform.exists(file);
  if (kind === "nothing") requireOwnEnding(file, ".json");
  if (kind === "folder") {
    throw new InputError(
      `${file}: expected the name of a file for the scores, got a folder. Write --out ${file}/scores.json.`,
    );
  }
  if (kind === "file" && !(await platform.readText(file)).includes('"perImage":')) {
    throw new InputError(
      `${file}: expected a new file or earlier scores to replace, got another file. Choose another --out, or remove it.`,
    );
  }
}
