/** Methods of the user's own: modules that are named, imported, and looked up beside ours. Nothing registers itself. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError, oneLine, UsageError } from "../errors.ts";
import { requireMethod } from "../methods/check-method.ts";
import type { Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Options } from "./command.ts";

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
    for (const method of await methodsIn(platform, file)) {
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

async function methodsIn(platform: Pick<Platform, "exists">, file: string): Promise<Method[]> {
  if ((await platform.exists(file)) !== "file") {
    throw new InputError(`${file}: expected a module with a method, got no such file. Check the path of --method.`);
  }
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new InputError(oneLine(`${file}: expected a module that can be imported, got ${reason}. Correct it.`));
  }
  const found = [...new Set(Object.values(module))].filter(isMethod);
  if (found.length > 0) return found;
  throw new InputError(
    `${file}: expected an export with name, recipes, stages, model and validate, got ${Object.keys(module).join(", ") || "no exports"}. See docs/your-own-method.md.`,
  );
}

function isMethod(value: unknown): value is Method {
  const { name, recipes, stages, model, validate } = (value ?? {}) as Partial<Method>;
  return (
    typeof name === "string" &&
    recipes !== undefined &&
    [stages, model, validate].every((each) => typeof each === "function")
  );
}
