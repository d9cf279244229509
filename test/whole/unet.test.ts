/** Training that begins with a pretrained encoder, as users do it: from files, from runs, and what bad files get. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { findEncoder } from "../../src/backbones/encoders.ts";
import { publishedNames } from "../../src/backbones/published.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { digests, expectOneLine, stopped, temporaryFolder, tessera } from "../support/cli.ts";
import { freshWeights } from "../support/weights.ts";

let folder: string;
let remove: () => Promise<void>;
let weights: Named<NdArray>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=6,val=2,test=1", "--out", `${folder}/data`);
  const model = new Model();
  findEncoder("mobilenet-v2").features(model.scope, input("image", [1, 3, 64, 64]), {});
  weights = publishedNames("mobilenet-v2", freshWeights(model));
  await writeFile(`${folder}/mobilenet.safetensors`, writeSafetensors(weights));
});

afterAll(() => remove());

const train = (...args: string[]) => tessera("train", `${folder}/data`, ...args);
const tiny = ["--recipe", "unet-tiny"];

describe("a published encoder", () => {
  test("is begun with, trained on, predicts, and is itself an encoder for another run", async () => {
    const run = `${folder}/run`;
    const { code, error } = await train(
      ...tiny,
      "--encoder",
      `${folder}/mobilenet.safetensors`,
      "--steps",
      "3",
      "--out",
      run,
    );
    expect([code, error]).toEqual([0, expect.stringMatching(/train: decoder, head with first values/)]);
    const record = JSON.parse(await readFile(`${run}/run.json`, "utf8"));
    expect(record.from).toEqual([{ source: `${folder}/mobilenet.safetensors`, stage: "encoder" }]);
    const predicted = await tessera("predict", run, `${folder}/data/images/val`, "--out", `${folder}/predicted`);
    expect(predicted.code).toBe(0);
    const exported = await tessera("export", run, "--out", `${folder}/model.onnx`);
    expect(exported.code).toBe(0);
    const written = `${folder}/encoder.safetensors`;
    expect((await tessera("export", run, "--weights", "timm", "--out", written)).code).toBe(0);
    expectOneLine(
      await tessera("export", run, "--weights", "keras", "--out", `${folder}/never.safetensors`),
      /mobilenet-v2: expected names of torchvision or timm, got "keras"\. Choose one of them\./,
    );
    const back = await train(...tiny, "--encoder", written, "--steps", "1", "--out", `${folder}/back`);
    expect([back.code, back.error]).toEqual([0, expect.stringMatching(/train: decoder, head with first values/)]);
    const again = await train(...tiny, "--encoder", run, "--steps", "1", "--out", `${folder}/again`);
    expect([again.code, again.error]).toEqual([0, expect.stringMatching(/train: decoder, head with first values/)]);
  });

  test("chooses the recipe where none is named, and says why", async () => {
    const small = ["batchSize=1", "cropHeight=64", "cropWidth=64"].flatMap((each) => ["--set", each]);
    const out = `${folder}/chosen`;
    const { code, error } = await train(
      "--encoder",
      `${folder}/mobilenet.safetensors`,
      "--steps",
      "1",
      ...small,
      "--out",
      out,
    );
    expect([code, error]).toEqual([
      0,
      expect.stringMatching(/^recipe unet-mobilenet: .* a pretrained mobilenet-v2 is given/m),
    ]);
  });

  test("is kept first, then trained, and a run goes on in the middle as if it had not stopped", async () => {
    const stages = [
      "--set",
      "frozenSteps=2",
      "--set",
      "steps=2",
      "--set",
      "checkpointEvery=1",
      "--set",
      "keepCheckpoints=9",
    ];
    const begun = [...tiny, "--encoder", `${folder}/mobilenet.safetensors`, ...stages];
    expect((await train(...begun, "--out", `${folder}/whole`)).code).toBe(0);
    expect((await train(...begun, "--set", "encoderRate=0", "--out", `${folder}/kept`)).code).toBe(0);
    const lines = (await readFile(`${folder}/whole/metrics.jsonl`, "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).stage)).toEqual(expect.arrayContaining(["frozen", "train"]));
  });

  test("begins DDeP: denoising behind it, then fine-tuning", async () => {
    const small = ["batchSize=1", "cropHeight=64", "cropWidth=64", "denoiseBatchSize=1", "denoiseSteps=1", "steps=1"];
    const sides = ["denoiseCropHeight=64", "denoiseCropWidth=64", "decoderChannels=8,8,8,8,8"];
    const settings = [...small, ...sides].flatMap((each) => ["--set", each]);
    const given = ["--recipe", "ddep-mobilenet", "--encoder", `${folder}/mobilenet.safetensors`, ...settings];
    const { code, error } = await train(...given, "--out", `${folder}/ddep`);
    expect([code, error]).toEqual([0, expect.stringMatching(/encoderSteps: 2000 → 0/)]);
    const record = JSON.parse(await readFile(`${folder}/ddep/run.json`, "utf8"));
    expect(record.from[0].stage).toBe("encoder");
  });
});

describe("behind an encoder whose features are kept on disk", () => {
  const settings = ["cacheMegabytes=50", "encoderRate=0", "decoder=linear", "checkpointEvery=2", "keepCheckpoints=9"];
  const cached = [...tiny, ...settings.flatMap((each) => ["--set", each]), "--steps", "4"];
  const encoder = () => ["--encoder", `${folder}/mobilenet.safetensors`];
  const run = () => `${folder}/cached`;
  const isKept = (path: string) => /safetensors$|recipe\.json|metrics/.test(path);

  test("training ends with a whole model, and without the features", async () => {
    const { code, error } = await train(...cached, ...encoder(), "--out", run());
    expect([code, error]).toEqual([
      0,
      expect.stringMatching(/features: a pass over 6 images[\s\S]*decoder, head with first/),
    ]);
    expect(await readdir(`${run()}/labels`)).toEqual([]);
    const lines = (await readFile(`${run()}/metrics.jsonl`, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ stage, step }) => [stage, step])).toContainEqual(["train", 5]);
    expect(lines.at(-1).measures[0].name).toBe("mean IoU");
    expect((await tessera("predict", run(), `${folder}/data/images/val`, "--out", `${folder}/cached-masks`)).code).toBe(
      0,
    );
    const scored = await tessera("eval", run(), `${folder}/data`, "--json");
    expect(JSON.parse(scored.out).measures[0].value).toBeGreaterThanOrEqual(0);
  });

  test("the encoder's weights are those that were given", async () => {
    const names = await readdir(`${run()}/checkpoints`);
    const file = await readFile(`${run()}/checkpoints/${names.at(-1)}/weights.safetensors`);
    const { tensors } = readSafetensors(file);
    const own = Object.entries(tensors).filter(([name]) => name.startsWith("encoder."));
    const given = publishedNames(
      "mobilenet-v2",
      Object.fromEntries(own.map(([name, array]) => [name.slice(8), array])),
    );
    expect(given).toEqual(weights);
  });

  test("a run that was stopped, in the pass and behind it, ends with the same bytes", async () => {
    const out = `${folder}/cached-stopped`;
    const all = ["train", `${folder}/data`, ...cached, "--out", out];
    await stopped([...all, ...encoder()], { after: "labels/features/train_000002.json" }, "SIGKILL");
    const first = `${out}/labels/features/train_000000.features.safetensors`;
    const { mtimeMs } = await stat(first);
    expectOneLine(
      await tessera(...all, "--resume"),
      /expected the weights of .*mobilenet\.safetensors again, as the run has no checkpoint yet, got none\. Add --encoder /,
    );
    await stopped([...all, ...encoder(), "--resume"], { after: "checkpoints/step-00000002" }, "SIGINT");
    expect((await stat(first)).mtimeMs).toBe(mtimeMs); // computed once
    expect((await tessera(...all, "--resume")).code).toBe(0);
    expect(await digests(out, isKept)).toEqual(await digests(run(), isKept));
    // Killed as it cleared up, it has nothing left but that.
    await mkdir(`${out}/labels/features`);
    expect((await tessera(...all, "--resume")).code).toBe(0);
    expect(await readdir(`${out}/labels`)).toEqual([]);
  });

  test("a part of the labels, U-Net's own decoder, and a run to begin with are taken as elsewhere", async () => {
    const unet = ["--set", "decoder=unet", "--set", "decoderChannels=8,8,8", "--label-fraction", "1/3"];
    const { code, error } = await train(...cached, ...unet, ...encoder(), "--out", `${folder}/part`);
    expect([code, error]).toEqual([0, expect.stringMatching(/features: a pass over 2 images/)]);
    const further = await train("--from", run(), "--steps", "1", "--out", `${folder}/further`);
    expect([further.code, further.error]).toEqual([0, expect.not.stringMatching(/first values/)]);
  });

  test.each<[string, () => string[], RegExp, number]>([
    [
      "more features than may be kept",
      () => [...encoder(), "--set", "cacheMegabytes=0.01"],
      /recipe unet-tiny: expected stage features to write at most 0\.01 MB, got about 0\.0238 MB for 6 photographs\. Add --set cacheMegabytes=1, or lower --short-side or cacheSide\./,
      1,
    ],
    [
      "no encoder",
      () => [],
      /stage features expected a pretrained encoder, got no weights to begin with\. Add --encoder /,
      1,
    ],
    [
      "an encoder that is to train",
      () => [...encoder(), "--set", "encoderRate=1"],
      /encoderRate must be 0 where features/,
      2,
    ],
  ])("%s is refused in one line, with nothing written", async (name, more, message, code) => {
    const out = `${folder}/never-${name.replaceAll(" ", "-")}`;
    expectOneLine(await train(...cached, ...more(), "--out", out), message, code);
    expect(existsSync(out)).toBe(false);
  });
});

describe("refused with one line, and nothing written, is", () => {
  test.each<[string, () => Promise<string>, RegExp]>([
    [
      "a file that is cut off",
      async () => {
        const whole = await readFile(`${folder}/mobilenet.safetensors`);
        return file("cut.safetensors", whole.subarray(0, 5000));
      },
      /cut\.safetensors: /,
    ],
    [
      "another network's",
      () =>
        file(
          "other.safetensors",
          writeSafetensors({ "a.b": weights["classifier.1.weight"] ?? Object.values(weights)[0] }),
        ),
      /expected weights of mobilenet-v2, .* got names such as a\.b/,
    ],
    [
      "one that lacks a weight",
      () => {
        const { "features.5.conv.1.0.weight": _, ...rest } = weights;
        return file("lacks.safetensors", writeSafetensors(rest));
      },
      /expected the weights of mobilenet-v2 \(torchvision\), got none called features\.5\.conv\.1\.0\.weight/,
    ],
    [
      "no file of weights",
      () => file("page.html", Buffer.from("<html>not found</html>")),
      /expected a file of weights/,
    ],
    [
      "nothing there",
      async () => `${folder}/nowhere`,
      /expected a file of weights, an ONNX file or a run, got nothing there/,
    ],
    [
      "a folder that is no run",
      async () => `${folder}/data`,
      /expected a file of weights, an ONNX file or a run, got another folder/,
    ],
  ])("%s", async (name, make, message) => {
    const out = `${folder}/never-${name.replaceAll(" ", "-")}`;
    expectOneLine(await train(...tiny, "--encoder", await make(), "--steps", "1", "--out", out), message);
    expect(existsSync(out)).toBe(false);
  });

  test("weights of another encoder than the recipe's own are taken, of a recipe whose encoder cannot be another, not", async () => {
    const given = ["--encoder", `${folder}/mobilenet.safetensors`, "--steps", "1", "--out", `${folder}/never`];
    expectOneLine(
      await train("--recipe", "transunet-tiny", ...given),
      /expected the weights of a hybrid vision transformer .*a recipe that has the key encoder/,
    );
  });
});

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(`${folder}/${name}`, bytes);
  return `${folder}/${name}`;
}
