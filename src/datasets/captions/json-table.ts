/** `pairs.json`: an array of pairs, or JSON lines that are called so. */

import { InputError, isObject, problem, shown } from "../../errors.ts";
import { parseJson } from "../../platform/json.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { fieldOf, imageFields, type Pairs, utf8 } from "./pairs.ts";
import { textRecords } from "./records.ts";
import { tablePairs } from "./table.ts";
import { valuePairs } from "./value-pairs.ts";

/**
 * Reads an array whole, so that it has a limit: 256 MiB. Photographs lie below `folder`. Throws InputError for larger files, and for JSON
 * that is no list of pairs.
 */
export async function jsonPairs(platform: Platform, file: string, folder: string): Promise<Pairs> {
  if (await holdsLines(platform, file)) return tablePairs(platform, file, "jsonl", folder);
  const size = await platform.withFile(file, async (source) => source.size);
  if (size > listBytes) {
    const got = `${Math.ceil(size / 2 ** 20)} MiB`;
    const remedy = `Write a pair a line, which may be of any size: jq -c '.[]' ${file} > pairs.jsonl`;
    throw new InputError(problem(file, `expected an array of at most ${listBytes / 2 ** 20} MiB`, got, remedy));
  }
  const value = parsed(utf8(await platform.readFile(file, listBytes)));
  if (Array.isArray(value)) return valuePairs(platform, file, folder, value);
  const got = value === undefined ? "broken JSON" : shown(value);
  const remedy = 'Write [{"image": "a.jpg", "caption": "A red car."}].';
  throw new InputError(problem(file, "expected an array of pairs of photograph and caption", got, remedy));
}

/** Whether a file begins as pairs do: other JSON, such as a list of classes, is of something else. */
export async function beginsAsPairs(platform: Platform, file: string): Promise<boolean> {
  const beginning = await platform.withFile(file, (source) => source.read(0, 1024));
  return (
    /^\ufeff?\s*\[/.test(new TextDecoder("utf-8", { ignoreBOM: true }).decode(beginning)) || holdsLines(platform, file)
  );
}

/** Whether the first line is a whole object that names a photograph, as in JSON lines. */
async function holdsLines(platform: Platform, file: string): Promise<boolean> {
  return platform.withFile(file, async (source) => {
    for await (const { bytes } of textRecords(
      { size: Math.min(source.size, firstBytes), read: source.read.bind(source) },
      file,
    )) {
      const text = utf8(bytes)?.trim();
      if (text === "") continue;
      const value = parsed(text);
      return isObject(value) && fieldOf(value, imageFields) !== undefined;
    }
    return false;
  });
}

/** A first line beyond these is no pair. */
const firstBytes = 2 ** 20;

/** Undefined for what is no JSON. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
