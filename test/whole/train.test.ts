/** Training as users run it: killed, interrupted, resumed; predicting and exporting what it learned. */
import { createHash } from "node:crypto";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectOneLine, held, stopped, temporaryFolder, tessera } from "../support/cli.ts";

const data = "scenes:size=64,train=12,val=3,test=3";
const settings = [
  "checkpointEvery=4",
  "keepCheckpoints=3",
  "evaluateEvery=12",
  "logEvery=3",
  "averageDecay=0.9",
  "dropout=0.1",
];
const steps = 24;

function trainArguments(out: string, ...more: readonly string[]): string[] {
  const sets = settings.flatMap((setting) => ["--set", setting]);
  return ["train", data, "--recipe", "transunet-tiny", "--steps", String(steps), ...sets, "--out", out, ...more];
}

/** SHA-256 of every file that must not depend on how often a run was stopped. */
async function outcome(run: string): Promise<Record<string, string>> {
  const last = `checkpoints/step-${String(steps).padStart(8, "0")}`;
  const tensors = ["weights", "averages", "optimizer"].map((name) => `${last}/${name}.safetensors`);
  const all = [...tensors, `${last}/state.json`, "metrics.jsonl", "recipe.json", "run.json", "scores.json"];
  const digests = await Promise.all(
    all.map(async (file) => {
      // The scores name the run that they are of.
      const bytes = (await readFile(`${run}/${file}`, "latin1")).replace(run, "");
      return [file, createHash("sha256").update(bytes, "latin1").digest("hex")] as const;
    }),
  );
  return Object.fromEntries(digests);
}

let folder: string;
let remove: () => Promise<void>;
let whole: string;
let expected: Record<string, string>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  whole = `${folder}/whole`;
  const { code, error } = await tessera(...trainArguments(whole));
  expect(error).not.toMatch(/tessera:/);
  expect(code).toBe(0);
  expected = await outcome(whole);
});

afterAll(() => remove());

test("a run folder holds recipe, record, metrics, events, checkpoints, scores and report, and nothing else", async () => {
  const names = (await readdir(whole)).map((name) => name.replace(/\d+\.tessera$/, "*"));
  expect(names.sort()).toEqual(
    [
      "checkpoints",
      "events.out.tfevents.*",
      "metrics.jsonl",
      "recipe.json",
      "report.html",
      "run.json",
      "scores.json",
    ].sort(),
  );
});

