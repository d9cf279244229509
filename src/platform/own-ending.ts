import { UsageError } from "../errors.ts";
import { lastPart } from "./join-path.ts";

/** Throws UsageError for a file to write that ends like one of another kind. Names without an ending are taken as they are. */
export function requireOwnEnding(out: string, ending: string): void {
  const own = /\.[a-z0-9]+$/i.exec(lastPart(out))?.[0];
  if (own === undefined || own.toLowerCase() === ending) return;
  const written = `${out.slice(0, out.length - own.length)}${ending}`;
  throw new UsageError(`--out: expected a file that ends in ${ending}, got ${out}. Write --out ${written}.`);
}
