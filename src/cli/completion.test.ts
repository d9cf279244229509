import { execFileSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { commands } from "./commands.ts";
import type { Terminal } from "./terminal.ts";

async function scriptOf(shell: string): Promise<string> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    const { load } = commands.find(({ name }) => name === "completion")!;
    await (await load()).run({ positionals: [shell], options: {} as never }, {} as Terminal);
  } finally {
    spy.mockRestore();
  }
  return written.join("");
}

test("bash completes commands, options, and their values; elsewhere files", async () => {
  const script = await scriptOf("bash");
  const complete = (...words: string[]) => {
    const typed = words.map((word) => `'${word}'`).join(" ");
    const asked = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _tessera; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", `${script}\n${asked}`], { encoding: "utf8" })
      .trim()
      .split(" ");
  };
  expect(complete("tessera", "pre")).toEqual(["predict"]);
  expect(complete("tessera", "predict", "--fl")).toEqual(["--flip"]);
  expect(complete("tessera", "predict", "--on-bad")).toEqual([""]);
  expect(complete("tessera", "predict", "--device", "cu")).toEqual(["cuda"]);
  expect(complete("tessera", "predict", "run")).toEqual([""]);
});

test.each(["zsh", "fish"])("%s gets every command and option", async (shell) => {
  const script = await scriptOf(shell);
  for (const { name, load } of commands) {
    expect(script).toContain(name);
    if ("valFraction" in (await load()).options) expect(script).toContain("val-fraction");
  }
});

test("an unknown shell is refused", async () => {
  await expect(scriptOf("bush")).rejects.toThrow(
    'SHELL must be one of bash, zsh, fish, got "bush". Did you mean bash?',
  );
});
