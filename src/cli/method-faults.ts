/** Mistakes in a user's own module: what they threw is told as theirs, and not as a bug of ours. */
import { fileURLToPath } from "node:url";
import { oneLine } from "../errors.ts";

export interface OwnModule {
  /** As it was typed. */
  readonly file: string;
  /** As stacks have it. */
  readonly url: string;
  /** Of its methods; none while it is being read. */
  methods: readonly string[];
}

const modules: OwnModule[] = [];

/** Says that a module takes part. Stacks are kept deep enough from now on to reach from our operators to it. */
export function rememberModule(module: OwnModule): void {
  modules.push(module);
  Error.stackTraceLimit = 50;
}

/** The methods from outside that take part; null where there are none. */
export function ownMethods(): string | null {
  return modules.length === 0 ? null : modules.map(nameOf).join(", ");
}

/**
 * The line for what a user's module threw, at whatever depth; null where it was not theirs. home: the folder of our own files,
 * as a URL: what is neither there nor an installed package belongs to their module.
 */
export function methodFault(error: unknown, home: string): string | null {
  if (modules.length === 0) return null;
  // We throw errors alone.
  if (!(error instanceof Error)) return faultText(ownMethods(), String(error));
  for (const { url, line } of placesOf(error)) {
    const module = modules.find((each) => each.url === url);
    if (module !== undefined) return faultText(nameOf(module), `${error.name}: ${error.message} at line ${line}`);
    if (url.startsWith(home) || url.includes("/node_modules/")) continue;
    return faultText(ownMethods(), `${error.name}: ${error.message} at ${fileURLToPath(url)}:${line}`);
  }
  return null;
}

/** Where in files an error came from, the innermost place first. */
export function placesOf({ stack = "" }: Error): { readonly url: string; readonly line: number }[] {
  // `at name (URL:line:column)` of a call, `URL:line` above the code of a syntax error.
  const places = stack.matchAll(/(?:^|\(|at |async )(file:\/\/[^\n]*?):(\d+)(?::\d+\)?)?$/gm);
  return [...places].map(([, url, line]) => ({ url, line: Number(line) }));
}

function faultText(where: string | null, got: string): string {
  return oneLine(`${where}: expected code that runs, got ${got}. Correct the method.`);
}

function nameOf({ file, methods }: OwnModule): string {
  return `method ${methods.length === 0 ? file : `${methods.join(", ")} (${file})`}`;
}
