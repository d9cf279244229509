/**
 * Where a command's words go: results to standard output, everything else to standard error, so that `--json` and
 * pipes stay clean. On a terminal progress is a bar that redraws itself; elsewhere it is a plain line now and then.
 */
import { controlCharacters, oneLine } from "../errors.ts";

export interface Progress {
  /** `done` of `total`; `detail` is shown behind the bar. */
  update(done: number, total: number, detail?: string): void;
  /** Removes the bar. */
  end(): void;
}

export interface Terminal {
  /** The user wants one JSON document instead of text. */
  readonly json: boolean;
  /** Aborted by Ctrl-C or a request to terminate. */
  readonly signal: AbortSignal;
  /** Text of the result, in text mode; nothing with `--json`. Control characters other than line breaks show as "?". */
  print(text: string): void;
  /** The result as data, printed with `--json`; nothing otherwise. */
  result(value: unknown): void;
  /** A line for whoever watches, on standard error. */
  note(line: string): void;
  /** One of several errors while the rest went on, on standard error as all errors are: told whatever the user wants. */
  fault(message: string): void;
  progress(label: string): Progress;
  /** Bold and dim where colours are wanted on standard output. */
  bold(text: string): string;
  dim(text: string): string;
}

/** What a terminal needs of a stream. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface TerminalOptions {
  readonly json: boolean;
  /** No bars and no notes: nothing but results and errors. */
  readonly quiet?: boolean;
  readonly signal: AbortSignal;
  readonly out: Sink;
  readonly error: Sink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Stand for a change of style within a text until it is printed; drawn anew each time, so that no name has them. */
const secret = Math.random().toString(36).slice(2);
const styles = {
  bold: { mark: `\ufdd0${secret}b`, code: "\u001b[1m" },
  dim: { mark: `\ufdd0${secret}d`, code: "\u001b[2m" },
  plain: { mark: `\ufdd0${secret}p`, code: "\u001b[22m" },
} as const;

/** Lines as they are written: names of files and classes cannot bring codes of their own, see `oneLine`. */
function styled(text: string): string {
  const lines = text.split("\n").map(oneLine).join("\n");
  return Object.values(styles).reduce((result, { mark, code }) => result.replaceAll(mark, code), lines);
}

/** JSON with control characters as escapes; JSON itself demands that of some of them only. */
function escaped(json: string): string {
  const code = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(controlCharacters, (letter) => (letter === "\n" ? letter : code(letter)));
}

/** Redrawing more often would only flicker. */
const redrawMs = 100;
/** Without a terminal: a line at most this often. */
const plainMs = 10_000;

export function terminalOf({ json, quiet = false, signal, out, error, environment, now }: TerminalOptions): Terminal {
  // https://no-color.org: set and not empty means no colour.
  const colors = out.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const redraws = error.isTTY === true && environment.TERM !== "dumb";
  let bar = "";
  const clear = () => {
    if (bar !== "") error.write(`\r${" ".repeat(bar.length)}\r`);
  };

  const progress = (label: string): Progress => {
    // Counted from the first update: a run that is resumed begins in the middle.
    let first: { readonly time: number; readonly done: number } | null = null;
    let shown = redraws ? -Infinity : now();
    const draw = (done: number, total: number, detail: string) => {
      const { time, done: before } = first ?? { time: now(), done };
      const secondsLeft = done > before ? ((now() - time) / 1000 / (done - before)) * (total - done) : null;
      const text = (most: number) => progressText({ label, done, total, detail, secondsLeft }, most);
      if (!redraws) {
        error.write(`${text(Number.POSITIVE_INFINITY)}\n`);
        return;
      }
      clear();
      bar = text((error.columns ?? 80) - 1);
      error.write(bar);
    };
    return {
      update(done, total, detail = "") {
        if (quiet) return;
        first ??= { time: now(), done };
        if (now() - shown < (redraws ? redrawMs : plainMs) && done < total) return;
        shown = now();
        draw(done, total, detail);
      },
      end() {
        clear();
        bar = "";
      },
    };
  };

  const tell = (line: string) => {
    clear();
    error.write(`${oneLine(line)}\n`);
    if (bar !== "") error.write(bar);
  };

  return {
    json,
    signal,
    print(text) {
      if (json) return;
      clear();
      out.write(`${styled(text.replace(/\n$/, ""))}\n`);
      if (bar !== "") error.write(bar);
    },
    result(value) {
      if (json) out.write(`${escaped(JSON.stringify(value, null, 2))}\n`);
    },
    note(line) {
      if (!quiet) tell(line);
    },
    fault: (message) => tell(`tessera: ${message}`),
    progress,
    bold: (text) => (colors ? `${styles.bold.mark}${text}${styles.plain.mark}` : text),
    dim: (text) => (colors ? `${styles.dim.mark}${text}${styles.plain.mark}` : text),
  };
}

/** At most `most` characters: what does not fit is left out as a whole, since a number that is cut reads as another. */
function progressText(
  {
    label,
    done,
    total,
    detail,
    secondsLeft,
  }: {
    readonly label: string;
    readonly done: number;
    readonly total: number;
    readonly detail: string;
    readonly secondsLeft: number | null;
  },
  most: number,
): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const bar = (width: number) => {
    const filled = Math.round(share * width);
    return ` [${"=".repeat(filled)}${" ".repeat(width - filled)}]`;
  };
  const counted = ` ${done}/${total}`;
  const left = secondsLeft !== null && share < 1 ? `, ${duration(secondsLeft)} left` : "";
  const tail = detail === "" ? "" : `  ${oneLine(detail)}`;
  const forms = [
    [label, bar(24), counted, left, tail],
    [label, bar(10), counted, left, tail],
    [label, bar(10), counted, left],
    [label, counted, left],
    [label, counted],
    [counted.trim()],
  ].map((parts) => parts.join(""));
  return forms.find((form) => form.length <= most) ?? "";
}

/** `4 s`, `3 min 20 s`, `2 h 5 min` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
