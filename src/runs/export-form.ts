/** A trained model written as other programs read it. */
import { InputError, suggestion, UsageError } from "../errors.ts";
import type { Method, WrittenModel } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import { joinPath } from "../platform/join-path.ts";
import { requireOwnEnding } from "../platform/own-ending.ts";
import type { Platform } from "../platform/platform.ts";

export type FormPlatform = Pick<Platform, "exists" | "list" | "writeFile">;

export interface ExportedForm {
  /** Paths of what was written. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Lines for the user. */
  readonly notes: readonly string[];
}

/**
 * Writes a model in one of its method's forms (`Method.forms`): a file, or the files of a folder, which is new, empty or an earlier
 * result; null where the weights have nothing of the form. Throws UsageError for an unknown form, and InputError where the form cannot have
 * the model, or other files are in the way.
 */
export async function exportForm(
  platform: FormPlatform,
  { name: method, forms = {} }: Method,
  trained: Pick<Trained, "weights" | "recipe" | "source" | "licence">,
  form: string,
  out: string,
): Promise<ExportedForm | null> {
  const write = forms[form];
  if (write === undefined || !Object.hasOwn(forms, form)) {
    const known = Object.keys(forms);
    throw new UsageError(
      `--weights: expected a form that models of ${method} have, got "${form}". ${suggestion(form, known)}`,
    );
  }
  const written = await write(trained);
  if (written === null) return null;
  const { content, notes } = written;
  const files = await filesOf(platform, content, out);
  let bytes = 0;
  for (const [path, data] of files) {
    const encoded = typeof data === "string" ? new TextEncoder().encode(data) : data;
    await platform.writeFile(path, encoded);
    bytes += encoded.length;
  }
  return { files: files.map(([path]) => path), bytes, notes };
}

/** What is written where; throws InputError where others' files would be lost. */
async function filesOf(
  platform: Pick<Platform, "exists" | "list">,
  content: WrittenModel["content"],
  out: string,
): Promise<(readonly [string, Uint8Array | string])[]> {
  const kind = await platform.exists(out);
  if ("bytes" in content) {
    const { ending, bytes } = content;
    if (kind === "nothing") requireOwnEnding(out, ending);
    if (kind === "nothing" || (kind === "file" && out.endsWith(ending))) return [[out, bytes]];
    const got = kind === "folder" ? "a folder" : "another file";
    throw new InputError(
      `${out}: expected a new file or a ${ending} file to replace, got ${got}. Write --out model${ending}.`,
    );
  }
  const { files } = content;
  if (kind === "file") {
    throw new InputError(
      `${out}: expected a folder for ${Object.keys(files).join(", ")}, got a file. Choose another --out.`,
    );
  }
  const other = await otherIn(platform, out, Object.keys(files));
  if (other !== null) {
    throw new InputError(
      `${out}: expected an empty folder, or an earlier result to replace, got ${other} in it. Choose another --out.`,
    );
  }
  return Object.entries(files).map(([name, data]) => [joinPath(out, name), data] as const);
}

/** What is in a folder that a result of these names would not have; null where there is nothing else. */
async function otherIn(
  platform: Pick<Platform, "exists" | "list">,
  folder: string,
  names: readonly string[],
): Promise<string | null> {
  if ((await platform.exists(folder)) !== "folder") return null;
  for (const name of await platform.list(folder)) {
    if (names.includes(name)) continue;
    const inside = names.filter((each) => each.startsWith(`${name}/`)).map((each) => each.slice(name.length + 1));
    if (inside.length === 0) return name;
    const other = await otherIn(platform, joinPath(folder, name), inside);
    if (other !== null) return `${name}/${other}`;
  }
  return null;
}
