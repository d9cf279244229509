import { asTyped } from "./as-typed.ts";
import { type Command, commonOptions, flagOf, type Options, usageOf } from "./command.ts";

/** The help of one command. program: how the program is called here, whose length lines are broken for. */
export function helpOf({ name, summary, positionals, options, examples, notes }: Command, program = "tessera"): string {
  const wrap = (text: string, width: number) => wrapped(asTyped(text, program), width);
  const table = (rows: Rows) => tableOf(rows, wrap);
  const usage = asTyped(`Usage: ${usageOf(name, positionals)}`, program);
  const lines = [...wrap(capital(summary), lineWidth), "", ...wrapped(usage, lineWidth)];
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
    lines.push(...typedLines(asTyped(typed, program)), ...wrap(meaning, lineWidth - 6).map((line) => `      ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

/** The help of the program: one line for each command. */
export function helpOfAll(
  commands: readonly { readonly name: string; readonly summary: string }[],
  program = "tessera",
): string {
  const text = `${[
    "TESSERA trains image segmentation from whatever labels you have, and runs it.",
    "",
    "Usage: tessera COMMAND [options]",
    "",
    "Commands:",
    ...tableOf(
      commands.map(({ name, summary }) => [name, summary]),
      wrapped,
    ),
    "",
    "tessera COMMAND --help shows a command's options and examples,",
    "tessera --version the version,",
    "tessera completion SHELL completes what is typed.",
    "",
    "Examples:",
    "  tessera inspect photos",
    "      says what is in a folder of images and masks, and what is wrong with it",
    "  tessera train photos --out run",
    "      trains on it and writes a run folder with a report",
    "  tessera predict run holiday.jpg --out masks",
    "      segments a photograph with the trained model",
  ].join("\n")}\n`;
  return asTyped(text, program);
}

/** Of an ordinary terminal. */
const lineWidth = 80;

type Rows = readonly (readonly [left: string, right: string])[];

/** Two columns; the second is wrapped. */
function tableOf(rows: Rows, wrap: (text: string, width: number) => string[]): string[] {
  const width = Math.min(24, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const [head, ...more] = wrap(right, lineWidth - width - 4);
    const first =
      left.length > width ? [`  ${left}`, `${" ".repeat(width + 4)}${head}`] : [`  ${left.padEnd(width)}  ${head}`];
    return [...first, ...more.map((line) => `${" ".repeat(width + 4)}${line}`)];
  });
}

/** What is typed can be copied as it is: a shell goes on behind a backslash, and quoted words are kept whole. */
function typedLines(typed: string): string[] {
  const words = typed.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const lines = joined(words, lineWidth - 6);
  return lines.map((line, i) => `${i === 0 ? "  " : "    "}${line}${i < lines.length - 1 ? " \\" : ""}`);
}

function wrapped(text: string, width: number): string[] {
  return joined(text.split(" "), width);
}

/** Words in lines of at most so many letters, where they are no longer themselves. */
function joined(words: readonly string[], width: number): string[] {
  const lines = [""];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function capital(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
