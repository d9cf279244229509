/** What the pages print can be typed, and what they name is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseArguments } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { methods } from "../../src/methods/index.ts";
import { resolveRecipe } from "../../src/methods/resolve-recipe.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folders = ["bench", "docs", "examples", "kernels", "scripts", "src", "test"];
const files = [
  ...readdirSync(root),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
      (path) => `${folder}/${path.replaceAll("\\", "/")}`,
    ),
  ),
];
const texts = new Map(
  files
    .filter((path) => /\.md$/.test(path))
    .map((path) => [path, readFileSync(join(root, path), "utf8").replace(/ \\\n\s*/g, " ")]),
);
const pages = [...texts.keys()];
const fields = new Set(methods.flatMap(({ recipes }) => Object.values(recipes).flatMap(Object.keys)));
/** Of the example of a method of one's own. */
const foreign = ["fcn", "RECIPE"];

const commandsOf = (page: string) => [...texts.get(page)!.matchAll(/^(?: {4})?npx tessera-seg (.*)$/gm)];

test("pages print commands", () => {
  expect(pages.flatMap(commandsOf).length).toBeGreaterThan(100);
});

test.each(pages)("%s prints commands, recipes and fields that there are", async (page) => {
  for (const [line, typed] of commandsOf(page)) {
    const words = [...typed.replace(/\s+#.*$/, "").matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) =>
      word.replace(/"/g, ""),
    );
    const entry = commands.find(({ name }) => name === words[0]);
    expect(entry, line).toBeDefined();
    const { options } = parseArguments(await entry!.load(), words.slice(1));
    const { recipe, set = [] } = options as { recipe?: string; set?: readonly string[] };
    if (recipe !== undefined && !foreign.includes(recipe)) resolveRecipe(recipe, set);
    expect(
      set.filter((setting) => !fields.has(setting.split("=")[0])),
      line,
    ).toEqual([]);
  }
});

test.each(pages)("%s names sources that there are", (page) => {
  const named = [...texts.get(page)!.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path]) => path);
  expect(named.filter((path) => !files.some((file) => `/${file}`.endsWith(`/${path}`)))).toEqual([]);
});

test.each(pages)("%s links to what there is, and to headings that there are", (page) => {
  const headings = (path: string) =>
    [...readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );
  const dead = [...texts.get(page)!.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)].filter(
    ([, path, heading]) => {
      const target = path === "" ? join(root, page) : join(root, dirname(page), path);
      return !existsSync(target) || (heading !== undefined && !headings(target).includes(heading));
    },
  );
  expect(dead.map(([link]) => link)).toEqual([]);
});
