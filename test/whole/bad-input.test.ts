/** What a machine and its users can do to the commands besides naming wrong files: pipes, devices, permissions. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, start, temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=2,val=1,test=1", "--out", `${folder}/data`);
  const settings = ["--recipe", "transunet-tiny", "--steps", "1", "--set", "batchSize=1"];
  const { code } = await tessera("train", `${folder}/data`, ...settings, "--out", `${folder}/run`);
  expect(code).toBe(0);
});

afterAll(() => remove());

function expectOneLine({ code, error }: Ended, message: RegExp, expected = 1): void {
  expect(error).toMatch(message);
  expect(error.split("\n").filter((line) => line.startsWith("tessera: "))).toHaveLength(1);
  expect(error).not.toMatch(/^\s+at /m);
  expect(code).toBe(expected);
}

test.runIf(process.platform !== "win32").each(["classes.json", "images/train/train_000000.jpg"])(
  "a pipe in the place of %s is refused, not waited for",
  async (name) => {
    const data = `${folder}/pipe`;
    await rm(data, { recursive: true, force: true });
    await cp(`${folder}/data`, data, { recursive: true });
    await rm(`${data}/${name}`);
    execFileSync("mkfifo", [`${data}/${name}`]);
    expectOneLine(await tessera("inspect", data), /got a device or pipe\. Name a regular file/);
  },
);

test("a photograph's name with line breaks and terminal codes stays on its line", async () => {
  const folderOfOne = `${folder}/odd`;
  await mkdir(folderOfOne, { recursive: true });
  const photograph = await readFile(`${folder}/data/images/val/val_000000.jpg`);
  await writeFile(`${folderOfOne}/two\nlines\u001b[31m.jpg`, photograph);
  const { code, out, error } = await tessera("predict", `${folder}/run`, folderOfOne, "--out", `${folder}/odd-masks`);
  expect(code).toBe(0);
  expect(out.trim().split("\n")).toHaveLength(1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal code that must not come through
  expect(out + error).not.toMatch(/\u001b\[31m/);
});

test("nothing readable to score is an error, even where bad images are skipped", async () => {
  const data = `${folder}/unreadable`;
  await cp(`${folder}/data`, data, { recursive: true });
  await writeFile(`${data}/images/val/val_000000.jpg`, "not a picture");
  const ended = await tessera("eval", `${folder}/run`, data, "--on-bad-image", "skip", "--out", `${folder}/none.json`);
  expectOneLine(ended, /val_000000\.jpg: expected an intact photograph .* got a file of another kind/);
  expect(await readdir(folder)).not.toContain("none.json");
});

test.each([
  ["eval", ["run", "data"], "classes.json", /expected a new file or earlier scores to replace/],
  ["export", ["run"], "images/val/val_000000.jpg", /expected a new file or a \.onnx file to replace/],
])("%s does not replace a file that is something else", async (command, paths, name, message) => {
  const before = await readFile(`${folder}/data/${name}`);
  const ended = await tessera(command, ...paths.map((path) => `${folder}/${path}`), "--out", `${folder}/data/${name}`);
  expectOneLine(ended, message);
  expect((await readFile(`${folder}/data/${name}`)).equals(before)).toBe(true);
});

test("a training step beyond the machine's memory is refused before anything is written", async () => {
  const out = `${folder}/huge`;
  const settings = ["--recipe", "transunet-tiny", "--set", "batchSize=1000000"];
  expectOneLine(await tessera("train", `${folder}/data`, ...settings, "--out", out), /GB or more\. Make batchSize/);
  expect(await readdir(folder)).not.toContain("huge");
});

test("computing leaves nothing in the home folder", async () => {
  const home = `${folder}/home`;
  await mkdir(home);
  const data = `${folder}/data/images/val`;
  const environment = { HOME: home, XDG_CACHE_HOME: `${home}/.cache`, TMPDIR: home };
  const { code } = await start(["predict", `${folder}/run`, data, "--out", `${folder}/home-masks`], environment).ended;
  expect(code).toBe(0);
  expect(await readdir(home)).toEqual([]);
});
