import { InputError, UsageError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

/** A mistyped --out must not cost anybody another file, and a file must not be called what it is not. */
export async function requireEnding(platform: Pick<Platform, "exists">, out: string, ending: string): Promise<void> {
  if (out.endsWith(ending)) return;
  if ((await platform.exists(out)) !== "file") return requireOwnEnding(out, ending);
  throw new InputError(
    `${out}: expected a new file or a ${ending} file to replace, got another file. Write --out model${ending}.`,
  );
}

/** Throws UsageError for a file that ends like one of another kind. Names without an ending are taken as they are. */
export function requireOwnEnding(out: string, ending: string): void {
  const own = /\.[a-z0-9]+$/i.exec(lastPart(out))?.[0];
  if (own === undefined || own.toLowerCase() === ending) return;
  const written = `${out.slice(0, out.length - own.length)}${ending}`;
  throw new UsageError(`--out: expected a file that ends in ${ending}, got ${out}. Write --out ${written}.`);
}

/** Throws UsageError where files go into a folder, and --out is called like one of them. */
export async function requireFolderName(
  platform: Pick<Platform, "exists">,
  out: string,
  instead: string,
): Promise<void> {
  const ending = /\.(?:png|jpe?g|webp|tiff?|gif|npy|json|geojson|svg|onnx|zip)$/i.exec(lastPart(out))?.[0];
  if (ending === undefined || (await platform.exists(out)) === "folder") return;
  throw new UsageError(
    `--out: expected a folder, got ${out}. Write --out ${out.slice(0, out.length - ending.length)}${instead}.`,
  );
}
