/** A command of the command line as a typed value, and the reading of what was typed against it. */
import { nearest, UsageError } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

/** `flag`: present or not. `text`, `number`: given at most once. `list`: may be repeated. */
export type Option =
  | { readonly kind: "flag"; readonly help: string }
  | { readonly kind: "text"; readonly help: string; readonly placeholder: string; readonly choices?: readonly string[] }
  | {
      readonly kind: "number";
      readonly help: string;
      readonly placeholder: string;
      readonly integer?: boolean;
      readonly minimum?: number;
      readonly maximum?: number;
    }
  | { readonly kind: "list"; readonly help: string; readonly placeholder: string };

/** Options by their name in camel case: `onBadImage` is typed as `--on-bad-image`. */
export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends { kind: "flag" }
  ? boolean
  : O extends { kind: "list" }
    ? readonly string[]
    : (O extends { kind: "number" } ? number : string) | undefined;

export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

export interface Positional {
  /** In capitals, as help shows it. */
  readonly name: string;
  readonly help: string;
  /** `one`: must be given. `optional`: may be left out. `many`: one or more, last only; `any`: none as well. */
  readonly count: "one" | "optional" | "many" | "any";
}

export interface Command<O extends Options = Options> {
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly options: O;
  /** What is typed, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Paragraphs below the options in its help. */
  readonly notes?: string;
  run(
    given: { readonly positionals: readonly string[]; readonly options: Values<O> },
    terminal: Terminal,
  ): Promise<void>;
}

/** A command as the list has it: loaded when it is called. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command has these. */
export const commonOptions = {
  quiet: { kind: "flag", help: "no progress and no notes; errors are told all the same" },
  json: { kind: "flag", help: "print the result as one JSON document on standard output" },
  help: { kind: "flag", help: "show this help" },
} as const satisfies Options;

/** Lets TypeScript derive the types of `run`'s options. The result is one of many commands, whose options differ. */
export function command<const O extends Options>(definition: Command<O>): Command {
  return definition as unknown as Command;
}

/** `onBadImage` → `--on-bad-image`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What was typed after the command's name. Throws UsageError on anything that the command does not declare. */
export function parseArguments(
  { name, positionals, options }: Pick<Command, "name" | "positionals" | "options">,
  typed: readonly string[],
): { positionals: string[]; options: Record<string, unknown>; help: boolean; json: boolean; quiet: boolean } {
  const all: Options = { ...options, ...commonOptions };
  const byFlag = new Map(Object.keys(all).map((key) => [flagOf(key), key]));
  if ("licence" in all) byFlag.set("--license", "licence"); // both spellings
  const found: string[] = [];
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(all).map(([key, { kind }]) => [key, kind === "flag" ? false : kind === "list" ? [] : undefined]),
  );
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i];
    if (word === "--") {
      found.push(...typed.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      found.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const flag = word === "-h" ? "--help" : equals < 0 ? word : word.slice(0, equals);
    const key = byFlag.get(flag);
    if (key === undefined) throw unknownOption(name, flag, byFlag);
    const option = all[key];
    if (option.kind === "flag") {
      if (equals >= 0) throw new UsageError(`${name}: ${flag} takes no value, got "${word}". Write ${flag} alone.`);
      values[key] = true;
      continue;
    }
    const value = equals >= 0 ? word.slice(equals + 1) : typed[++i];
    if (value === undefined || (equals < 0 && byFlag.has(value))) {
      throw new UsageError(`${name}: ${flag} needs a value, got none. Write ${flag} ${option.placeholder}.`);
    }
    if (option.kind === "list") (values[key] as string[]).push(value);
    else if (values[key] !== undefined)
      throw new UsageError(`${name}: ${flag} may be given once, got it twice. Remove one.`);
    else values[key] = numberOrText(name, flag, option, value);
  }
  const help = values.help === true;
  if (!help) checkCount(name, positionals, found);
  return { positionals: found, options: values, help, json: values.json === true, quiet: values.quiet === true };
}

