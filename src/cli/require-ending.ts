import { InputError, UsageError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import { requireOwnEnding } from "../platform/own-ending.ts";
import type { Platform } from "../platform/platform.ts";

/** A mistyped --out must not cost anybody another file, and a file must not be called what it is not. */
export async function requireEnding(platform: Pick<Platform, "exists">, out: string, ending: string): Promise<void> {
  if (out.endsWith(ending)) return;
  if ((await platform.exists(out)) !== "file") return requireOwnEnding(out, ending);
  throw new InputError(
    `${out}: expected a new file or a ${ending} file to replace, got another file. Write --out model${ending}.`,
  );
}

/** Throws InputError where files go into a folder and --out is a file, UsageError where it is called like one. */
export async function requireFolderName(
  platform: Pick<Platform, "exists">,
  out: string,
  instead: string,
): Promise<void> {
  const kind = await platform.exists(out);
  if (kind === "file") {
    throw new InputError(`${out}: expected a folder for the results, got a file. Choose another --out.`);
  }
  const ending = /\.(?:png|jpe?g|webp|tiff?|gif|npy|json|geojson|svg|onnx|zip)$/i.exec(lastPart(out))?.[0];
  if (ending === undefined || kind === "folder") return;
  throw new UsageError(
    `--out: expected a folder, got ${out}. Write --out ${out.slice(0, out.length - ending.length)}${instead}.`,
  );
}
