/** What a machine and its users can do to the commands besides naming wrong files: pipes, devices, permissions. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectOneLine, start, temporaryFolder, tessera } from "../support/cli.ts";

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

test("masks in which no pixel counts give no score, in eval and while training", async () => {
  const data = `${folder}/ignored`;
  await cp(`${folder}/data`, data, { recursive: true });
  for (const name of await readdir(`${data}/masks/val`)) {
    const ignored = await sharp(Buffer.alloc(64 * 64, 255), { raw: { width: 64, height: 64, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    await writeFile(`${data}/masks/val/${name}`, ignored);
  }
  const scores = `${folder}/ignored.json`;
  const ended = await tessera("eval", `${folder}/run`, data, "--out", scores, "--json");
  expectOneLine(ended, /expected something to score in the labels of split val, got 1 mask in which no pixel counts\./);
  expect(ended.out).toBe("");
  expect(await readdir(folder)).not.toContain("ignored.json");

  const settings = ["--recipe", "transunet-tiny", "--steps", "2", "--set", "batchSize=1", "--set", "evaluateEvery=1"];
  const trained = await tessera("train", data, ...settings, "--out", `${folder}/ignored-run`);
  expect(trained.code).toBe(0);
  expect(trained.error).toMatch(/nothing counts in the masks of split val, so step 1 has no score/);
  expect(trained.out).toContain("not scored: split val has 1 mask in which no pixel counts");
  const run = `${folder}/ignored-run`;
  const lines = (await readFile(`${run}/metrics.jsonl`, "utf8"))
    .split("\n")
    .filter((line) => line.includes("measures"));
  const values = lines.map((line) => (JSON.parse(line) as { measures: { value: number | null }[] }).measures);
  expect(values.map((measures) => measures.map(({ value }) => value))).toEqual(new Array(2).fill([null, null, null]));
  const written = JSON.parse(await readFile(`${run}/scores.json`, "utf8")) as Record<string, unknown>;
  expect(written).toMatchObject({ pixels: 0, meanIou: null, pixelAccuracy: null, meanBoundaryIou: null });
  const state = `${run}/checkpoints/step-00000002/state.json`;
  expect(JSON.parse(await readFile(state, "utf8"))).toMatchObject({ progress: { score: null } });
  const page = await readFile(`${run}/report.html`, "utf8");
  expect(page).toContain("not scored: the split val has 1 mask in which no pixel counts");
  expect(page).not.toMatch(/NaN|null|\d %|Confusion|Validation, percent/);
  // A study would train for hours before it had nothing to compare.
  const study = await tessera("study", "ddep", data, "--fractions", "1", "--out", `${folder}/ignored-study`);
  expectOneLine(study, /expected pixels to score in the masks of split val, got none that counts/);
  expect(await readdir(folder)).not.toContain("ignored-study");
});

test.each([
  [
    { from: "a later version", weightNoise: 1 },
    /recipe\.json: expected the keys .* got "from", "weightNoise" besides\. Use the version/,
  ],
  [{ steps: "many" }, /recipe\.json: steps must be a number, got "many"/],
])("a run whose recipe has %j is refused by whatever would use it", (change, message) =>
  refusedEverywhere("recipe.json", change, message),
);

test.each([
  [{ format: 4 }, /run\.json: expected a run of format 3, got 4\. Use the version of tessera that wrote it, \d/],
  [{ version: "99.1.0" }, /run\.json: expected a record of version [\d.]+ or earlier.* got one of 99\.1\.0\. Use/],
  [{ depth: 16 }, /run\.json: expected the keys that the record of a run has in version .*, got "depth" besides\. Use/],
])("a run whose record has %j is refused by whatever would use it", (change, message) =>
  refusedEverywhere("run.json", change, message),
);

async function refusedEverywhere(file: string, change: object, message: RegExp): Promise<void> {
  const run = `${folder}/later`;
  await rm(run, { recursive: true, force: true });
  await cp(`${folder}/run`, run, { recursive: true });
  const record = JSON.parse(await readFile(`${run}/${file}`, "utf8")) as object;
  await writeFile(`${run}/${file}`, JSON.stringify({ ...record, ...change }));
  const uses = [
    ["predict", run, `${folder}/data/images/val`, "--out", `${folder}/later-masks`],
    ["eval", run, `${folder}/data`],
    ["export", run, "--out", `${folder}/later.onnx`],
    ["train", `${folder}/data`, "--from", run, "--out", `${folder}/later-run`],
    ["train", `${folder}/data`, "--out", run, "--resume"],
  ];
  for (const args of uses) expectOneLine(await tessera(...args), message);
  expect((await readdir(folder)).filter((name) => name.startsWith("later-") || name === "later.onnx")).toEqual([]);
}

test("inspect, eval, train and predict show names of classes without the codes in them", async () => {
  const data = `${folder}/coded`;
  await cp(`${folder}/data`, data, { recursive: true });
  const classes = await readFile(`${data}/classes.json`, "utf8");
  const hostile = classes.replace(/"name": "(\w+)"/, '"name": "$1\\u001b[31m\\u202e\\u009b2J"');
  expect(hostile).not.toBe(classes);
  await writeFile(`${data}/classes.json`, hostile);
  // They name classes as well, and would be refused.
  for (const name of ["tags.json", "panoptic"]) await rm(`${data}/${name}`, { recursive: true });
  const run = `${folder}/coded-run`;
  const settings = ["--recipe", "transunet-tiny", "--steps", "1", "--set", "batchSize=1", "--out", run];
  const uses = [
    ["inspect", data],
    ["train", data, ...settings],
    ["eval", run, data],
    ["eval", run, `${folder}/data`], // whose classes are others, which is said with their names
    ["predict", run, `${data}/images/val`, "--out", `${folder}/coded-masks`],
    ["export", run, "--out", `${folder}/coded.onnx`],
    ["eval", `${folder}/coded.onnx`, data],
  ];
  let shown = 0;
  for (const use of uses) {
    for (const options of use[0] === "train" ? [[]] : [[], ["--json"]]) {
      const { out, error } = await tessera(...use, ...options);
      expect(out.length + error.length).toBeGreaterThan(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal codes that must not come through
      expect(out + error).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      if (/\?\[31m\?\?2J|\\u001b\[31m/.test(out + error)) shown++;
    }
  }
  expect(shown).toBeGreaterThanOrEqual(7); // the name itself was there, made harmless
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

test.each([
  ["inspect", ["broken"]],
  ["predict", ["run", "broken/images/train", "--out", "broken/masks"]],
  ["train", ["broken", "--recipe", "transunet-tiny", "--steps", "1", "--out", "never"]],
] as const)("a JPEG whose second half is zeros is named by %s", async (command, args) => {
  const data = `${folder}/broken`;
  await cp(`${folder}/data`, data, { recursive: true });
  const path = `${data}/images/train/train_000000.jpg`;
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, bytes.length >> 1));
  const names = ["broken", "broken/images/train", "broken/masks", "run", "never"];
  const { code, out, error } = await tessera(command, ...args.map((a) => (names.includes(a) ? `${folder}/${a}` : a)));
  await rm(data, { recursive: true });
  expect(code).toBe(1);
  expect(out + error).toMatch(/train_000000\.jpg: expected an intact photograph .*, got a (damaged|truncated) file/);
  expect(out + error).not.toMatch(/^\s+at /m);
});

describe("a file that is not what its name says", () => {
  const [data, run] = ["hostile-data", "hostile-run"];
  const photographs = "data/images/val";
  const checkpoint = "checkpoints/step-00000001/state.json";
  const files: readonly (readonly string[])[] = [
    [`${data}/classes.json`, "inspect", data],
    [`${data}/classes.json`, "eval", "run", data],
    ["classes.json", "import", "run/run.json", "--classes", "classes.json", "--out", "never"],
    [`${run}/run.json`, "predict", run, photographs, "--out", "never"],
    [`${run}/recipe.json`, "predict", run, photographs, "--out", "never"],
    [`${run}/${checkpoint}`, "predict", run, photographs, "--out", "never"],
    [`${run}/metrics.jsonl`, "train", "data", "--out", run, "--resume"],
    ["scores.json", "eval", "run", "data", "--out", "scores.json"],
  ];

  const ended = async ([file, command, ...args]: readonly string[], spoil: (path: string) => Promise<void>) => {
    for (const name of ["data", "run"]) {
      await rm(`${folder}/hostile-${name}`, { recursive: true, force: true });
      await cp(`${folder}/${name}`, `${folder}/hostile-${name}`, { recursive: true });
    }
    await writeFile(`${folder}/classes.json`, "{}");
    await writeFile(`${folder}/scores.json`, "{}");
    await spoil(`${folder}/${file}`);
    const isPath = (arg: string) => !arg.startsWith("--");
    return tessera(command, ...args.map((arg) => (isPath(arg) ? `${folder}/${arg}` : arg)));
  };

  test.each(files)("a gigabyte that calls itself %s is refused by %s before it is read", async (...given) => {
    const result = await ended(given, (path) => truncate(path, 2 ** 30));
    expectOneLine(result, /expected a readable file of at most \d+ MiB, got 1 GiB\. Name the right file/);
  });

  test.each(files.filter(([file]) => /(classes|run|recipe)\.json$/.test(file)))(
    "lists within lists in %s are one line of %s",
    async (...given) => {
      const nested = `{"classes": ${"[".repeat(1e5)}${"]".repeat(1e5)}}`;
      expectOneLine(await ended(given, (path) => writeFile(path, nested)), /json: expected [^\n]*JSON/);
    },
  );
});

describe("what somebody else wrote into a run folder is refused", () => {
  const checkpoint = "checkpoints/step-00000001";
  const sealed = (state: object) => {
    const seal = createHash("sha256").update(JSON.stringify(state)).digest("hex");
    return `${JSON.stringify({ ...state, seal }, null, 2)}\n`;
  };
  interface State {
    readonly progress: object;
    readonly files: { [name: string]: { bytes: number; sha256: string } };
  }

  test.each<[string, (state: State) => object]>([
    ["a stage before the first", ({ progress }) => ({ progress: { ...progress, stage: -1 } })],
    ["half a step", ({ progress }) => ({ progress: { ...progress, step: 1.5 } })],
    ["no progress", () => ({ progress: null })],
    ["no files", () => ({ files: null })],
    ["no weights", () => ({ files: {} })],
    [
      "a file elsewhere",
      ({ files }) => ({ files: { ...files, "../../../data/classes.json": files["weights.safetensors"] } }),
    ],
  ])("a checkpoint of %s, whatever its seal", async (_, change) => {
    const run = `${folder}/foreign`;
    await cp(`${folder}/run`, run, { recursive: true });
    const { seal: _seal, ...state } = JSON.parse(await readFile(`${run}/${checkpoint}/state.json`, "utf8")) as State & {
      seal: string;
    };
    await writeFile(`${run}/${checkpoint}/state.json`, sealed({ ...state, ...change(state) }));
    const ended = await tessera("train", `${folder}/data`, "--from", run, "--out", `${folder}/never`);
    await rm(run, { recursive: true });
    expectOneLine(
      ended,
      /state\.json: expected the state that tessera wrote, got other bytes\. The checkpoint is damaged/,
    );
    expect(await readdir(folder)).not.toContain("never");
  });

  test.each([
    ["that is none", { step: 1, loss: "x" }],
    ["of scores that are none", { step: 1, stage: "train", unit: "share", scores: { a: "x" } }],
    [
      "of a picture elsewhere",
      {
        ...{ step: 1, stage: "train", unit: "share", scores: {} },
        pictures: [{ sample: "a", name: "b", file: "pictures/../../data/classes.json", caption: "" }],
      },
    ],
  ])("a line of metrics.jsonl %s", async (_, line) => {
    const run = `${folder}/foreign`;
    await cp(`${folder}/run`, run, { recursive: true });
    await writeFile(`${run}/metrics.jsonl`, `${JSON.stringify(line)}\n`);
    const ended = await tessera("train", `${folder}/data`, "--out", run, "--resume");
    await rm(run, { recursive: true });
    expectOneLine(
      ended,
      /metrics\.jsonl: expected a JSON object with a step on each line, got something else on line 1/,
    );
  });
});

test("names of classes stay on their line, too", async () => {
  const run = `${folder}/named`;
  await cp(`${folder}/run`, run, { recursive: true });
  const record = await readFile(`${run}/run.json`, "utf8");
  await writeFile(
    `${run}/run.json`,
    record.replaceAll(/"name": "\w+"/g, (name) => name.replace(/"$/, '\\n\\u001b[31m"')),
  );
  const { code, out } = await tessera("predict", run, `${folder}/data/images/val`, "--out", `${folder}/named-masks`);
  expect(code).toBe(0);
  expect(out.trim().split("\n")).toHaveLength(1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal code that must not come through
  expect(out).not.toMatch(/\u001b\[31m/);
});

test("photographs of which none can be read are an error, even where bad ones are skipped", async () => {
  const data = `${folder}/none-readable`;
  await mkdir(`${data}/images/unlabelled`, { recursive: true });
  await writeFile(`${data}/images/unlabelled/a.jpg`, "not a picture");
  const settings = ["--recipe", "ddep-tiny", "--set", "start=dep", "--set", "steps=0", "--on-bad-image", "skip"];
  const ended = await tessera("train", data, ...settings, "--out", `${folder}/never`);
  expectOneLine(ended, /a\.jpg: expected an intact photograph .* got a file of another kind/);
  expect(await readdir(folder)).not.toContain("never");
});

test("predict replaces its own results and nothing else, and does not take them for photographs", async () => {
  const place = `${folder}/beside`;
  await mkdir(place);
  await cp(`${folder}/data/images/val/val_000000.jpg`, `${place}/a.jpg`);
  for (let again = 0; again < 2; again++) {
    const { code, out } = await tessera("predict", `${folder}/run`, place, "--out", place);
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect((await readdir(place)).sort()).toEqual(["a.jpg", "a.json", "a.overlay.png", "a.png"]);
  }
  for (const name of ["a.png", "a.overlay.png", "a.json"]) {
    const out = `${folder}/handmade`;
    await rm(out, { recursive: true, force: true });
    await mkdir(out);
    await writeFile(`${out}/${name}`, '{ "made": "by hand" }');
    const ended = await tessera("predict", `${folder}/run`, `${place}/a.jpg`, "--out", out);
    expectOneLine(ended, /handmade\/a\.[a-z.]+: expected nothing, or an earlier result of predict to replace/);
    expect(await readFile(`${out}/${name}`, "utf8")).toBe('{ "made": "by hand" }');
    expect(await readdir(out)).toEqual([name]);
  }
  await rm(`${place}/a.jpg`);
  expectOneLine(
    await tessera("predict", `${folder}/run`, place, "--out", `${folder}/never`),
    /a folder of what predict or show wrote/,
  );
});

test("an option of panoptic models is refused where the model is none", async () => {
  const photograph = `${folder}/data/images/val/val_000000.jpg`;
  const out = `${folder}/no-segments`;
  const ended = await tessera("predict", `${folder}/run`, photograph, "--out", out, "--segment-ids", "16-bit");
  expectOneLine(ended, /--segment-ids is of panoptic models, got .*run, which gives a class per pixel\. Leave/, 2);
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