function numberOrText(
  name: string,
  flag: string,
  option: Option & { kind: "text" | "number" },
  value: string,
): string | number {
  if (option.kind === "text") {
    if (value === "")
      throw new UsageError(`${name}: ${flag} needs a value, got an empty one. Write ${flag} ${option.placeholder}.`);
    if (option.choices !== undefined && !option.choices.includes(value)) {
      const near = nearest(value, option.choices);
      const remedy = near === undefined ? `Use one of them.` : `Did you mean ${near}?`;
      throw new UsageError(`${name}: ${flag} must be one of ${option.choices.join(", ")}, got "${value}". ${remedy}`);
    }
    return value;
  }
  const { integer = false, minimum = -Infinity, maximum = Infinity } = option;
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number) || (integer && !Number.isSafeInteger(number)) || number < minimum || number > maximum) {
    const range = [
      minimum > -Infinity ? ` from ${minimum}` : "",
      maximum < Infinity ? ` up to ${maximum}` : minimum > -Infinity ? " on" : "",
    ].join("");
    throw new UsageError(
      `${name}: ${flag} must be ${integer ? "an integer" : "a number"}${range}, got "${value}". Write ${flag} ${option.placeholder}.`,
    );
  }
  return number;
}

function checkCount(name: string, positionals: readonly Positional[], found: readonly string[]): void {
  const missing = positionals.find(({ count }, i) => count !== "optional" && count !== "any" && i >= found.length);
  const usage = usageOf(name, positionals);
  if (missing !== undefined)
    throw new UsageError(`${name}: ${missing.name} is missing: ${missing.help}. Usage: ${usage}`);
  const at = found.indexOf("");
  const empty = positionals[Math.min(at, positionals.length - 1)];
  if (at >= 0 && empty !== undefined) throw new UsageError(`${name}: ${empty.name} must not be empty. Usage: ${usage}`);
  const unlimited = ["many", "any"].includes(positionals.at(-1)?.count ?? "");
  if (!unlimited && found.length > positionals.length) {
    throw new UsageError(`${name}: does not take "${found[positionals.length]}". Usage: ${usage}`);
  }
}

/** `tessera predict RUN IMAGE... [options]` */
export function usageOf(name: string, positionals: readonly Positional[]): string {
  const words = positionals.map(({ name, count }) =>
    count === "many" ? `${name}...` : count === "any" ? `[${name}...]` : count === "optional" ? `[${name}]` : name,
  );
  return ["tessera", name, ...words, "[options]"].join(" ");
}

/** Words of other programs, and what is written here in their place. */
const otherWords: Readonly<Record<string, string>> = {
  "--seed": "--set seed=N",
  "--batch-size": "--set batchSize=N",
  "--batch": "--set batchSize=N",
  "--learning-rate": "--set learningRate=X",
  "--lr": "--set learningRate=X",
  "--weight-decay": "--set weightDecay=X",
  "--momentum": "--set momentum=X",
  "--optimizer": "--set optimizer=NAME",
  "--crop-size": "--set cropHeight=N --set cropWidth=N",
  "--image-size": "--set cropHeight=N --set cropWidth=N",
  "--imgsz": "--set cropHeight=N --set cropWidth=N",
  "--epochs": "--steps N (an epoch is as many steps as there are images, divided by batchSize)",
  "--iterations": "--steps N",
  "--val-split": "--val-fraction 0.2",
  "--workers": "--threads N",
};

function unknownOption(name: string, flag: string, known: ReadonlyMap<string, string>): UsageError {
  const word = otherWords[flag];
  const needed = /--[a-z-]+/.exec(word ?? "")?.[0];
  if (word !== undefined && needed !== undefined && known.has(needed)) {
    return new UsageError(`${name}: unknown option ${flag}. Write ${word}.`);
  }
  const near = nearest(flag, known.keys());
  const remedy = near === undefined ? `See tessera ${name} --help.` : `Did you mean ${near}?`;
  return new UsageError(`${name}: unknown option ${flag}. ${remedy}`);
}
