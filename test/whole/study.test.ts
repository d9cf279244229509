/** A tiny study as users run it: stopped, gone on with, refused where it would become another one. */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digests, expectOneLine, stopped, temporaryFolder, tessera } from "../support/cli.ts";

/** The network of ddep-tiny, two steps of each stage. */
const tiny = [
  ...["steps=2", "encoderSteps=2", "denoiseSteps=2", "batchSize=2", "encoderBatchSize=2", "denoiseBatchSize=2"],
  ...["stemWidth=8", "normGroups=4", "stageUnits=1,1,1", "tokenWidth=32", "layers=1", "heads=2", "mlpWidth=64"],
  ...["headChannels=32", "decoderChannels=32,24,16,16", "cropHeight=64", "cropWidth=64"],
  ...["encoderCropHeight=64", "encoderCropWidth=64", "denoiseCropHeight=32", "denoiseCropWidth=32"],
];
const choice = ["--fractions", "1/2", "--seeds", "1", "--parts", "starts", "--short-side", "60"];

let folder: string;
let remove: () => Promise<void>;
let whole: string;

function studyArguments(out: string, dataset = `${folder}/data`): string[] {
  return ["study", "ddep", dataset, "--out", out, ...choice, ...tiny.flatMap((setting) => ["--set", setting])];
}

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  whole = `${folder}/whole`;
  await tessera("scenes", "size=64,train=4,val=1,test=1", "--out", `${folder}/data`);
  await cp(`${folder}/data`, `${folder}/no-val`, { recursive: true });
  await rm(`${folder}/no-val/images/val`, { recursive: true });
  const { code, out, error } = await tessera(...studyArguments(whole));
  expect(error).not.toMatch(/tessera:/);
  expect(code).toBe(0);
  expect(out).toMatch(/^ddep +\d/m);
});

afterAll(() => remove());

