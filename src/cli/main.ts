#!/usr/bin/env node
/** The command line. Exit codes: 0 done, 1 bad input or our own bug, 2 wrong usage, 130 interrupted. */
import { writeSync } from "node:fs";
import { InputError, Interrupted, nearest, oneLine, UsageError } from "../errors.ts";
import { version } from "../version.ts";
import { asTyped, programName } from "./as-typed.ts";
import { commands } from "./commands.ts";
import { methodFault, ownMethods } from "./method-faults.ts";

const program = programName(process.argv[1] ?? "", working());

/** Where our own files are. */
const home = new URL("..", import.meta.url).href;

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
    process.stdout.write(about === undefined ? helpOfAll(commands, program) : helpOf(await about.load(), program));
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
  const { positionals, options, help, json, quiet } = parseArguments(command, rest);
  if (help) {
    const { helpOf } = await import("./help.ts");
    process.stdout.write(helpOf(command, program));
    return;
  }
  const plain = terminalOf({
    json,
    quiet,
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
    process.stderr.write(`tessera: interrupted.${goOn()}\n`);
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
  const fault = methodFault(error, home);
  if (fault !== null) {
    process.stderr.write(`tessera: ${fault}\n`);
    return 1;
  }
  const text = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split("\n").map(oneLine);
  process.stderr.write(
    `tessera: this is a bug in tessera; please report it with the lines below.\n${text.join("\n")}\n`,
  );
  return 1;
}

// A reader that stops reading (`tessera train … | head -1`) is no failure, and no reason to stop working.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.exit(explain(error));
  });
}

// The first Ctrl-C asks the command to end tidily; a second one ends at once. What stops containers asks once and
// kills after ten seconds, so a request to terminate is not waited for longer than that, whatever the engine does.
const typed = process.argv.slice(2);
const controller = new AbortController();
const patienceMs = 7_000;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) return endAtOnce(name);
    const again = name === "SIGINT" ? "Ctrl-C again ends at once" : `at the latest in ${patienceMs / 1000} seconds`;
    process.stderr.write(`\ntessera: ending as soon as what is being computed is done; ${again}.\n`);
    controller.abort(new Interrupted("interrupted"));
    if (name === "SIGTERM") setTimeout(() => endAtOnce(name), patienceMs).unref();
  });
}

/** Ends by the signal itself: while ONNX Runtime computes, leaving in any other way waits for it and then aborts. */
function endAtOnce(name: NodeJS.Signals): void {
  try {
    writeSync(process.stderr.fd, `tessera: interrupted.${goOn()}\n`);
  } catch {
    // Nobody listens any more.
  }
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** How to go on with what was typed, where the last checkpoint allows it. */
function goOn(): string {
  const [command] = typed;
  if (command !== "train" && command !== "study") return "";
  const words = command === "train" && !typed.includes("--resume") ? [...typed, "--resume"] : typed;
  const quoted = words.map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ` Go on with: ${oneLine([program, ...quoted].join(" "))}`;
}

// Nothing is left to wait for, and yet the command has not ended: a promise was made that nobody keeps.
const unkept = () => {
  const where = ownMethods() ?? "this is a bug in tessera; please report it";
  process.stderr.write(`tessera: ${where}: expected an end, got a promise that never settles. Settle it, or throw.\n`);
  process.exitCode = 1;
};
process.once("beforeExit", unkept);

main(typed, controller.signal).then(
  () => {
    process.off("beforeExit", unkept);
    process.exitCode = 0;
  },
  (error: unknown) => {
    process.off("beforeExit", unkept);
    process.exitCode = explain(controller.signal.aborted ? new Interrupted("interrupted") : error);
  },
);
