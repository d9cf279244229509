/** The command line from outside: help, exit codes, and one clear line for everything that can be wrong. */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { start, temporaryFolder, tessera } from "../support/cli.ts";

const shell = promisify(execFile);
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=2,val=1,test=1", "--out", `${folder}/data`);
  const settings = ["--recipe", "transunet-tiny", "--steps", "1", "--set", "batchSize=1"];
  const { code } = await tessera("train", `${folder}/data`, ...settings, "--out", `${folder}/run`);
  expect(code).toBe(0);
  await mkdir(`${folder}/other`);
  await writeFile(`${folder}/other/notes.txt`, "mine");
  await writeFile(`${folder}/text.jpg`, "not a picture");
  await writeFile(`${folder}/empty.jpg`, "");
});

afterAll(() => remove());

test.each(commands.map(({ name }) => name))("%s --help shows usage and examples", async (name) => {
  const { code, out, error } = await tessera(name, "--help");
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).toMatch(/Usage: node \S*main\.js .*Options:.*--json.*Examples:/s);
});

test.each([[[]], [["--help"]], [["help"]], [["-h"]]])("tessera %s lists the commands", async (typed) => {
  const { code, out } = await tessera(...typed);
  expect(code).toBe(0);
  for (const { name } of commands) expect(out).toContain(`  ${name} `);
});

test("--version prints the package's version", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect((await tessera("--version")).out).toBe(`${version}\n`);
});

test("help loads neither ONNX Runtime nor sharp nor protobufjs", async () => {
  const coverage = `${folder}/coverage`;
  await start(["--help"], { NODE_V8_COVERAGE: coverage }).ended;
  const [name] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(`${coverage}/${name}`, "utf8")) as { result: { url: string }[] };
  const files = result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
  expect(files.join()).toContain("cli/main.js");
  expect(files.join()).not.toMatch(/node_modules|onnxruntime/);
  // What is bundled has no file of its own: its text would be in one that is loaded.
  for (const file of files)
    expect(await readFile(new URL(file), "utf8"), file).not.toMatch(/onnxruntime|sharp|protobuf/);
});

test("a reader that stops early is no failure", async () => {
  const { stdout, stderr } = await shell("sh", ["-c", `"${process.execPath}" "${main}" recipes transunet | head -n 1`]);
  expect(stdout).toContain("name");
  expect(stderr).toMatch(/^transunet learns from masks; [^\n]*\n$/); // what it costs, and no complaint about the pipe
});

describe("standard input and output", () => {
  const shown = (text: string) => shell("sh", ["-c", text], { encoding: "buffer" });
  const predict = () => `"${process.execPath}" "${main}" predict "${folder}/run"`;

  test("- is a photograph that comes, and a mask that goes: the one that a folder gets", async () => {
    const photograph = `${folder}/data/images/val/${(await readdir(`${folder}/data/images/val`))[0]}`;
    const { stdout } = await shown(`${predict()} - --out - < "${photograph}"`);
    expect((await tessera("predict", `${folder}/run`, photograph, "--out", `${folder}/masks`)).code).toBe(0);
    const names = (await readdir(`${folder}/masks`)).filter((name) => /^[^.]*\.png$/.test(name));
    expect(names).toHaveLength(1);
    expect(stdout.equals(await readFile(`${folder}/masks/${names[0]}`))).toBe(true);
    await shown(`${predict()} - --out "${folder}/piped" < "${photograph}"`);
    expect(await readdir(`${folder}/piped`)).toEqual(["stdin.json", "stdin.overlay.png", "stdin.png"]);
  });

  test.each([
    ["< /dev/null", 1, /standard input: expected a photograph, got nothing/],
    [`< "${fileURLToPath(import.meta.url)}"`, 1, /standard input: expected an intact photograph/],
    ["--json < /dev/null", 2, /expected the mask alone for standard output, got --json/],
    ["--formats svg < /dev/null", 2, /expected the mask alone for standard output, got --formats/],
  ])("predict - --out - %s", async (rest, code, message) => {
    const failure = (await shown(`${predict()} - --out - ${rest}`).catch((error: unknown) => error)) as {
      readonly code: number;
      readonly stdout: Buffer;
      readonly stderr: Buffer;
    };
    expect({ code: failure.code, stdout: failure.stdout.length }).toEqual({ code, stdout: 0 });
    expect(failure.stderr.toString()).toMatch(message);
  });
});

