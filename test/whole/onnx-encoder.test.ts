/** Any ONNX file as an encoder, and encoders of the hub, as users have them: from the command line, to the end. */
import { readFileSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEncoder } from "../../src/backbones/encoders.ts";
import { publishedNames } from "../../src/backbones/published.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { decodeModel } from "../../src/onnx/wire.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { expectOneLine, start, temporaryFolder, tessera } from "../support/cli.ts";
import { drawn, dynamoVit, runtimeValues, tensorFlowNet, torchScriptResNet } from "../support/exported.ts";
import { type FakeHub, startFakeHub } from "../support/fake-hub.ts";
import { freshWeights } from "../support/weights.ts";

let folder: string;
let remove: () => Promise<void>;
let hub: FakeHub;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=6,val=2,test=1", "--out", `${folder}/data`);
  await writeFile(`${folder}/resnet.onnx`, torchScriptResNet());
  await writeFile(`${folder}/tensorflow.onnx`, tensorFlowNet());
  await writeFile(`${folder}/vit.onnx`, dynamoVit());
  const model = new Model();
  findEncoder("mobilenet-v2").features(model.scope, input("image", [1, 3, 64, 64]), {});
  const published = writeSafetensors(publishedNames("mobilenet-v2", freshWeights(model), "timm"));
  hub = await startFakeHub({
    "timm/mobilenetv2_100.ra_in1k": {
      files: { "model.safetensors": published, "README.md": "---\nlicense: apache-2.0\n---\n" },
      card: { license: "apache-2.0" },
    },
    "lab/resnet": { files: { "onnx/model.onnx": torchScriptResNet() }, card: { license: "mit" } },
  });
});

afterAll(async () => {
  await hub.close();
  await remove();
});

const set = (...settings: readonly string[]) => settings.flatMap((each) => ["--set", each]);
const tiny = ["--recipe", "unet-tiny", "--steps", "2", ...set("decoderChannels=8,8,8,8", "batchSize=2", "logEvery=1")];
const train = (...args: readonly string[]) => tessera("train", `${folder}/data`, ...args);
const losses = async (run: string) =>
  (await readFile(`${run}/metrics.jsonl`, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ loss }) => loss !== undefined)
    .map(({ step, loss }) => [step, loss]);

