/** DDeP as users run it: stages killed and resumed, few labels, one run begun from another, images alone. */
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { digests, expectOneLine, stopped, temporaryFolder, tessera } from "../support/cli.ts";

const data = "scenes:size=64,train=12,val=3,test=1,unlabelled=4";
/** Steps of the encoder stage, of denoising and of fine-tuning. */
const [encoderSteps, denoiseSteps, steps] = [4, 12, 8];
const settings = [
  ...["start=ddep", `encoderSteps=${encoderSteps}`, `denoiseSteps=${denoiseSteps}`, `steps=${steps}`],
  ...["dropout=0.1", "averageDecay=0.9", "denoiseAverageDecay=0.5", "checkpointEvery=2", "keepCheckpoints=100"],
  ...["evaluateEvery=5", "logEvery=3"],
];
const half = ["--label-fraction", "1/2", "--label-seed", "3"];

const sets = (...values: readonly string[]) => values.flatMap((value) => ["--set", value]);

function trainArguments(out: string, ...more: readonly string[]): string[] {
  return ["train", data, "--recipe", "ddep-tiny", ...sets(...settings), "--out", out, ...more];
}

/** Quick runs, of which only the end is looked at. */
const brief = sets("encoderSteps=2", "denoiseSteps=2", "steps=2", "batchSize=2", "encoderBatchSize=2");

const checkpointName = (step: number) => `checkpoints/step-${String(step).padStart(8, "0")}`;
const last = checkpointName(encoderSteps + denoiseSteps + steps);

/** Every file that must not depend on how often a run was stopped: of the checkpoints the last one. */
function outcome(run: string): Promise<Record<string, string>> {
  const varies = /^(events\..*|report\.html|checkpoints.*)$/;
  return digests(run, (path) => path.startsWith(`${last}/`) || !varies.test(path));
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}

/** Stage of the newest checkpoint, 0, 1 or 2. */
async function stageOf(run: string): Promise<number> {
  const newest = (await readdir(`${run}/checkpoints`)).filter((name) => name.startsWith("step-")).sort();
  return (await json<{ progress: { stage: number } }>(`${run}/checkpoints/${newest.at(-1)}/state.json`)).progress.stage;
}

function stoppedAt(run: string, step: number, signal: "SIGINT" | "SIGKILL", ...more: readonly string[]) {
  return stopped(trainArguments(run, ...half, ...more), { after: checkpointName(step) }, signal);
}

interface RunFile {
  readonly dataset: { readonly samples: number };
  readonly unlabelled: { readonly samples: number } | null;
  readonly labels: { readonly of: number; readonly seed: number } | null;
  readonly from: { readonly source: string; readonly stage: string } | null;
  readonly classes: readonly unknown[];
}

let folder: string;
let remove: () => Promise<void>;
let whole: string;
let expected: { [path: string]: string };

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  whole = `${folder}/whole`;
  const { code, error } = await tessera(...trainArguments(whole, ...half));
  expect(error).not.toMatch(/tessera:/);
  expect(code).toBe(0);
  expected = await outcome(whole);
  await tessera("scenes", "size=64,train=4,val=1,test=1", "--out", `${folder}/data`);
});

afterAll(() => remove());

