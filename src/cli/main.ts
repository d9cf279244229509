#!/usr/bin/env node
/** The command line. Exit codes: 0 done, 1 bad input or our own bug, 2 wrong usage, 130 interrupted. */
import { InputError, Interrupted, nearest, UsageError } from "../errors.ts";
import { version } from "../version.ts";
import { asTyped, programName } from "./as-typed.ts";
import { commands } from "./commands.ts";
import { oneLine } from "./one-line.ts";

const program = programName(process.argv[1] ?? "", working());

/** The working folder; empty where it was removed. */
function working(): string {
  try {
    return process.cwd();
  } catch {
    return "";
  }
}

async function main(typed: readonly string[], signal: AbortSignal): Promise<void> {
  const [name, ...rest] = typed;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const { helpOf, helpOfAll } = await import("./help.ts");
    const about = commands.find((entry) => name === "help" && entry.name === rest[0]);
    const help = about === undefined ? helpOfAll(commands) : helpOf(await about.load());
    process.stdout.write(asTyped(help, program));
    return;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version}\n`);
    return;
  }
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    const kind = name.startsWith("-") ? "option" : "command";
    throw new UsageError(
      `unknown ${kind} ${name}. ${near === undefined ? "See tessera --help." : `Did you mean ${near}?`}`,
    );
  }
  const [command, { parseArguments }, { terminalOf }] = await Promise.all([
    entry.load(),
    import("./command.ts"),
    import("./terminal.ts"),
  ]);
  const { positionals, options, help, json } = parseArguments(command, rest);
  if (help) {
    const { helpOf } = await import("./help.ts");
    process.stdout.write(asTyped(helpOf(command), program));
    return;
  }
  const plain = terminalOf({
    json,
    signal,
    out: process.stdout,
    error: process.stderr,
    environment: process.env,
    now: () => performance.now(),
  });
  const terminal = {
    ...plain,
    print: (text: string) => plain.print(asTyped(text, program)),
    note: (line: string) => plain.note(asTyped(line, program)),
  };
  await command.run({ positionals, options: options as never }, terminal);
  if (signal.aborted) throw new Interrupted("interrupted");
}

/** What the operating system refuses is the user's to fix, not a bug of ours. */
const refusals: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Free some space and run again",
  EDQUOT: "the disk quota is used up. Free some space and run again",
  EACCES: "permission is denied. Choose another place or change its permissions",
  EPERM: "permission is denied. Choose another place or change its permissions",
  EROFS: "the file system is read-only. Choose another place",
  ENOENT: "there is no such file or folder. Check the path",
  ENOTDIR: "a part of the path is a file, not a folder. Check the path",
  EISDIR: "expected a file, got a folder. Check the path",
  ENAMETOOLONG: "the name is too long. Choose a shorter one",
  EMFILE: "too many files are open. Raise the limit (ulimit -n) and run again",
  EIO: "the disk reports an error. Check the disk",
};

/** Prints why it ended, and says with which code. */
function explain(error: unknown): number {
  if (error instanceof Interrupted) {
    process.stderr.write("tessera: interrupted\n");
    return 130;
  }
  if (error instanceof UsageError || error instanceof InputError) {
    process.stderr.write(`tessera: ${oneLine(asTyped(error.message, program))}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
  if (error instanceof Error && "code" in error && typeof error.code === "string" && error.code in refusals) {
    if ("syscall" in error && error.syscall === "uv_cwd") {
      process.stderr.write(
        "tessera: working folder: expected one that exists, got one that was removed. Change to another.\n",
      );
      return 1;
    }
    const path = "path" in error && typeof error.path === "string" ? error.path : "system";
    process.stderr.write(`tessera: ${oneLine(path)}: ${refusals[error.code]}.\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`tessera: this is a bug in tessera; please report it with the lines below.\n${text}\n`);
  return 1;
}

// A reader that stops reading (`tessera train … | head -1`) is no failure, and no reason to stop working.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.exit(explain(error));
  });
}

// The first Ctrl-C asks the command to end tidily; a second one ends at once.
const controller = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted("interrupted"));
  });
}

main(process.argv.slice(2), controller.signal).then(
  () => {
    process.exitCode = 0;
  },
  (error: unknown) => {
    process.exitCode = explain(controller.signal.aborted ? new Interrupted("interrupted") : error);
  },
);