describe("an ONNX file", () => {
  test("of PyTorch's exporter is found its maps in, trained on, predicts, goes on, and is written back", async () => {
    const run = `${folder}/resnet`;
    const { code, error } = await train(...tiny, "--encoder", `${folder}/resnet.onnx`, "--out", run);
    expect([code, error]).toEqual([0, expect.stringMatching(/resnet\.onnx: stride 4: /)]);
    expect(error).toMatch(/encoder: "mobilenet-v2" → "onnx-[0-9a-f]{12}"/);

    const evaluated = await tessera("eval", run, `${folder}/data`);
    expect([evaluated.code, evaluated.out]).toEqual([0, expect.stringMatching(/mean IoU/)]);
    const model = `${folder}/resnet-model.onnx`;
    expect((await tessera("export", run, "--out", model)).code).toBe(0);
    const image = `${folder}/data/images/val`;
    expect((await tessera("predict", run, image, "--out", `${folder}/by-run`)).code).toBe(0);
    expect((await tessera("predict", model, image, "--out", `${folder}/by-file`)).code).toBe(0);
    const [name] = JSON.parse(await readFile(`${folder}/by-run/predictions.json`, "utf8").catch(() => "[null]"));
    expect(name).toBeDefined();

    // What was trained is in the file that is written back, and it begins another run.
    const written = `${folder}/written.onnx`;
    expect((await tessera("export", run, "--weights", "onnx", "--out", written)).code).toBe(0);
    const [before, after] = [`${folder}/resnet.onnx`, written].map((path) => readFileSync(path));
    const outputs = decodeModel(after, written).graph!.output!.map(({ name = "" }) => name);
    expect(outputs.length).toBeGreaterThan(1);
    const feeds = { [decodeModel(after, written).graph!.input![0].name!]: drawn([1, 3, 64, 64], "x") };
    const [old, now] = [await runtimeValues(before, feeds, outputs), await runtimeValues(after, feeds, outputs)];
    for (const output of outputs) {
      expect(now[output].shape).toEqual(old[output].shape);
      expect(now[output].data).not.toEqual(old[output].data);
    }
    const again = await train(...tiny, "--encoder", written, "--out", `${folder}/again`);
    expect(again.code).toBe(0);
    const from = await train("--from", run, "--steps", "1", "--out", `${folder}/from`);
    expect(from.code).toBe(0);
    expect(from.error).not.toMatch(/first values/);
    const ofRun = await train(...tiny, "--encoder", run, "--out", `${folder}/of-run`);
    expect(ofRun.code).toBe(0);
    expectOneLine(
      await tessera("export", run, "--weights", "timm", "--out", `${folder}/never.safetensors`),
      /resnet: expected "onnx", since its encoder was read from an ONNX file, got "timm"\. Write --weights onnx\./,
    );
  });

  test("goes on in the middle as if it had not stopped, and is missed where the run has lost it", async () => {
    const settings = [...tiny, ...set("checkpointEvery=1", "steps=2", "keepCheckpoints=9")];
    const [whole, parted] = [`${folder}/whole`, `${folder}/parted`];
    const encoder = ["--encoder", `${folder}/tensorflow.onnx`, ...set("decoderChannels=8,8,8,8", "outputStride=2")];
    expect((await train(...settings, ...encoder, "--out", whole)).error).toMatch(/tensorflow\.onnx: stride/);
    await cp(whole, parted, { recursive: true });
    await rm(`${parted}/checkpoints/step-00000002`, { recursive: true });
    expect((await train(...settings, ...encoder, "--out", parted, "--resume")).code).toBe(0);
    expect(await losses(parted)).toEqual(await losses(whole));

    await rm(`${parted}/encoder.onnx`);
    expectOneLine(
      await tessera("eval", parted, `${folder}/data`),
      /parted\/encoder\.onnx: expected the file of the encoder onnx-[0-9a-f]{12}, got none\. Restore it\./,
    );
    await writeFile(`${parted}/encoder.onnx`, await readFile(`${folder}/resnet/encoder.onnx`));
    expectOneLine(
      await tessera("eval", parted, `${folder}/data`),
      /parted\/encoder\.onnx: expected the encoder onnx-[0-9a-f]{12}, got onnx-[0-9a-f]{12}\. Restore the file\./,
    );
  });

  test("of one size and one map gets a layer on it, and predicts photographs of any size", async () => {
    const run = `${folder}/vit`;
    const alone = set("batchSize=1");
    const { code, error } = await train("--encoder", `${folder}/vit.onnx`, "--steps", "1", ...alone, "--out", run);
    expect([code, error]).toEqual([0, expect.stringMatching(/recipe dinov2-linear: .* a pretrained onnx-/)]);
    expect((await tessera("predict", run, `${folder}/data/images/val`, "--out", `${folder}/of-vit`)).code).toBe(0);
    expectOneLine(
      await train(...tiny, ...set("decoder=linear"), "--encoder", `${folder}/vit.onnx`, "--out", `${folder}/never`),
      /cropWidth must be 96, for which alone onnx-[0-9a-f]{12} was made, got 64\. Add --set cropWidth=96\./,
      2,
    );
  });

  test("keeps named tensors alone", async () => {
    const { graph } = decodeModel(readFileSync(`${folder}/resnet/encoder.onnx`), "encoder");
    const [first, ...others] = graph!.output!.map(({ name = "" }) => name);
    const names = [first, others.at(-1)].join(",");
    const run = `${folder}/named`;
    const named = ["--encoder", `${folder}/resnet.onnx`, "--features", names, "--normalization", "unit"];
    const { code, error } = await train(...tiny, ...named, "--out", run);
    expect([code, error]).toEqual([0, expect.stringMatching(/Values of pictures: unit/)]);
    const kept = decodeModel(readFileSync(`${run}/encoder.onnx`), "encoder").graph!.output!;
    expect(kept.map(({ name }) => name)).toEqual(names.split(","));
  });

  test.each<[string, () => readonly string[], RegExp, number?]>([
    ["a tensor that it does not have", () => ["resnet.onnx", "--features", "nothing"], /resnet\.onnx.*nothing/],
    ["a file that is cut off", () => ["cut.onnx"], /cut\.onnx/],
    ["no ONNX model", () => ["text.onnx"], /text\.onnx/],
    ["--features of weights", () => ["w.safetensors", "--features", "a"], /w\.safetensors: expected an ONNX file/, 2],
  ])("is refused in one line for %s", async (_, args, message, code = 1) => {
    await writeFile(`${folder}/cut.onnx`, torchScriptResNet().subarray(0, 3000));
    await writeFile(`${folder}/text.onnx`, "<html>not found</html>");
    await writeFile(`${folder}/w.safetensors`, writeSafetensors({ a: drawn([2], "a") }));
    const [file, ...others] = args();
    const out = `${folder}/refused`;
    expectOneLine(await train(...tiny, "--encoder", `${folder}/${file}`, ...others, "--out", out), message, code);
    await expect(readFile(`${out}/run.json`)).rejects.toThrow();
  });

  test("--features without an encoder is wrong usage", async () => {
    expectOneLine(await train(...tiny, "--features", "a", "--out", `${folder}/refused`), /Add --encoder FILE\.onnx/, 2);
  });
});

