/** A module of the user's own with a mistake in it: one line says where, and it is no bug of ours. */
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectOneLine, temporaryFolder, tessera } from "../support/cli.ts";

const example = new URL("../../examples/your-own-method.mjs", import.meta.url).href;

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=4,val=2,test=1", "--out", `${folder}/data`);
});

afterAll(() => remove());

/** The example's method with `changes`, which begin in line 3 of the module. */
async function moduleWith(name: string, changes: string): Promise<string> {
  const file = `${folder}/${name}.mjs`;
  const recipe = '{ ...fcn.recipes.fcn, name: "own", method: "own", steps: 2 }';
  await writeFile(
    file,
    `import { fcn } from ${JSON.stringify(example)};\nexport const own = { ...fcn, name: "own", recipes: { own: ${recipe} },\n${changes}\n};\n`,
  );
  return file;
}

const trained = (file: string) =>
  tessera("train", `${folder}/data`, "--method", file, "--recipe", "own", "--out", `${file}-run`);

describe("a mistake is told as the method's:", () => {
  const changedStage = (changes: string) =>
    `stages: (recipe, task) => fcn.stages(recipe, task).map((stage) => ({ ...stage,\n${changes} })),`;
  test.each<[string, string, string]>([
    [
      "an error",
      changedStage("async prepare() { null.x; }"),
      "got TypeError: Cannot read properties of null .* at line 4",
    ],
    ["something thrown that is no error", changedStage('prepare: () => Promise.reject("tired")'), "got tired"],
    [
      "an error of ours about what it asked for",
      changedStage("loss: (scope, batch) => ({ terms: { a: scope.host('a').b } })"),
      "got TypeError: .* at line 4",
    ],
    ["an error before the training", 'stages() { throw new Error("mine"); },', "got Error: mine at line 3"],
  ])("%s", async (name, changes, got) => {
    const file = await moduleWith(name.replaceAll(" ", "-"), changes);
    const where = `tessera: method own \\(${file}\\): expected code that runs, `;
    expectOneLine(await trained(file), new RegExp(`${where}${got}\\. Correct the method\\.\n`));
  });

  test("a promise that never settles", async () => {
    const file = await moduleWith("hangs", changedStage("prepare: () => new Promise(() => {})"));
    expectOneLine(await trained(file), /hangs\.mjs\): expected an end, got a promise that never settles\./);
  });

  test("a module that never ends to load", async () => {
    const file = `${folder}/loading.mjs`;
    await writeFile(file, "await new Promise(() => {});\n");
    expectOneLine(await trained(file), /method .*loading\.mjs: expected an end, got a promise that never settles\./);
  });

  test("what no parser reads, with its line", async () => {
    const file = await moduleWith("unread", "stages: 5 5,");
    expectOneLine(
      await trained(file),
      /unread\.mjs: expected a module .*, got SyntaxError: .* at line 3\. Correct it\./,
    );
  });
});

test("a study of its own is listed and run, as ours are", async () => {
  const arm = 'name: "only", about: "it alone", settings: [], from: null, fractions: [1], drawn: true';
  const study = `study: { recipes: { own: ["batchSize=2", "cropHeight=64", "cropWidth=64"] }, dataset: "scenes", fractions: [1], seeds: 1,
    parts: { main: "all" }, standardParts: ["main"], scaled: [],
    plan: () => ({ pretrainings: [], arms: [{ ${arm} }], claims: [] }) },`;
  const file = await moduleWith("studied", study);
  const options = ["--method", file, "--out", `${folder}/study`];
  expect((await tessera("study", "own", ...options, "--list")).out).toContain("1 runs of own");
  const { code, out, error } = await tessera("study", "own", `${folder}/data`, ...options);
  expect([code, error.includes("tessera: ")]).toEqual([0, false]);
  expect(out).toContain("only");
  // The same command finds it done.
  const again = await tessera("study", "own", `${folder}/data`, ...options);
  expect([again.code, again.error]).toEqual([0, expect.stringMatching(/run 1 of 1: .*: done/)]);
  expectOneLine(await tessera("study", "none", ...options), /expected a known name, got "none"/, 2);
});

test("one without a mistake trains", async () => {
  const { code, error } = await trained(await moduleWith("whole", ""));
  expect([code, error.includes("method own")]).toEqual([0, false]);
});
