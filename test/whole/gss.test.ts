/** GSS as users train it: a tokenizer by itself, a whole run in stages, variants, resuming, and what predicts. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digests, expectOneLine, stopped, temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=6,val=2,test=1,classes=coarse", "--out", `${folder}/data`);
});

afterAll(() => remove());

const train = (...args: string[]) => tessera("train", `${folder}/data`, "--recipe", "gss-tiny", ...args);
const set = (...values: string[]) => values.flatMap((value) => ["--set", value]);
const metrics = async (run: string) =>
  (await readFile(`${folder}/${run}/metrics.jsonl`, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { stage: string; measures?: { name: string; value: number | null }[] });

test("a tokenizer is trained, tells what it gives back, and another run begins with it", async () => {
  const { code, error } = await train(...set("steps=0", "tokenizerSteps=3"), "--out", `${folder}/tokenizer`);
  expect([code, error]).toEqual([0, expect.not.stringContaining("bug")]);
  const judged = (await metrics("tokenizer")).find(({ measures }) => measures !== undefined);
  expect(judged?.stage).toBe("tokenizer");
  const names = judged?.measures?.map(({ name }) => name) ?? [];
  expect(names).toContain("reconstruction mean IoU");
  expect(names).toContain("reconstruction ×2 mean IoU");
  const pictures = await readdir(`${folder}/tokenizer/pictures/tokenizer`, { recursive: true });
  expect(pictures.some((name) => name.endsWith("maskige.png"))).toBe(true);

  const whole = await train("--from", `${folder}/tokenizer`, "--out", `${folder}/whole`);
  expect([whole.code, whole.error]).toEqual([0, expect.stringMatching(/tokenizerSteps: 2 → 0/)]);
  expect((await metrics("whole")).every(({ stage }) => stage === "prior")).toBe(true);
});

test("without a tokenizer there is nothing to predict tokens of", async () => {
  expectOneLine(
    await train(...set("tokenizerSteps=0"), "--out", `${folder}/none`),
    /stage prior expected a trained tokenizer \(tokenizerSteps is 0\), got no weights to begin with/,
  );
});

describe("a run of all stages", () => {
  const run = () => `${folder}/run`;

  beforeAll(async () => {
    // As the runs below that are stopped: files say of what recipe they are.
    const { code, error } = await train(...set("checkpointEvery=1"), "--out", run());
    expect([code, error]).toEqual([0, expect.stringMatching(/stage 2 of 2, prior/)]);
  });

  test("predicts, and its exported file does alike", async () => {
    const photographs = `${folder}/data/images/val`;
    expect((await tessera("predict", run(), photographs, "--out", `${folder}/masks`)).code).toBe(0);
    expect((await tessera("export", run(), "--out", `${folder}/model.onnx`)).code).toBe(0);
    const exported = await tessera("predict", `${folder}/model.onnx`, photographs, "--out", `${folder}/again`);
    expect(exported.code).toBe(0);
    const isMask = (path: string) => /\d\.png$/.test(path);
    expect(await digests(`${folder}/again`, isMask)).toEqual(await digests(`${folder}/masks`, isMask));
  });

  test("is scored with votes, and with shares by distance", async () => {
    const votes = await tessera("eval", run(), `${folder}/data`, "--flip");
    expect([votes.code, votes.error]).toEqual([0, expect.any(String)]);
    const shares = await tessera("eval", run(), `${folder}/data`, "--set", "scoreTemperature=500");
    expect(shares.code).toBe(0);
  });

  test("shows tokens, maskige and labels", async () => {
    const out = `${folder}/inside`;
    const photograph = `${folder}/data/images/val/${(await readdir(`${folder}/data/images/val`))[0]}`;
    expect((await tessera("show", run(), photograph, "--out", out)).code).toBe(0);
    const names = await readdir(out);
    for (const part of ["maskige-tokens", "maskige", "maskige-labels"]) {
      expect(names.some((name) => name.endsWith(`.${part}.png`))).toBe(true);
    }
  });

  test.each([
    ["the tokenizer", 1],
    ["the prior", 3],
  ])("stopped in %s ends with the same bytes", async (_, step) => {
    const out = `${folder}/stopped-${step}`;
    const all = ["train", `${folder}/data`, "--recipe", "gss-tiny", ...set("checkpointEvery=1"), "--out", out];
    await stopped(all, { after: `checkpoints/step-0000000${step}` }, "SIGINT");
    expect((await tessera(...all, "--resume")).code).toBe(0);
    const isKept = (path: string) => /step-00000004\/.*safetensors$/.test(path);
    const ended = await digests(`${out}/checkpoints`, isKept);
    expect(Object.keys(ended).length).toBeGreaterThan(0);
    expect(ended).toEqual(await digests(`${run()}/checkpoints`, isKept));
  });
});

test.each<[name: string, stages: readonly string[], settings: readonly string[]]>([
  ["FT", ["tokenizer", "posterior", "prior"], ["inverseSource=posterior"]],
  ["FT", ["tokenizer", "prior", "inverse"], []],
  ["FT-W", ["tokenizer", "prior", "inverse"], []],
  ["TF", ["tokenizer", "posterior", "prior"], []],
  ["TT", ["tokenizer", "posterior", "prior"], []],
])("variant %s trains %s", async (variant, stages, settings) => {
  const out = `${folder}/${variant}-${stages[1]}`;
  const { code, error } = await train(...set(`variant=${variant}`, ...settings), "--out", out);
  expect([code, error]).toEqual([0, expect.not.stringContaining("bug")]);
  expect([...new Set((await metrics(`${variant}-${stages[1]}`)).map(({ stage }) => stage))]).toEqual(stages);
  expect(existsSync(`${out}/scores.json`)).toBe(true);
});

test.each([
  ["least squares over the data set", ["inverse=lstsq+bias"]],
  ["a VQ", ["tokenizer=vq"]],
  ["a VQ of classes", ["tokenizer=vq", "tokenizerChannels=classes"]],
  [
    "photographs beside masks, one head and random colours",
    ["variant=FF-R", "palette=random", "tokenizerSource=both", "pixelHead=single"],
  ],
  ["no aggregation, no pixels, tokens of eight", ["aggregates=false", "pixelHead=none", "tokenGrid=8"]],
  [
    "magnified photographs, tokens of two, every class alike",
    ["magnification=2", "tokenizerGroups=3", "tokenGrid=2", "cropHeight=32", "cropWidth=32", "classWeights=none"],
  ],
])("a run with %s ends whole", async (name, settings) => {
  const out = `${folder}/${name.replaceAll(/\W+/g, "-")}`;
  const { code, error } = await train(...set(...settings), "--out", out);
  expect([code, error]).toEqual([0, expect.not.stringContaining("bug")]);
  expect(existsSync(`${out}/scores.json`)).toBe(true);
});