test("every run has a folder; the page needs nothing from elsewhere", async () => {
  const arms = ["none", "supervised", "dep", "ddep"].map((arm) => `${arm}-1of2-seed0`);
  const runs = await readdir(`${whole}/runs`);
  expect(runs.sort()).toEqual(["encoder", "denoise-dep-seed0", "denoise-ddep-seed0", ...arms].sort());
  const names = ["index.html", "plot.svg", "results.json", "runs", "study.json", "table.md"];
  expect((await readdir(whole)).sort()).toEqual(names);
  const page = await readFile(`${whole}/index.html`, "utf8");
  expect(page).not.toMatch(/(src|href)="(?!data:)/);
  expect(page).toContain('alt="ddep val_000000"');
});

test("the runs on the study's data set see its images as large as was asked, the encoder its own as they are", async () => {
  const sideOf = async (run: string) => {
    const { shortSide } = JSON.parse(await readFile(`${whole}/runs/${run}/run.json`, "utf8"));
    return shortSide as number;
  };
  expect(await Promise.all(["denoise-dep-seed0", "none-1of2-seed0"].map(sideOf))).toEqual([60, 60]);
  expect(await sideOf("encoder")).toBeGreaterThan(60);
});

test("a study that Ctrl-C stopped goes on to the results of one that never stopped", async () => {
  const study = `${folder}/stopped`;
  // The encoder is the same and takes longest: it is there already, as after an earlier Ctrl-C.
  await mkdir(`${study}/runs`, { recursive: true });
  await cp(`${whole}/study.json`, `${study}/study.json`);
  await cp(`${whole}/runs/encoder`, `${study}/runs/encoder`, { recursive: true });
  const place = { after: "runs/none-1of2-seed0/run.json" };
  const { code, error } = await stopped(studyArguments(study), place, "SIGINT");
  expect(error).toMatch(/run 1 of 7: pretraining encoder, seed 0: done/);
  expect(code).toBe(130);
  expect(error.trim().split("\n").at(-1)).toMatch(
    /^tessera: interrupted\. Go on with: (?:tessera|node \S+) (train|study) .*$/,
  );
  expect(error).toContain(`what there is so far: ${study}/index.html; the same command goes on`);
  expect(existsSync(`${study}/index.html`)).toBe(true);
  const again = await tessera(...studyArguments(study));
  expect(again.code).toBe(0);
  expect(again.error).toMatch(/run 3 of 7: pretraining denoise-dep, seed 0: done/);
  const last = "checkpoints/step-00000002";
  const same = new RegExp(`^(results.json|plot.svg|runs/[^/]+/(${last}/.*|metrics.jsonl|run.json|recipe.json))$`);
  const found = await digests(study, (path) => same.test(path));
  expect(Object.keys(found).length).toBeGreaterThan(2 + 7 * 6);
  expect(found).toEqual(await digests(whole, (path) => same.test(path)));
});

test("a study that is done is only drawn anew; a run without scores is scored again", async () => {
  const run = `${whole}/runs/none-1of2-seed0`;
  const before = await digests(`${whole}/runs`, (path) => !/report\.html$|events\./.test(path));
  await rm(`${run}/scores.json`);
  const { code, error } = await tessera(...studyArguments(whole));
  expect(code).toBe(0);
  expect(error.match(/: done$/gm)).toHaveLength(6);
  expect(await digests(`${whole}/runs`, (path) => !/report\.html$|events\./.test(path))).toEqual(before);
});

test("--list shows parts and runs, and runs nothing", async () => {
  const { code, out } = await tessera("study", "ddep", "--list", ...choice, "--out", `${folder}/listed`);
  expect(code).toBe(0);
  expect(out).toMatch(/^\* starts .*\n {2}target /m);
  expect(out).toMatch(
    /7 runs of ddep-small with noiseTarget=noise steps=700 .*:\n {2}pretraining encoder, seed 0\n.*\n {2}ddep, 1\/2 of the labels, seed 0\n$/s,
  );
  expect(existsSync(`${folder}/listed`)).toBe(false);
});

describe("refused, before anything is written or changed, is", () => {
  test.each<[number, string, string[], RegExp]>([
    [1, "another data set in the same folder", ["SCENES", "--out", "WHOLE"], /got dataset: ".*data" → "scenes:/],
    [
      1,
      "other settings in the same folder",
      ["DATA", "--out", "WHOLE", "--set", "steps=3"],
      /settings: .* → \[.*steps=3/,
    ],
    [1, "a folder with other files", ["DATA", "--out", "DATA"], /data: expected an empty folder or a study, got other/],
    [
      1,
      "a share of the labels that is none",
      ["DATA", "--fractions", "1/100"],
      /expected 1 to 4 labelled images .* got 0/,
    ],
    [1, "a data set without anything to score on", ["NOVAL"], /expected a labelled split val to score on, got none/],
    [1, "a device that is not there", ["DATA", "--device", "coreml"], /device coreml/],
    [2, "a part that there is not", ["DATA", "--parts", "start"], /Did you mean starts\?/],
    [2, "a share that is none", ["DATA", "--fractions", "1/8,0"], /above 0 and up to 1, got "0"/],
    [
      2,
      "two shares of one name",
      ["DATA", "--fractions", "0.3331,0.3334"],
      /differ in three digits, got 33\.3 % twice/,
    ],
    [2, "no seed", ["DATA", "--seeds", "0"], /--seeds must be an integer from 1 up to 100, got "0"/],
    [2, "a key that there is not", ["DATA", "--set", "step=2"], /unknown key "step"\. Did you mean steps\?/],
    [2, "no fine-tuning", ["DATA", "--set", "steps=0"], /steps must be at least 1 where no other stage has any/],
    [
      2,
      "no denoising",
      ["DATA", "--set", "denoiseSteps=0"],
      /expected steps to train for pretraining denoise-ddep, seed 0/,
    ],
    [
      2,
      "a value that one part cannot have",
      ["DATA", "--set", "noiseMeasure=gamma", "--parts", "form"],
      /noiseMeasure must/,
    ],
  ])("%i: %s", async (code, _, typed, message) => {
    const places: { [word: string]: string } = { DATA: `${folder}/data`, NOVAL: `${folder}/no-val`, WHOLE: whole };
    const words = typed.map((word) => places[word] ?? word.replace(/^SCENES/, "scenes:size=64,train=4"));
    // Options that the case itself has may not be given twice.
    const usual = { "--fractions": "1/2", "--seeds": "1", "--parts": "starts", "--out": `${folder}/refused` };
    const others = Object.entries(usual)
      .filter(([option]) => !words.includes(option))
      .flat();
    const before = await digests(folder, () => true);
    expectOneLine(await tessera("study", "ddep", ...words, ...others), message, code);
    expect(await digests(folder, () => true)).toEqual(before);
  });
});