test("the report needs nothing from elsewhere", async () => {
  const page = await readFile(`${whole}/report.html`, "utf8");
  expect(page).not.toMatch(/(src|href)="(?!data:)/);
  expect(page).toContain("Confusion");
});

test("a run that is killed twice and resumed ends with the bytes of one that never stopped", async () => {
  const run = `${folder}/killed`;
  await stopped(trainArguments(run), { after: "checkpoints/step-00000008" }, "SIGKILL");
  // A checkpoint is all there, but not yet under its name.
  await stopped(trainArguments(run, "--resume"), { before: "checkpoints/step-00000016" }, "SIGKILL");
  expect((await readdir(`${run}/checkpoints`)).sort()).toEqual([
    ".step-00000016.part",
    ...["04", "08", "12"].map((step) => `step-000000${step}`),
  ]);
  expect((await tessera(...trainArguments(run, "--resume"))).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test.each([
  ["before it is a run", { after: "/recipe.json" }],
  ["with half a run.json", { before: "/run.json" }],
  ["before its first checkpoint", { before: "checkpoints/step-00000004" }],
])("a run killed %s starts anew with --resume", async (_, at) => {
  const run = `${folder}/early`;
  await rm(run, { recursive: true, force: true });
  await stopped(trainArguments(run), at, "SIGKILL");
  expect((await tessera(...trainArguments(run, "--resume"))).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test("Ctrl-C ends with a checkpoint and 130, and the run can be resumed to the same end", async () => {
  const run = `${folder}/interrupted`;
  const { code, error } = await stopped(trainArguments(run), { after: "checkpoints/step-00000004" }, "SIGINT");
  expect(code).toBe(130);
  expect(error.trim().split("\n").at(-1)).toMatch(
    /^tessera: interrupted\. Go on with: (?:tessera|node \S+) (train|study) .*$/,
  );
  expect((await tessera(...trainArguments(run, "--resume"))).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test("a damaged checkpoint is named, and the one before it is used", async () => {
  const run = `${folder}/damaged`;
  await cp(whole, run, { recursive: true });
  const path = `${run}/checkpoints/step-00000024/weights.safetensors`;
  const bytes = await readFile(path);
  bytes[bytes.length - 5] ^= 1;
  await writeFile(path, bytes);
  const { code, error } = await tessera(...trainArguments(run, "--resume"));
  expect(code).toBe(0);
  expect(error).toMatch(/step-00000024\/weights\.safetensors: .*damaged.*\n.*going on at step 20 of 24/s);
  expect(await outcome(run)).toEqual(expected);
});

describe("resuming with something else is refused, and the difference shown", () => {
  test.each<[string, string[], RegExp]>([
    [
      "another learning rate",
      trainArguments("RUN", "--resume", "--set", "learningRate=0.5"),
      /recipe learningRate: 0\.003 → 0\.5/,
    ],
    [
      "another recipe",
      ["train", data, "--recipe", "transunet-small", "--out", "RUN", "--resume"],
      /recipe name: "transunet-tiny" → "transunet-small"/,
    ],
    [
      "another data set",
      trainArguments("RUN", "--resume").with(1, "scenes:size=64,train=13"),
      /data set .*samples: 12 → 13/,
    ],
    ["no --resume", trainArguments("RUN"), /got a run\. Add --resume/],
  ])("%s", async (_, typed, message) => {
    const before = await readdir(whole, { recursive: true });
    const { code, error } = await tessera(...typed.map((word) => (word === "RUN" ? whole : word)));
    expect(code).toBe(1);
    expect(error).toMatch(message);
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(await readdir(whole, { recursive: true })).toEqual(before);
  });
});

test("a loss that is not finite stops the run, names the files, and keeps the last checkpoint", async () => {
  const run = `${folder}/explodes`;
  const wild = [
    "--set",
    "optimizer=sgd",
    "--set",
    "learningRate=1e30",
    "--set",
    "clipNorm=0",
    "--set",
    "checkpointEvery=1",
    "--set",
    "evaluateEvery=0",
  ];
  const { code, error } = await tessera(...trainArguments(run, ...wild));
  expect(code).toBe(1);
  expect(error).toMatch(/expected a finite loss, got .* at step \d+, in the batch of scenes train #\d+/);
  expect((await readdir(`${run}/checkpoints`)).length).toBeGreaterThan(0);
});

test("predict on the run and on its export give the same masks", async () => {
  const photos = `${folder}/photos`;
  await tessera("scenes", "size=96x64,train=1,val=1,test=1", "--out", photos);
  const model = `${folder}/model.onnx`;
  expect((await tessera("export", whole, "--out", model)).code).toBe(0);
  const images = `${photos}/images/test`;
  for (const [source, out] of [
    [whole, "a"],
    [model, "b"],
  ]) {
    const { code, error } = await tessera("predict", source, images, "--out", `${folder}/${out}`);
    expect({ code, error: error.replaceAll(/segmenting.*\n/g, "") }).toEqual({ code: 0, error: "" });
  }
  const names = await readdir(`${folder}/a`);
  expect(names.sort()).toEqual(["test_000000.json", "test_000000.overlay.png", "test_000000.png"]);
  const mask = (out: string) => readFile(`${folder}/${out}/test_000000.png`);
  expect(await mask("a")).toEqual(await mask("b"));
});

test("one bad photograph gets one line and exit 1; the others are written", async () => {
  const photos = `${folder}/some`;
  await tessera("scenes", "size=64,train=1,val=1,test=2", "--out", photos);
  await writeFile(`${photos}/images/test/broken.jpg`, "not a picture");
  const { code, error } = await tessera("predict", whole, `${photos}/images/test`, "--out", `${folder}/partly`);
  expect(code).toBe(1);
  expect(
    error
      .trim()
      .split("\n")
      .filter((line) => line.startsWith("tessera:")),
  ).toEqual([expect.stringContaining("broken.jpg")]);
  expect(await readdir(`${folder}/partly`)).toHaveLength(6);
});

test("eval --json prints one document with the scores that the run's report has", async () => {
  const { code, out } = await tessera("eval", whole, data, "--json");
  expect(code).toBe(0);
  const printed = JSON.parse(out) as { meanIou: number };
  const kept = JSON.parse(await readFile(`${whole}/scores.json`, "utf8")) as { meanIou: number };
  expect(printed.meanIou).toBe(kept.meanIou);
});

test("the whole tour ends with masks and a report", async () => {
  const run = `${folder}/tour`;
  const { code, out, error } = await tessera(
    "start",
    data,
    "--steps",
    "3",
    "--out",
    run,
    "--set",
    "cropHeight=64",
    "--set",
    "cropWidth=64",
  );
  expect(error).not.toMatch(/tessera:/);
  expect(code).toBe(0);
  expect(out).toContain("report:");
  expect(await readdir(`${run}/predictions`)).toHaveLength(9);
  // A warm-up as long as usual would be all there is.
  expect(JSON.parse(await readFile(`${run}/recipe.json`, "utf8"))).toMatchObject({ steps: 3, warmupSteps: 0 });
  await rm(run, { recursive: true });
});

test("a tour of some minutes times its steps first, says how many fit, and does as many", async () => {
  const run = `${folder}/timed`;
  const crop = ["cropHeight=64", "cropWidth=64"].flatMap((setting) => ["--set", setting]);
  const { code, out, error } = await tessera("start", data, "--minutes", "0.05", "--out", run, ...crop);
  expect(code).toBe(0);
  const said =
    /^a step takes [\d.e-]+ s here: (?:(\d+) steps? in 0\.05 minutes|with compiling and scoring none fits in 0\.05 minutes, so one is done)$/m;
  expect(error).toMatch(said);
  const steps = Number(error.match(said)?.[1] ?? 1);
  expect(out).toContain(`trained ${steps} ${steps === 1 ? "step" : "steps"} in`);
  expect(JSON.parse(await readFile(`${run}/recipe.json`, "utf8"))).toMatchObject({ steps });
  await rm(run, { recursive: true });
});

test("two Ctrl-C end at once, with the line to go on, and the run can be resumed to the same end", async () => {
  const run = `${folder}/twice`;
  const first = await held(trainArguments(run), { after: "checkpoints/step-00000004" });
  first.goOn(); // it computes
  first.process.kill("SIGINT");
  first.process.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.process.kill("SIGINT");
  const { error } = await first.ended;
  // By the signal, which a shell tells as 130, or tidily where it was quick enough.
  expect([first.process.signalCode, first.process.exitCode]).toContainEqual(
    expect.toSatisfy((end) => end === "SIGINT" || end === 130),
  );
  expect(error).toMatch(/ending as soon as .*Ctrl-C again ends at once/);
  expect(error).toMatch(/tessera: interrupted\. Go on with: (?:tessera|node \S+) train .* --resume/);
  expect(error).not.toMatch(/terminate called|bug in tessera/);
  expect((await tessera(...trainArguments(run, "--resume"))).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test("a request to terminate ends with a checkpoint, too", async () => {
  const run = `${folder}/terminated`;
  const first = await held(trainArguments(run), { after: "checkpoints/step-00000004" });
  first.goOn();
  first.process.kill("SIGTERM");
  const { code, error } = await first.ended;
  expect([code, first.process.signalCode]).toContainEqual(expect.toSatisfy((end) => end === 130 || end === "SIGTERM"));
  expect(error).toMatch(/tessera: interrupted\. Go on with: (?:tessera|node \S+) train .* --resume/);
  expect((await tessera(...trainArguments(run, "--resume"))).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test("a second training in the same folder is refused while the first one works there", async () => {
  const run = `${folder}/shared`;
  const first = await held(trainArguments(run), { after: "checkpoints/step-00000004" });
  expectOneLine(
    await tessera(...trainArguments(run, "--resume")),
    /nobody else trains in, got one in which process \d+/,
  );
  first.goOn();
  expect((await first.ended).code).toBe(0);
  expect(await outcome(run)).toEqual(expected);
});

test("batches side by side end with the bytes of one after the other, also resumed so", async () => {
  const batches = ["--set", "batchSize=2", "--set", "accumulate=2"];
  const [alone, beside] = ["alone", "beside"].map((name) => `${folder}/${name}`);
  expect((await tessera(...trainArguments(alone, ...batches, "--threads", "1"))).code).toBe(0);
  const two = trainArguments(beside, ...batches, "--threads", "2");
  await stopped([...two, "--replicas", "2"], { after: "checkpoints/step-00000008" }, "SIGINT");
  expect((await tessera(...two, "--resume")).code).toBe(0);
  expect(await outcome(beside)).toEqual(await outcome(alone));
  expectOneLine(
    await tessera(...trainArguments(`${folder}/none`, "--set", "batchSize=4", "--replicas", "2")),
    /expected steps of 2 batches or more for 2 replicas, got accumulate=1\. Add --set accumulate=2 --set batchSize=2, or leave --replicas out\./,
  );
});
