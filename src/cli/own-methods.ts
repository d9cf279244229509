/** Methods of the user's own: modules that are named, imported, and looked up beside ours. Nothing registers itself. */
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InputError, oneLine, UsageError } from "../errors.ts";
import { requireMethod } from "../methods/check-method.ts";
import type { Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Options } from "./command.ts";
import { type OwnModule, placesOf, rememberModule } from "./method-faults.ts";

export const methodOptions = {
  method: {
    kind: "list",
    placeholder: "FILE",
    help: "a module with a method of your own, such as ./fcn.mjs; its recipes are known then; may be repeated",
  },
} as const satisfies Options;

/** Ours and those of the files; undefined where there are no files. Throws InputError for a module without a method. */
export async function methodsWith(
  platform: Pick<Platform, "exists">,
  files: readonly string[],
): Promise<readonly Method[] | undefined> {
  if (files.length === 0) return undefined;
  const { methods } = await import("../methods/index.ts");
  const all = [...methods];
  for (const file of files) {
    const module: OwnModule = { file, url: await urlOf(platform, file), methods: [] };
    rememberModule(module);
    const found = await methodsIn(module);
    module.methods = found.map(({ name }) => name);
    for (const method of found) {
      requireMethod(method, `method ${method.name} (${file})`);
      const names = new Set([method.name, ...Object.keys(method.recipes)]);
      const other = all.find(
        ({ name, recipes }) => names.has(name) || Object.keys(recipes).some((each) => names.has(each)),
      );
      if (other !== undefined) {
        throw new UsageError(
          `${file}: expected names of methods and recipes that are free, got one that ${other.name} has. Rename yours.`,
        );
      }
      all.push(method);
    }
  }
  return all;
}

/** As stacks name it: of the file that a link leads to. Throws InputError where there is none. */
async function urlOf(platform: Pick<Platform, "exists">, file: string): Promise<string> {
  if ((await platform.exists(file)) === "file") return pathToFileURL(await realpath(file)).href;
  throw new InputError(`${file}: expected a module with a method, got no such file. Check the path of --method.`);
}

async function methodsIn({ file, url }: OwnModule): Promise<Method[]> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const line = await lineOf(error, url);
    const at = line === undefined ? "" : ` at line ${line}`;
    const reason = error instanceof Error ? `${error.name}: ${error.message}${at}` : String(error);
    throw new InputError(oneLine(`${file}: expected a module that can be imported, got ${reason}. Correct it.`));
  }
  const found = [...new Set(Object.values(module))].filter(isMethod);
  if (found.length > 0) return found;
  throw new InputError(
    `${file}: expected an export with name, recipes, stages, model and validate, got ${Object.keys(module).join(", ") || "no exports"}. See docs/your-own-method.md.`,
  );
}

/** Where in the file itself; undefined where it came from elsewhere. */
async function lineOf(error: unknown, url: string): Promise<number | undefined> {
  if (!(error instanceof SyntaxError)) {
    return error instanceof Error ? placesOf(error).find((place) => place.url === url)?.line : undefined;
  }
  // What a failed import throws does not say the line; node says it to whoever lets it check the file.
  const path = fileURLToPath(url);
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, ["--check", path], (_, _out, text) => resolve(text));
  });
  const [first] = said.split("\n");
  const line = first.startsWith(`${path}:`) ? Number(first.slice(path.length + 1)) : Number.NaN;
  return Number.isInteger(line) ? line : undefined;
}

function isMethod(value: unknown): value is Method {
  const { name, recipes, stages, model, validate } = (value ?? {}) as Partial<Method>;
  return (
    typeof name === "string" &&
    recipes !== undefined &&
    [stages, model, validate].every((each) => typeof each === "function")
  );
}