describe("an encoder of the hub", () => {
  const environment = (extra: Record<string, string> = {}) => ({
    ...{ HF_HOME: `${folder}/hf`, HF_ENDPOINT: hub.endpoint, HF_TOKEN: "", HF_HUB_CACHE: "", HF_HUB_OFFLINE: "" },
    ...extra,
  });
  const trainWith = (extra: Record<string, string>, ...args: readonly string[]) =>
    start(["train", `${folder}/data`, ...args], environment(extra)).ended;
  const name = "timm/mobilenetv2_100.ra_in1k";
  const small = ["--steps", "1", ...set("batchSize=1")];

  test("is never fetched unasked, and where it is, with its licence, which run and export keep", async () => {
    const unasked = await trainWith({}, ...small, "--out", `${folder}/unasked`);
    expect([unasked.code, unasked.error]).toEqual([0, expect.stringMatching(/^recipe transunet-small: /m)]);
    expect(unasked.error).toMatch(/cropHeight=64 and cropWidth=64, as its photographs are 64 × 64/);
    expect(hub.requests).toEqual([]);

    const run = `${folder}/fetched`;
    const fetched = await trainWith({}, ...tiny, "--encoder", name, "--out", run);
    expect([fetched.code, fetched.error]).toEqual([0, expect.stringMatching(/ra_in1k: licence apache-2\.0/)]);
    const { licence } = JSON.parse(await readFile(`${run}/run.json`, "utf8"));
    expect(licence).toMatch(/^apache-2\.0 \(timm\/mobilenetv2_100\.ra_in1k@[0-9a-f]{7}\)$/);
    const model = `${folder}/fetched.onnx`;
    expect((await tessera("export", run, "--out", model)).code).toBe(0);
    const { metadata_props } = decodeModel(readFileSync(model), model);
    expect(JSON.stringify(metadata_props)).toContain(licence);
  });

  test("is what training begins with by itself once the cache has it, and what it says", async () => {
    hub.requests.length = 0;
    const { code, error } = await trainWith({}, ...small, "--out", `${folder}/cached`);
    expect([code, error]).toEqual([
      0,
      expect.stringMatching(
        /^recipe unet-mobilenet: .*, and the cache has timm\/mobilenetv2_100\.ra_in1k, a pretrained mobilenet-v2 \(apache-2\.0/m,
      ),
    ]);
    expect(hub.requests).toEqual([]);
    const { from } = JSON.parse(await readFile(`${folder}/cached/run.json`, "utf8"));
    expect(from).toHaveLength(1);
  });

  test("may be an ONNX model", async () => {
    const out = `${folder}/hub-onnx`;
    const { code, error } = await trainWith({}, ...tiny, "--encoder", "lab/resnet", "--out", out);
    expect([code, error]).toEqual([0, expect.stringMatching(/onnx-[0-9a-f]{12}/)]);
    const written = `${folder}/hub-written.onnx`;
    expect((await tessera("export", out, "--weights", "onnx", "--out", written)).code).toBe(0);
    expect(JSON.stringify(decodeModel(readFileSync(written), written).metadata_props)).toMatch(
      /"licence".*mit \(lab\/resnet@/,
    );
  });

  test.each([
    ["a repository that there is not", "lab/nothing", {}, /lab\/nothing/],
    ["offline without cache", "lab/else", { HF_HUB_OFFLINE: "1" }, /HF_HUB_OFFLINE is set/],
  ])("is refused in one line for %s", async (_, source, extra, message) => {
    const out = `${folder}/refused`;
    expectOneLine(await trainWith(extra, ...tiny, "--encoder", source, "--out", out), message);
    await expect(readFile(`${out}/run.json`)).rejects.toThrow();
  });
});