describe("a run of three stages ends with the same bytes as one that never stopped", () => {
  test("where it is killed while it denoises and again in fine-tuning", async () => {
    const run = `${folder}/killed`;
    await stoppedAt(run, encoderSteps + 2, "SIGKILL");
    expect(await stageOf(run)).toBe(1);
    await stoppedAt(run, encoderSteps + denoiseSteps + 2, "SIGKILL", "--resume");
    expect(await stageOf(run)).toBe(2);
    expect((await tessera(...trainArguments(run, ...half, "--resume"))).code).toBe(0);
    expect(await outcome(run)).toEqual(expected);
  });

  test("where Ctrl-C ends it while it denoises", async () => {
    const run = `${folder}/interrupted`;
    const { code, error } = await stoppedAt(run, encoderSteps + 2, "SIGINT");
    expect(code).toBe(130);
    expect(error.trim().split("\n").at(-1)).toMatch(
      /^tessera: interrupted\. Go on with: (?:tessera|node \S+) (train|study) .*$/,
    );
    expect(await stageOf(run)).toBe(1);
    // Recipe and labels are known; they need not be typed again.
    expect((await tessera("train", data, ...half, "--out", run, "--resume")).code).toBe(0);
    expect(await outcome(run)).toEqual(expected);
  });

  test.each([
    ["encoder", encoderSteps],
    ["denoising", encoderSteps + denoiseSteps],
  ])("where it is killed exactly at the end of the %s stage", async (name, step) => {
    const run = `${folder}/end-of-${name}`;
    await cp(whole, run, { recursive: true });
    for (const each of await readdir(`${run}/checkpoints`))
      if (each > checkpointName(step).split("/")[1]) await rm(`${run}/checkpoints/${each}`, { recursive: true });
    // What a killed run may leave half-written, and pictures that it had not drawn.
    await mkdir(`${run}/checkpoints/.${checkpointName(step + 2).split("/")[1]}.part`);
    await writeFile(`${run}/metrics.jsonl`, `${await readFile(`${run}/metrics.jsonl`, "utf8")}{"step":`);
    for (const each of ["scores.json", "report.html"]) await rm(`${run}/${each}`);
    if (step === encoderSteps) await rm(`${run}/pictures`, { recursive: true });
    const { code, error } = await tessera(...trainArguments(run, ...half, "--resume"));
    expect(error).toContain(`going on at step ${step} of ${encoderSteps + denoiseSteps + steps}`);
    expect(code).toBe(0);
    expect(await outcome(run)).toEqual(expected);
  });
});

test("what must be the same is everything: weights, optimizer, state, records, scores, pictures", () => {
  const names = Object.keys(expected);
  const tensors = ["averages", "optimizer", "weights"].map((name) => `${last}/${name}.safetensors`);
  expect(names).toEqual(
    expect.arrayContaining([
      ...[...tensors, `${last}/state.json`, "labelled.txt", "metrics.jsonl", "recipe.json", "run.json", "scores.json"],
      ...["clean", "noisy", "denoised-00000009", "denoised-00000014", "denoised-00000016"].map(
        (name) => `pictures/denoise/val_000000/${name}.png`,
      ),
    ]),
  );
});

