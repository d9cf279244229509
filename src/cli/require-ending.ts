import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";

/** A mistyped --out must not cost anybody another file. */
export async function requireEnding(platform: Pick<Platform, "exists">, out: string, ending: string): Promise<void> {
  if (out.endsWith(ending) || (await platform.exists(out)) !== "file") return;
  throw new InputError(
    `${out}: expected a new file or a ${ending} file to replace, got another file. Write --out model${ending}.`,
  );
}
