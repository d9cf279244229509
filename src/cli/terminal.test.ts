import { expect, test } from "vitest";
import { duration, terminalOf } from "./terminal.ts";

function terminal({ json = false, tty = false, environment = {} as Record<string, string> } = {}) {
  const written = { out: "", error: "" };
  let time = 0;
  const sink = (name: "out" | "error") => ({
    isTTY: tty,
    columns: 80,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const made = terminalOf({
    ...{ json, environment, signal: new AbortController().signal, out: sink("out"), error: sink("error") },
    now: () => time,
  });
  return {
    made,
    written,
    wait: (ms: number) => {
      time += ms;
    },
  };
}

test("text goes to standard output, notes to standard error", () => {
  const { made, written } = terminal();
  made.print("result");
  made.note("note");
  made.result({ a: 1 });
  expect(written).toEqual({ out: "result\n", error: "note\n" });
});

test("with --json standard output holds the document alone", () => {
  const { made, written } = terminal({ json: true });
  made.print("result");
  made.result({ a: 1 });
  expect(JSON.parse(written.out)).toEqual({ a: 1 });
});

test("colours appear on a terminal only, and never with NO_COLOR", () => {
  const shown = (options: Parameters<typeof terminal>[0]) => {
    const { made, written } = terminal(options);
    made.print(`${made.bold("x")} ${made.dim("y")}`);
    return written.out;
  };
  expect(shown({ tty: true })).toBe("\u001b[1mx\u001b[22m \u001b[2my\u001b[22m\n");
  expect(shown({ tty: false })).toBe("x y\n");
  expect(shown({ tty: true, environment: { NO_COLOR: "1" } })).toBe("x y\n");
});

test("names bring no codes to the terminal, whatever is printed", () => {
  const hostile = "a\u001b[1mb\u009b31m\u202ec\rd\ufdd0\ufdd2";
  const { made, written } = terminal({ tty: true });
  made.print(`first ${made.bold(hostile)}\n  second`);
  made.note(hostile);
  made.progress("working").update(1, 1, hostile);
  expect(written.out).toBe("first \u001b[1ma?[1mb?31m?c d\ufdd0\ufdd2\u001b[22m\n  second\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the claim
  expect(written.error).not.toMatch(/[\u001b\u009b\u202e]/);
  const data = terminal({ tty: true, json: true });
  data.made.result({ [hostile]: hostile });
  expect(JSON.parse(data.written.out)).toEqual({ [hostile]: hostile });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the claim
  expect(data.written.out).not.toMatch(/[\u001b\u009b\u202e\r]/);
});

test("without a terminal progress is a plain line now and then, and at the end", () => {
  const { made, written, wait } = terminal();
  const progress = made.progress("working");
  for (let done = 1; done <= 100; done++) {
    wait(1000);
    progress.update(done, 100);
  }
  const lines = written.error.trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toContain("100/100");
  expect(written.error).not.toContain("\r");
});

test("on a terminal the bar redraws itself and leaves nothing behind", () => {
  const { made, written, wait } = terminal({ tty: true });
  const progress = made.progress("working");
  progress.update(1, 4);
  wait(1000);
  progress.update(2, 4, "loss 1");
  expect(written.error).toContain("2/4, 2 s left  loss 1");
  progress.end();
  expect(written.error).toMatch(/\r +\r$/);
});

test.each<[number, string]>([
  [0.4, "0 s"],
  [59.6, "1 min"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
])("%d seconds are written as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("a bar that does not fit leaves things out as a whole, never a part of a number", () => {
  for (const columns of [80, 60, 40, 30, 20, 12, 4]) {
    const written: string[] = [];
    const error = { isTTY: true, columns, write: (text: string) => written.push(text) };
    let time = 0;
    const { progress } = terminalOf({
      ...{ json: false, signal: new AbortController().signal, out: { write: () => 0 }, error, environment: {} },
      now: () => (time += 200),
    });
    const bar = progress("training");
    bar.update(1, 123_456, "loss 0.123  rate 4.2e-4");
    bar.update(98_765, 123_456, "loss 0.123  rate 4.2e-4");
    const last = written.at(-1)!;
    expect(last.length).toBeLessThan(columns);
    expect(last === "" || last.includes("98765/123456")).toBe(true);
    expect(last).toMatch(/^$|(?:123456|left|4\.2e-4)$/);
  }
});

test("quiet is nothing but results and errors", () => {
  const [out, error]: string[][] = [[], []];
  const quiet = terminalOf({
    ...{ json: false, quiet: true, signal: new AbortController().signal, environment: {}, now: () => 0 },
    ...{ out: { write: (text: string) => out.push(text) }, error: { write: (text: string) => error.push(text) } },
  });
  quiet.note("a note");
  quiet.fault("a fault");
  quiet.progress("training").update(1, 1);
  quiet.print("a result");
  expect([out, error]).toEqual([["a result\n"], ["tessera: a fault\n"]]);
});
