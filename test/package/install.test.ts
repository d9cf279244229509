/** What a stranger gets: the packed archive, installed into an empty folder with nothing but npm's registry at hand. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { temporaryFolder } from "../support/cli.ts";
import { installedIn, installIn, root, runIn } from "../support/package.ts";

let folder: string;
let remove: () => Promise<void>;
const archive = inject("archive");

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
});

afterAll(() => remove());

describe.each(["npm@10", "npm@11"])("installed by %s", (npm) => {
  let project: string;
  let home: string;

  beforeAll(async () => {
    project = `${folder}/${npm}`;
    home = `${project}/node_modules/tessera-seg`;
    await installIn(project, archive, npm);
  });

  test("nothing that is installed has an install step, and nothing is for the browser", async () => {
    const packages = await installedIn(project);
    expect(Object.keys(packages)).toContain("node_modules/tessera-seg");
    expect(Object.keys(packages).filter((path) => packages[path].hasInstallScript)).toEqual([]);
    expect(Object.keys(packages).join()).not.toContain("onnxruntime-web");
  });

  test("both names of the command run", async () => {
    const { version } = JSON.parse(await readFile(`${home}/package.json`, "utf8")) as { version: string };
    for (const name of ["tessera-seg", "tessera"]) {
      expect(await runIn(project, "npx", name, "--version")).toBe(`${version}\n`);
    }
  });

  test("doctor finds a runtime that computes", async () => {
    expect(await runIn(project, "npx", "tessera-seg", "doctor")).toMatch(/ok +onnx runtime.*ok +train a step/s);
  });

  test("help says commands as they are typed here", async () => {
    const help = await runIn(project, "npx", "tessera-seg", "--help");
    expect(help).toContain("npx tessera-seg train photos --out run");
    expect(help.replaceAll("npx tessera-seg", "")).not.toMatch(/\btessera (train|inspect|predict|COMMAND)/);
  });
});

describe("the package", () => {
  let project: string;
  let home: string;

  beforeAll(() => {
    project = `${folder}/npm@11`;
    home = `${project}/node_modules/tessera-seg`;
  });

  test("trains, and the example of its README segments with what was trained", async () => {
    const tessera = (...args: readonly string[]) => runIn(project, "npx", "tessera-seg", ...args);
    await tessera("scenes", "size=64,train=8,val=2,test=1", "--out", "photos");
    await tessera("train", "photos", "--recipe", "transunet-tiny", "--steps", "2", "--out", "run");
    await copyFile(`${project}/photos/images/test/test_000000.jpg`, `${project}/holiday.jpg`);
    const [, code] = (await readFile(`${home}/README.md`, "utf8")).match(/```ts\n(.*?)```/s)!;
    await writeFile(`${project}/example.mjs`, `${code}\nconsole.log(labels.width, areas.reduce((a, b) => a + b));\n`);
    expect(await runIn(project, process.execPath, "example.mjs")).toBe("64 4096\n");
  });

  test("a method of one's own works in every command, from its module outside of the package", async () => {
    const example = await readFile(`${home}/examples/your-own-method.mjs`, "utf8");
    expect(example.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
    await writeFile(`${project}/fcn.mjs`, example);
    const tessera = (...args: readonly string[]) =>
      runIn(project, "npx", "tessera-seg", ...args, "--method", "./fcn.mjs");
    const data = "scenes:size=64,train=16,val=4,classes=coarse";
    const trained = await tessera("train", data, "--recipe", "fcn", "--steps", "20", "--out", "own");
    expect(trained).toMatch(/mean IoU \d+\.\d %/);
    expect(await tessera("recipes", "fcn")).toContain("width");
    expect(await tessera("eval", "own", data)).toContain("mean IoU");
    expect(await tessera("predict", "own", "holiday.jpg", "--out", "own-masks")).toContain("own-masks/holiday.png");
    expect(await tessera("train", data, "--out", "own", "--resume")).toContain("20 steps");
    await tessera("export", "own", "--out", "own.onnx");
    // The file needs the module no more.
    expect(
      await runIn(project, "npx", "tessera-seg", "predict", "own.onnx", "holiday.jpg", "--out", "file-masks"),
    ).toContain("file-masks/holiday.png");
    const masks = await Promise.all(["own", "file"].map((name) => readFile(`${project}/${name}-masks/holiday.png`)));
    expect(masks[1]).toEqual(masks[0]);
    await expect(
      runIn(project, "npx", "tessera-seg", "predict", "own", "holiday.jpg", "--out", "x"),
    ).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /^tessera: own\/recipe\.json: method: expected a known name, got "fcn"\..*--method FILE\.\n$/,
      ),
    });
    // Its own errors are the package's: one line, and the exit code of wrong usage.
    await expect(tessera("recipes", "fcn", "--set", "width=0")).rejects.toMatchObject({
      code: 2,
      stderr: "tessera: recipe fcn: width must be a whole number above 0, got 0. Try 24.\n",
    });
  });

  test("another onnxruntime-node of the project is left alone, and refused for devices where it would serve", async () => {
    const other = `${project}/node_modules/onnxruntime-node`;
    await mkdir(other, { recursive: true });
    await writeFile(`${other}/package.json`, JSON.stringify({ name: "onnxruntime-node", version: "1.24.1" }));
    await writeFile(`${other}/index.js`, `module.exports = { env: { versions: { node: "1.24.1" } } };`);
    try {
      const predict = ["tessera-seg", "predict", "run", "holiday.jpg", "--out"];
      expect(await runIn(project, "npx", ...predict, "masks")).toContain("masks");
      await expect(runIn(project, "npx", ...predict, "none", "--device", "cuda")).rejects.toMatchObject({
        stderr: expect.stringMatching(
          /^tessera: onnxruntime-node: expected version 1\.30, got 1\.24\.1\. Run npm install/,
        ),
      });
    } finally {
      await rm(other, { recursive: true });
    }
  });

  test.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])("has types for what it exports (module %s, resolution %s)", async (module, moduleResolution) => {
    await writeFile(
      `${project}/typed.ts`,
      `import { openEngine, openRun, nodePlatform, ops, openSegmenter as openNative, type Segmentation } from "tessera-seg";
import { conv2d } from "tessera-seg/layers";
import { crossEntropy } from "tessera-seg/losses";
import { resNet } from "tessera-seg/backbones";
import { augment, augmentImage } from "tessera-seg/augment";
import type { Method, Scope, Tensor } from "tessera-seg";
import { openSegmenter, type WebSegmentation } from "tessera-seg/web";

export const network = (scope: Scope, x: Tensor): Tensor => conv2d(scope.at("a"), x, 4, { kernel: 3 });
export const parts: readonly unknown[] = [crossEntropy, resNet, augment, augmentImage];
export type Model = ReturnType<Method["model"]>;

export async function labelsOf(file: string): Promise<Segmentation> {
  const engine = await openEngine({ threads: 1 });
  const segmenter = await openNative(engine, await openRun(nodePlatform, "run"));
  return segmenter.segment(await nodePlatform.decodeImage(file));
}
export async function labelsInPage(canvas: HTMLCanvasElement): Promise<WebSegmentation> {
  const segmenter = await openSegmenter("model.onnx", { device: "webgpu", worker: true });
  const { labels }: { labels: Uint8Array } = await segmenter.segment(canvas);
  console.log(labels.length, ops.relu.length);
  // @ts-expect-error no such device
  await openSegmenter("model.onnx", { device: "cuda" });
  return segmenter.segment(canvas);
}
`,
    );
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--types", ""];
    const wanted = ["--module", module, "--moduleResolution", moduleResolution, "--lib", "es2023,dom,dom.iterable"];
    const compiler = `${root}/node_modules/typescript/bin/tsc`;
    expect(await runIn(project, process.execPath, compiler, ...options, ...wanted, "typed.ts")).toBe("");
  });

  test("ships no source maps and no tests, and only what it says", async () => {
    const files = (await readdir(home, { recursive: true })).map((path) => path.replaceAll("\\", "/"));
    expect(files.filter((path) => /\.map$|\.test\.|(^|\/)check-model/.test(path))).toEqual([]);
    const { exports, bin, imports } = JSON.parse(await readFile(`${home}/package.json`, "utf8")) as Record<
      string,
      object
    >;
    const named = JSON.stringify([exports, bin, imports]).match(/dist\/[^"]+/g) ?? [];
    expect(named.filter((path) => !files.includes(path))).toEqual([]);
    expect(Object.keys(bin)).toEqual(["tessera", "tessera-seg"]);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "dist/NOTICES.md", "dist/onnxruntime-node/LICENSE"]));
    expect((await stat(archive)).size).toBeLessThan(70e6);
  });

  test("no link in its pages is dead", async () => {
    const pages = (await readdir(home, { recursive: true })).filter((path) => path.endsWith(".md"));
    const dead: string[] = [];
    for (const page of pages) {
      const text = await readFile(`${home}/${page}`, "utf8");
      for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^https?:/.test(target)) continue;
        if (!existsSync(join(home, dirname(page), target))) dead.push(`${page}: ${target}`);
      }
    }
    expect(pages).toContain("README.md");
    expect(dead).toEqual([]);
  });

  test("its pages and examples name the package, not a stranger's", async () => {
    const files = (await readdir(home, { recursive: true })).filter((path) => /^(?!dist).*\.(md|ts|html)$/.test(path));
    const wrong: string[] = [];
    for (const file of files) {
      const text = await readFile(`${home}/${file}`, "utf8");
      const found = text.match(
        /npx tessera(?!-seg).*|.*from "tessera".*|npm (install|i) tessera(?!-seg).*|^ *tessera .*/gm,
      );
      wrong.push(...(found ?? []).map((line) => `${file}: ${line}`));
    }
    expect(wrong).toEqual([]);
  });
});