test("plain ONNX Runtime loads an exported file without a word, and runs it on a photograph alone", async () => {
  const file = `${folder}/plain.onnx`;
  expect((await tessera("export", `${folder}/run`, "--short-side", "40", "--out", file)).code).toBe(0);
  const program = `
    import { InferenceSession, Tensor } from "onnxruntime-node";
    const session = await InferenceSession.create(process.argv[1]);
    const image = new Tensor("uint8", new Uint8Array(3 * 80 * 100), [80, 100, 3]);
    const { labels, probabilities } = await session.run({ image });
    console.log(JSON.stringify([session.inputNames, labels.dims, probabilities.dims.slice(1)]));`;
  const home = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout, stderr } = await shell(process.execPath, ["--input-type=module", "-e", program, file], { cwd: home });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([["image"], [80, 100], [40, 50]]);
});

test("recipes --size tells parameters and memory of each", async () => {
  const { code, out } = await tessera("recipes", "--size", "--json");
  expect(code).toBe(0);
  const all = JSON.parse(out) as { name: string; parameters?: number; bytes?: number }[];
  expect(all.length).toBeGreaterThan(20);
  for (const { name, parameters = 0, bytes = 0 } of all) {
    expect(parameters, name).toBeGreaterThan(1000);
    expect(bytes, name).toBeGreaterThan(4 * parameters);
  }
});

test.each(["recipes", "recipes transunet", "inspect DATA", "doctor", "eval RUN DATA"])(
  "%s --json prints one document",
  async (typed) => {
    const { code, out } = await tessera(...typed.split(" ").map(inFolder), "--json");
    expect(code).toBe(0);
    expect(() => JSON.parse(out) as unknown).not.toThrow();
  },
);

function inFolder(word: string): string {
  return word.replace(/^(DATA|RUN|OTHER|FILE|EMPTY|NEW|NOWHERE)/, (name) => `${folder}/${places[name]}`);
}

const places: Readonly<Record<string, string>> = {
  ...{ DATA: "data", RUN: "run", OTHER: "other", FILE: "text.jpg", EMPTY: "empty.jpg", NEW: "new", NOWHERE: "nowhere" },
};

const tiny = "--recipe transunet-tiny --steps 1";
const ddep = "--recipe ddep-tiny";

