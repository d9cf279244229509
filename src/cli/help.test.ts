import { expect, test } from "vitest";
import { commands } from "./commands.ts";
import { helpOf, helpOfAll } from "./help.ts";

const programs = ["tessera", "npx tessera-seg", "node dist/cli/main.js"];

test.each(programs)("help fits an ordinary terminal, called by %s", async (program) => {
  const texts = [
    helpOfAll(commands, program),
    ...(await Promise.all(commands.map(async (each) => helpOf(await each.load(), program)))),
  ];
  for (const text of texts) expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("an example that is long goes on as shells do, and its quoted words are whole", async () => {
  const predict = commands.find(({ name }) => name === "predict")!;
  const help = helpOf(await predict.load(), "node dist/cli/main.js");
  const [, typed] = /\n {2}(node \S+ predict nvidia.*?)\n {6}\S/s.exec(help) ?? [];
  expect(typed.replace(/ \\\n */g, " ")).toBe(
    'node dist/cli/main.js predict nvidia/groupvit-gcc-yfcc photo.jpg --classes "cat, sofa, lamp" --out masks',
  );
  expect(typed).toContain('"cat, sofa, lamp"');
});
