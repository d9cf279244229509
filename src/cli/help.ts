import { type Command, commonOptions, flagOf, type Options, usageOf } from "./command.ts";

/** The help of one command. */
export function helpOf({ name, summary, positionals, options, examples, notes }: Command): string {
  const lines = [capital(summary), "", `Usage: ${usageOf(name, positionals)}`];
  if (positionals.length > 0) {
    lines.push("", "Arguments:", ...table(positionals.map((positional) => [positional.name, positional.help])));
  }
  const all: Options = { ...options, ...commonOptions };
  const rows = Object.entries(all).map(([key, option]): [string, string] => {
    const value = option.kind === "flag" ? "" : ` ${option.placeholder}`;
    const choices = option.kind === "text" && option.choices !== undefined ? ` (${option.choices.join(", ")})` : "";
    return [`${flagOf(key)}${value}`, `${option.help}${choices}`];
  });
  lines.push("", "Options:", ...table(rows));
  if (notes !== undefined) lines.push("", ...wrap(notes.trim().replace(/\n/g, " "), lineWidth));
  lines.push("", "Examples:");
  for (const [typed, meaning] of examples) {
    // What is typed is kept whole, to be copied.
    lines.push(`  ${typed}`, ...wrap(meaning, lineWidth - 6).map((line) => `      ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

/** The help of the program: one line for each command. */
export function helpOfAll(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  return `${[
    "TESSERA trains image segmentation from whatever labels you have, and runs it.",
    "",
    "Usage: tessera COMMAND [options]",
    "",
    "Commands:",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    "tessera COMMAND --help shows a command's options and examples,",
    "tessera --version the version, tessera completion SHELL completes what is typed.",
    "",
    "Examples:",
    "  tessera inspect photos",
    "      says what is in a folder of images and masks, and what is wrong with it",
    "  tessera train photos --out run",
    "      trains on it and writes a run folder with a report",
    "  tessera predict run holiday.jpg --out masks",
    "      segments a photograph with the trained model",
  ].join("\n")}\n`;
}

/** Of an ordinary terminal. */
const lineWidth = 80;

/** Two columns; the second is wrapped. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(24, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const wrapped = wrap(right, lineWidth - width - 4);
    const first =
      left.length > width
        ? [`  ${left}`, `${" ".repeat(width + 4)}${wrapped[0]}`]
        : [`  ${left.padEnd(width)}  ${wrapped[0]}`];
    return [...first, ...wrapped.slice(1).map((line) => `${" ".repeat(width + 4)}${line}`)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function capital(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