describe("few labels", () => {
  const labelled = async (run: string) => (await readFile(`${run}/labelled.txt`, "utf8")).trim().split("\n");

  test("the run says how many of how many, and which; denoising has all images", async () => {
    const record = await json<RunFile>(`${whole}/run.json`);
    expect(record.labels).toEqual({ of: 12, seed: 3 });
    expect([record.dataset.samples, record.unlabelled?.samples]).toEqual([6, 6 + 4]);
    const ids = await labelled(whole);
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) expect(id).toMatch(/^train_0000(0\d|1[01])$/);
    const lines = (await readFile(`${whole}/metrics.jsonl`, "utf8")).trim().split("\n");
    const losses = lines.map((line) => JSON.parse(line) as { stage: string; loss?: number });
    for (const stage of ["encoder", "denoise", "finetune"]) {
      const own = losses.filter((line) => line.stage === stage).flatMap(({ loss }) => loss ?? []);
      expect(own.at(-1), stage).toBeLessThan(own[0]);
    }
  });

  test("a smaller share lies inside a larger one of the same seed; images that nothing learns from are not counted", async () => {
    const run = `${folder}/quarter`;
    const typed = ["train", data, "--recipe", "ddep-tiny", ...sets("start=none", "steps=1", "batchSize=1")];
    expect((await tessera(...typed, "--label-fraction", "25%", "--label-seed", "3", "--out", run)).code).toBe(0);
    expect(await json<RunFile>(`${run}/run.json`)).toMatchObject({ labels: { of: 12, seed: 3 }, unlabelled: null });
    const ids = await labelled(run);
    expect(ids).toHaveLength(3);
    expect(await labelled(whole)).toEqual(expect.arrayContaining(ids));
  });

  test.each([
    ["a smaller share", ["--label-fraction", "1/4", "--label-seed", "3"], /data set samples: 6 → 3;/],
    ["another seed", ["--label-fraction", "1/2"], /labels: \{"of":12,"seed":3\} → \{"of":12,"seed":0\}/],
    ["all labels", ["--label-fraction", "1"], /labels: \{"of":12,"seed":3\} → /],
  ])("going on with %s is refused, and the difference shown", async (_, share, message) => {
    const before = await digests(whole, () => true);
    expectOneLine(await tessera(...trainArguments(whole, "--resume", ...share)), message);
    expect(await digests(whole, () => true)).toEqual(before);
  });

  test("an image that only denoising sees is read; masks whose labels are not used are not", async () => {
    const set = `${folder}/broken`;
    const [masks, more] = [`${set}/masks/train`, `${set}/images/unlabelled`];
    await cp(`${folder}/data`, set, { recursive: true });
    await mkdir(more);
    await writeFile(`${more}/broken.jpg`, "no picture");
    const run = `${folder}/one`;
    const typed = ["train", set, "--recipe", "ddep-tiny", ...sets("start=dep"), ...brief, "--label-count", "1"];
    const ended = await tessera(...typed, "--out", run);
    expectOneLine(ended, /images\/unlabelled\/broken\.jpg: expected an intact photograph/);
    await rm(`${more}/broken.jpg`);
    const [kept] = await labelled(run);
    for (const name of await readdir(masks)) if (name !== `${kept}.png`) await writeFile(`${masks}/${name}`, "no mask");
    // Nothing was trained yet, so the folder is free for another try.
    expect((await tessera(...typed, "--out", run)).code).toBe(0);
    expect(await labelled(run)).toEqual([kept]);
  });
});

