/** The examples run as they are written. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { float32 } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { lower } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Target } from "../../src/graph/tensor.ts";
import { conv2d } from "../../src/nn/conv.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { relu } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { temporaryFolder, tessera } from "../support/cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const portable: Target = { device: "cpu", operators: "portable", convBlock: 0 };

async function example(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ["--import", "tsx", `examples/${name}.ts`, ...args], { cwd: root });
  return stdout;
}

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
});

afterAll(() => remove());

test("train-on-folder and predict: from images to a mask", async () => {
  const photos = `${folder}/photos`;
  await tessera("scenes", "size=64,train=8,val=2,test=1", "--out", photos);
  expect(await example("train-on-folder", photos, `${folder}/run`, "2")).toMatch(/step 2: loss .*report\.html/s);
  const said = await example("predict", `${folder}/run`, `${photos}/images/test/test_000000.jpg`, `${folder}/mask.png`);
  expect(said).toMatch(/: \d+\.\d %/);
  expect((await readFile(`${folder}/mask.png`)).subarray(1, 4).toString()).toBe("PNG");
});

test("few-labels denoises all images and fine-tunes on those with labels", async () => {
  const small = ["steps=2", "denoiseSteps=2", "cropHeight=64", "cropWidth=64", "denoiseCropHeight=64"];
  const said = await example("few-labels", "scenes:size=64,train=8,val=2,test=1", `${folder}/few`, "1/4", ...small);
  expect(said).toMatch(/stage 1 of 2, denoise.*stage 2 of 2, finetune.*step 4: loss .*report\.html/s);
  expect((await readFile(`${folder}/few/labelled.txt`, "utf8")).trim().split("\n")).toHaveLength(2);
});

test("build-a-graph learns its function", async () => {
  const losses = [...(await example("build-a-graph")).matchAll(/loss (\S+)/g)].map(([, loss]) => Number(loss));
  expect(losses.at(-1)).toBeLessThan(0.05);
});

test("fine-tune-onnx lowers its loss, and what it writes tells bright from dark", async () => {
  const [backbone, tuned] = [`${folder}/backbone.onnx`, `${folder}/tuned.onnx`];
  const { scope, parameters } = new Model();
  const image = input("image", [-1, 3, 16, 16]);
  const features = relu(conv2d(scope.at("stem"), image, 8, { kernel: 3, stride: 2, padding: 1 }));
  const weights = [...parameters.values()].map(({ name, tensor, initializer }) => [
    name,
    initializer(tensor.shape, new Random("backbone", name)),
  ]);
  await writeFile(
    backbone,
    writeModel(lower({ outputs: { features } }, portable), { embed: Object.fromEntries(weights) }).bytes,
  );

  const losses = [...(await example("fine-tune-onnx", backbone, tuned)).matchAll(/loss (\S+)/g)].map(([, loss]) =>
    Number(loss),
  );
  expect(losses).toHaveLength(20);
  expect(losses[19]).toBeLessThan(losses[0] / 2);
  const { outputs } = readModel(await readFile(tuned), { where: tuned });
  for (const [value, brighter] of [
    [1, true],
    [-1, false],
  ] as const) {
    const { scores } = await evaluate(outputs, { image: float32([1, 3, 16, 16], new Float32Array(768).fill(value)) });
    expect(scores.data[0] > scores.data[1]).toBe(brighter);
  }
});

test("every example is under 40 lines", () => {
  const names = readdirSync(`${root}/examples`, { recursive: true }) as string[];
  for (const name of names.filter((each) => /\.(ts|html)$/.test(each))) {
    expect(readFileSync(`${root}/examples/${name}`, "utf8").trimEnd().split("\n").length, name).toBeLessThan(41);
  }
});