describe("what is wrong is said in one line, with the right exit code, and nothing is written", () => {
  test.each<[number, string, RegExp]>([
    [2, "trian", /unknown command trian\. Did you mean train\?/],
    [2, "--jsn", /unknown option --jsn/],
    [2, "train", /DATASET is missing/],
    [2, "train DATA", /--out is missing/],
    [2, "train DATA --out NEW --recipe transunet-smal", /Did you mean transunet-small\?/],
    [2, "train DATA --out NEW --set learningrate=1 --recipe transunet-tiny", /Did you mean learningRate\?/],
    [
      2,
      "train DATA --out NEW --set batchSize=0 --recipe transunet-tiny",
      /batchSize must be a whole number from 1 to 1000000/,
    ],
    [2, "train DATA --out NEW --set cropHeight=70 --recipe transunet-tiny", /multiple of 16 up to 8192, got 70/],
    [2, "train DATA --out NEW --steps 1.5", /--steps must be an integer/],
    [2, "train DATA --out NEW --device gpu", /--device must be one of/],
    [2, "train DATA --out NEW --layout vox", /--layout must be one of .* Did you mean voc\?/],
    [2, "train DATA --out NEW --on-bad-image drop", /--on-bad-image must be one of fail, skip/],
    [2, "train DATA more --out NEW", /does not take "more"/],
    [2, "train scenes:size=9 --out NEW", /scenes: expected size 64 to 512/],
    [2, "train scenes:trian=9 --out NEW", /Did you mean train\?/],
    [1, `train NOWHERE --out NEW ${tiny}`, /nowhere: expected a data set folder, got nothing there/],
    [1, `train FILE --out NEW ${tiny}`, /text\.jpg: expected a data set folder, got a file/],
    [1, `train OTHER --out NEW ${tiny}`, /other: expected one of the layouts/],
    [1, `train DATA --out OTHER ${tiny}`, /other: expected an empty folder or a run, got other files/],
    [1, `train DATA --out FILE ${tiny}`, /text\.jpg: expected a folder for the run, got a file/],
    [1, `train DATA --out FILE/deep ${tiny}`, /text\.jpg/],
    [1, `train DATA --out /proc/tessera/run ${tiny}`, /\/proc\/tessera/],
    [1, `train DATA --out RUN ${tiny}`, /got a run\. Add --resume/],
    [1, `train DATA --out RUN --resume ${tiny}`, /recipe batchSize: 1 → 4/],
    [1, `train DATA --out NEW --device coreml ${tiny}`, /device coreml/],
    [2, `train DATA --out NEW --label-fraction 1/0 ${tiny}`, /expected a number above 0 and up to 1, got "1\/0"/],
    [2, `train DATA --out NEW --label-fraction 1e-9 ${tiny}`, /got "1e-9"\. Write 1\/8, 0\.125 or 12\.5%/],
    [2, `train DATA --out NEW --label-fraction 1/2 --label-count 1 ${tiny}`, /got both\. Leave one out/],
    [2, `train DATA --out NEW --label-seed 1 ${tiny}`, /got no share or number of them\. Add --label-fraction/],
    [2, `train DATA --out NEW --label-count 0 ${tiny}`, /--label-count must be an integer from 1 on, got "0"/],
    [1, `train DATA --out NEW --label-count 3 ${tiny}`, /expected 1 to 2 labelled images of the 2 in train, got 3/],
    [1, `train DATA --out NEW --label-fraction 1/9 ${tiny}`, /expected 1 to 2 labelled images .* got 0/],
    [1, "train DATA --out NEW --from NOWHERE", /nowhere: expected a run folder, got nothing there/],
    [1, "train DATA --out NEW --from DATA", /data: expected a run folder, got a data set\. Name the run first/],
    [1, `train DATA --out NEW --from FILE ${tiny}`, /text\.jpg: expected a run folder, got a file/],
    [1, `train DATA --out RUN --from RUN ${tiny}`, /got a run\. Add --resume/],
    [
      2,
      `train DATA --out NEW --from RUN ${ddep} --set start=none`,
      /expected for start none weights of finetune of none, got those of/,
    ],
    [2, `train DATA --out NEW ${ddep} --set noiseLevelMin=1`, /noiseLevelMin must be at most noiseLevelMax \(0\.22\)/],
    [
      2,
      `train DATA --out NEW ${ddep} --set noiseMeasure=gamma --set noiseForm=additive`,
      /noiseMeasure must be sigma where the noise is additive, got gamma/,
    ],
    [2, `train DATA --out NEW ${ddep} --set conditionEmbedding=7`, /an even whole number from 2 to 65536, got 7/],
    [2, `train DATA --out NEW ${ddep} --set denoiseCropWidth=70`, /a multiple of 16 up to 8192, got 70\. Try 64/],
    [2, `train DATA --out NEW ${ddep} --set encoderCropWidth=99999`, /got 99999\. Try 8192/],
    [2, `train DATA --out NEW ${ddep} --set stageUnits=`, /skips must be one of 0, got 3\. Try 0/],
    [
      2,
      `train DATA --out NEW ${ddep} --set start=none --set steps=0`,
      /steps must be at least 1 where no other stage has/,
    ],
    [1, `train DATA --out NEW ${ddep} --set denoiseBatchSize=1000000`, /GB or more\. Make batchSize, the crop or the/],
    [2, "predict RUN", /IMAGE is missing/],
    [2, "predict RUN FILE", /--out is missing/],
    [2, "predict RUN FILE --out NEW --scales 1,x", /--scales: expected numbers/],
    [1, "predict RUN NOWHERE --out NEW", /nowhere: expected a photograph/],
    [1, "predict RUN OTHER --out NEW", /other: expected photographs/],
    [1, "predict RUN FILE --out NEW", /text\.jpg: expected an intact photograph/],
    [1, "predict RUN EMPTY --out NEW", /empty\.jpg: .*empty/],
    [1, "predict RUN DATA/images/val --out FILE", /text\.jpg: expected a folder for the results, got a file/],
    [1, "predict NOWHERE DATA/images/val --out NEW", /nowhere: expected a run folder or an exported model/],
    [1, "predict OTHER DATA/images/val --out NEW", /other: expected a run folder, got a folder without run\.json/],
    [1, "predict FILE DATA/images/val --out NEW", /text\.jpg: expected a model/],
    [2, "eval RUN", /DATASET is missing/],
    [2, "eval RUN DATA --split tset", /Did you mean test\?/],
    [1, "eval RUN NOWHERE", /nowhere: expected a data set folder/],
    [1, "eval RUN DATA --out OTHER", /other: expected the name of a file/],
    [2, "export RUN", /--out is missing/],
    [1, "export OTHER --out NEW", /without run\.json/],
    [1, "export RUN --out OTHER", /other: expected the name of a file, got a folder/],
    [2, "inspect", /DATASET is missing/],
    [1, "inspect NOWHERE", /nowhere: expected a data set folder/],
    [2, "inspect scenes --images DATA", /images: expected a folder as data set, got scenes\. Leave out/],
    [2, "recipes transunet-tny", /Did you mean transunet-tiny\?/],
    [2, "recipes transunet --set steps=x", /steps must be a number, got "x"/],
    [2, "scenes", /--out is missing/],
    [1, "scenes --out OTHER", /other: expected a new or empty folder/],
    [2, "scenes size=1 --out NEW", /expected size 64 to 512/],
    [2, "start DATA --steps 0", /--steps must be an integer/],
    [2, "start --minutes 1 --steps 5", /expected --minutes or --steps, got both/],
    [1, "start NOWHERE", /nowhere: expected a data set folder/],
    [2, "doctor now", /does not take "now"/],
  ])("%i: tessera %s", async (expected, typed, message) => {
    const before = await readdir(folder, { recursive: true });
    const { code, out, error } = await tessera(...typed.split(" ").map(inFolder));
    const said = error.trim().split("\n");
    expect(said.at(-1)).toMatch(message);
    expect(said.filter((line) => line.startsWith("tessera:"))).toHaveLength(1);
    expect(error).not.toMatch(/\n\s+at /);
    expect({ code, out }).toEqual({ code: expected, out: "" });
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});

describe("a damaged run folder is named, file by file", () => {
  const checkpoint = "checkpoints/step-00000001";
  test.each<[string, string, string | null]>([
    ["run.json cut off", "run.json", "{"],
    ["run.json of another program", "run.json", "{}"],
    ["run.json with broken classes", "run.json", '{"format":1,"classes":[]}'],
    ["recipe.json empty", "recipe.json", ""],
    ["recipe.json missing", "recipe.json", null],
    ["recipe.json of another kind", "recipe.json", '{"name":"x","method":"y"}'],
    ["weights missing", `${checkpoint}/weights.safetensors`, null],
    ["weights replaced", `${checkpoint}/weights.safetensors`, "weights"],
    ["state cut off", `${checkpoint}/state.json`, '{"format": 1'],
  ])("%s", async (_, file, content) => {
    const damaged = `${folder}/damaged`;
    await cp(`${folder}/run`, damaged, { recursive: true });
    if (content === null) await rm(`${damaged}/${file}`);
    else await writeFile(`${damaged}/${file}`, content);
    const { code, error } = await tessera("export", damaged, "--out", `${folder}/never.onnx`);
    await rm(damaged, { recursive: true });
    expect(code).toBe(1);
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(error).toContain(file.split("/").at(-1));
    expect(await readdir(folder)).not.toContain("never.onnx");
  });
});