describe("one run begun from another", () => {
  let encoder: string;
  let denoised: string;
  const typed = () => ["train", `${folder}/data`, "--recipe", "ddep-tiny", ...brief];
  const same = sets("denoiseCropHeight=64", "denoiseCropWidth=64");

  beforeAll(async () => {
    encoder = `${folder}/encoder`;
    denoised = `${folder}/denoised`;
    const first = await tessera(...typed(), ...sets("start=supervised", "steps=0"), "--out", encoder);
    expect(first.code).toBe(0);
    const second = await tessera(...typed(), ...sets("steps=0"), ...same, "--from", encoder, "--out", denoised);
    expect(second.error).toMatch(/has stage encoder behind it: encoderSteps: 2 → 0/);
    expect(second.code).toBe(0);
  });

  const weights = async (run: string) =>
    readSafetensors(await readFile(`${run}/${checkpointName(2)}/weights.safetensors`)).tensors;

  test("denoising leaves the encoder that it was given as it was", async () => {
    const [before, after] = [await weights(encoder), await weights(denoised)];
    const names = Object.keys(before).filter((name) => name.startsWith("encoder."));
    expect(names.length).toBeGreaterThan(50);
    for (const name of names) expect(after[name], name).toEqual(before[name]);
    expect(Object.keys(after).some((name) => name.startsWith("decoder."))).toBe(true);
  });

  test("its report has pictures and PSNR, and needs nothing from elsewhere", async () => {
    const page = await readFile(`${denoised}/report.html`, "utf8");
    expect(page).toMatch(/PSNR.* dB/s);
    for (const name of ["clean", "noisy", "denoised"]) expect(page).toContain(`alt="${name} val_000000"`);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page).not.toMatch(/url\((?!#|"?data:)/);
  });

  test.each(["predict", "eval", "export"])("%s refuses it and says how to go on, which works", async (command) => {
    const others = { predict: [`${folder}/data/images/val`], eval: [`${folder}/data`], export: [] }[command] ?? [];
    const out = `${folder}/never-${command}`;
    const ended = await tessera(command, denoised, ...others, "--out", out);
    expectOneLine(ended, /expected a model that predicts, got one whose last stage so far is denoise\. Train on with:/);
    expect(existsSync(out)).toBe(false);
    if (command !== "predict") return;
    const [, hint] = /Train on with: (?:tessera|node \S+) (.*)$/m.exec(ended.error) ?? [];
    const fine = `${folder}/fine`;
    const words = { DATASET: `${folder}/data`, NEW: fine, N: "2" } as { [word: string]: string };
    const again = hint.split(" ").map((word) => words[word] ?? word);
    expect((await tessera(...again)).code).toBe(0);
    expect((await json<RunFile>(`${fine}/run.json`)).from).toEqual([{ source: denoised, stage: "denoise" }]);
  });

  test("a run that is not far enough is told to train on", async () => {
    const run = `${folder}/early`;
    await stoppedAt(run, encoderSteps, "SIGKILL");
    const ended = await tessera("predict", run, `${folder}/data/images/val`, "--out", `${folder}/never`);
    expectOneLine(
      ended,
      /last stage so far is (encoder|denoise)\. Train on with: node \S+ train DATASET --out .* --resume/,
    );
    expect(existsSync(`${folder}/never`)).toBe(false);
  });

  test.each<[number, string, string[], RegExp]>([
    [
      2,
      "random weights, which would not use it",
      ["start=none"],
      /expected for start none weights of finetune of none, got those of/,
    ],
    [1, "other heads", ["heads=4"], /expected an encoder trained with heads 4, as the recipe has it, got 2/],
    [1, "more layers", ["layers=2"], /expected all weights of encoder, got none called .*layer2/],
    [1, "wider tokens", ["tokenWidth=64"], /of shape \[64, 128, 1, 1\], got \[32, 128, 1, 1\]/],
    [1, "a wider stem", ["stemWidth=16"], /of shape \[16, 3, 7, 7\], got \[8, 3, 7, 7\]/],
    [1, "patches alone", ["stageUnits=", "skips=0"], /encoder\.patches\.weight of shape \[32, 3, 16, 16\]/],
  ])("%i: it is refused for %s, and nothing is written", async (code, _, changes, message) => {
    const out = `${folder}/refused`;
    expectOneLine(await tessera(...typed(), ...sets(...changes), "--from", encoder, "--out", out), message, code);
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ["a wider decoder", ["widthMultiplier=2"], /decoder\.entry\.conv\.weight of shape \[64, /],
    [
      "fewer skips",
      ["skips=1"],
      /decoder\.block2\.unit1\.conv\.weight of shape \[24, 32, 3, 3\], got \[24, 64, 3, 3\]/,
    ],
  ])("a denoised network is refused for %s", async (_, changes, message) => {
    const out = `${folder}/refused`;
    expectOneLine(await tessera(...typed(), ...sets(...changes), "--from", denoised, "--out", out), message);
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ["ddep", /stage denoise expected a pretrained encoder \(encoderSteps is 0\), got no weights to begin with/],
    ["supervised", /stage finetune expected a pretrained encoder/],
  ])("%s without an encoder is refused before anything is written", async (name, message) => {
    const out = `${folder}/refused`;
    const changes = sets(`start=${name}`, "encoderSteps=0");
    expectOneLine(await tessera(...typed(), ...changes, "--out", out), message);
    expect(existsSync(out)).toBe(false);
  });

  test("going on with weights other than those it began with is refused", async () => {
    const other = `${folder}/other-encoder`;
    await cp(encoder, other, { recursive: true });
    const again = [...typed(), ...sets("steps=0"), ...same, "--out", denoised, "--resume"];
    const message = /from: \["encoder after encoder"\] → \["other-encoder after encoder"\]/;
    expectOneLine(await tessera(...again, "--from", other), message);
    expect((await tessera(...again, "--from", `${encoder}/`)).code).toBe(0);
  });
});

describe("unlabelled photographs in a plain folder", () => {
  const image = (index: number) => `${folder}/data/images/train/train_00000${index}.jpg`;
  const typed = (set: string, out: string) =>
    ["train", set, "--recipe", "ddep-tiny", ...brief, ...sets("start=dep"), "--out", out] as const;

  async function photographs(name: string, split: string, ...indices: number[]): Promise<string> {
    const set = `${folder}/${name}`;
    await mkdir(`${set}/images/${split}`, { recursive: true });
    for (const index of indices) await copyFile(image(index), `${set}/images/${split}/${index}.jpg`);
    return set;
  }

  test("alone, without a list of classes, are enough to denoise", async () => {
    const set = await photographs("alone", "unlabelled", 0, 1, 2);
    const out = `${folder}/from-alone`;
    const { code, out: said } = await tessera(...typed(set, out), ...sets("steps=0"));
    expect(code).toBe(0);
    expect(said).toMatch(
      /not a whole model yet; fine-tune it with: node \S+ train DATASET --from .* --out NEW --steps N/,
    );
    expect((await json<RunFile>(`${out}/run.json`)).classes).toEqual([]);
    expect(await readdir(`${out}/pictures/denoise`)).toEqual(["0", "1", "2"]);
    const fine = await tessera("train", `${folder}/data`, "--from", out, "--steps", "1", "--out", `${out}-fine`);
    expect(fine.code).toBe(0);
  });

  test.each<[string, string[], RegExp]>([
    ["to fine-tune", [], /alone2\/masks\/train: expected a folder of masks, got no such folder\. Add a mask for each/],
    ["to keep a share of the labels", ["--set", "steps=0", "--label-count", "1"], /expected labels to use a part of/],
  ])("alone are not enough %s", async (_, more, message) => {
    const set = await photographs("alone2", "train", 0, 1);
    expectOneLine(await tessera(...typed(set, `${folder}/refused`), ...more), message);
    expect(existsSync(`${folder}/refused`)).toBe(false);
  });

  test("beside a few masks are denoised as well", async () => {
    const set = await photographs("few", "train", 0, 1, 2);
    await photographs("few", "unlabelled", 3);
    await copyFile(`${folder}/data/classes.json`, `${set}/classes.json`);
    await mkdir(`${set}/masks/train`, { recursive: true });
    await copyFile(`${folder}/data/masks/train/train_000000.png`, `${set}/masks/train/0.png`);
    const out = `${folder}/from-few`;
    expect((await tessera(...typed(set, out))).code).toBe(0);
    const record = await json<RunFile>(`${out}/run.json`);
    expect([record.dataset.samples, record.unlabelled?.samples, record.labels]).toEqual([1, 3, null]);
  });
});

describe("the fine-tuned network", () => {
  test("is scored by eval as by its own report", async () => {
    const { code, out } = await tessera("eval", whole, data, "--json");
    expect(code).toBe(0);
    const { meanIou } = JSON.parse(out) as { meanIou: number };
    expect(meanIou).toBe((await json<{ meanIou: number }>(`${whole}/scores.json`)).meanIou);
  });

  test("gives the same masks as its export", async () => {
    const model = `${folder}/model.onnx`;
    expect((await tessera("export", whole, "--out", model)).code).toBe(0);
    const images = `${folder}/data/images`;
    for (const [source, out] of [
      [whole, "a"],
      [model, "b"],
    ]) {
      const typed = ["predict", source, `${images}/val`, `${images}/test`, "--out", `${folder}/${out}`];
      expect((await tessera(...typed)).code).toBe(0);
    }
    const masks = (out: string) => digests(`${folder}/${out}`, (path) => /\d\.png$/.test(path));
    expect(Object.keys(await masks("a"))).toHaveLength(2);
    expect(await masks("a")).toEqual(await masks("b"));
  });
});
