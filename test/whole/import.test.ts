/** Importing published weights as users do: what becomes of good files, and that bad ones leave nothing behind. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32 } from "../../src/array/ndarray.ts";
import { digests, expectOneLine, temporaryFolder, tessera, tesseraIn } from "../support/cli.ts";
import { call, dictionary, floats, global, npy, pickle, tensor, text, torchZip, zip } from "../support/pickles.ts";
import { bundle } from "../support/tensor-bundle.ts";

const golden = (name: string) => fileURLToPath(new URL(`../goldens/ddep/${name}`, import.meta.url));
const encoderFile = golden("R50+ViT-tiny.npz");
const networkFile = golden("transunet_tiny.pth");
/** What the shapes in these small files do not tell. */
const forEncoder = ["--set", "normGroups=4"];
const forNetwork = [...forEncoder, "--set", "heads=4"];

const classList = (count: number) => JSON.stringify({ classes: Array.from({ length: count }, (_, i) => `name ${i}`) });

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=2,val=2,test=1", "--out", `${folder}/data`);
  await mkdir(`${folder}/full`);
  await writeFile(`${folder}/full/notes.txt`, "mine");
  for (const count of [4, 5, 6]) await writeFile(`${folder}/classes${count}.json`, classList(count));
});

afterAll(() => remove());

describe("a published encoder", () => {
  test("becomes a run that training begins with, and that does not predict", async () => {
    const run = `${folder}/encoder`;
    const { code, out, error } = await tessera(
      "import",
      encoderFile,
      "--out",
      run,
      ...forEncoder,
      "--licence",
      "CC-BY-4.0",
    );
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/encoder of a ddep network.*\n.*go on with: node \S+ train DATASET --recipe NAME --from/);
    expect((await readdir(run)).sort()).toEqual(["checkpoints", "recipe.json", "run.json"]);
    const refused = await tessera("predict", run, `${folder}/data/images/val`, "--out", `${folder}/never`);
    expectOneLine(
      refused,
      /last stage so far is encoder\. Train on with: node \S+ train DATASET --from .* --steps N$/m,
    );
    const fine = `${folder}/fine`;
    const small = ["batchSize=1", "headChannels=16", "decoderChannels=8,8,8,8"].flatMap((each) => ["--set", each]);
    const trained = await tessera("train", `${folder}/data`, "--from", run, "--steps", "1", ...small, "--out", fine);
    expect(trained.error).toMatch(/finetune: decoder, head with first values/);
    expect(trained.code).toBe(0);
    expect(JSON.parse(await readFile(`${fine}/run.json`, "utf8"))).toMatchObject({ licence: "CC-BY-4.0" });
  });
});

describe("a whole published network", () => {
  const run = () => `${folder}/network`;

  test("predicts as it is, with the names that it is given, and so does its export", async () => {
    const classes = ["--classes", `${folder}/classes5.json`];
    const typed = ["import", networkFile, ...forNetwork, ...classes, "--licence", "Apache-2.0"];
    const { code, out } = await tessera(...typed, "--out", run(), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ method: "transunet", whole: true, stage: "train" });
    const images = `${folder}/data/images/val`;
    const model = `${folder}/model.onnx`;
    expect((await tessera("export", run(), "--out", model)).code).toBe(0);
    for (const [source, to] of [
      [run(), "a"],
      [model, "b"],
    ])
      expect((await tessera("predict", source, images, "--out", `${folder}/${to}`)).code).toBe(0);
    const masks = (of: string) => digests(`${folder}/${of}`, (path) => /\d\.png$/.test(path));
    expect(Object.keys(await masks("a"))).toEqual(["val_000000.png", "val_000001.png"]);
    expect(await masks("a")).toEqual(await masks("b"));
    expect(await readFile(`${folder}/a/val_000000.json`, "utf8")).toContain('"name 4"');
  });

  test("is not scored on a data set of other classes", async () => {
    const ended = await tessera("eval", run(), `${folder}/data`);
    expectOneLine(ended, /expected the classes of .*network, which has name 0 at index 0, got sky/);
  });

  test("does not replace a run", async () => {
    const before = await digests(run(), () => true);
    const ended = await tessera("import", networkFile, ...forNetwork, "--out", run());
    expectOneLine(ended, /network: expected an empty folder for the run, got other files\. Choose another --out/);
    expect(await digests(run(), () => true)).toEqual(before);
  });
});

describe("a TensorFlow checkpoint", () => {
  test.each(["ckpts/ckpt-1", "ckpts/ckpt-1.index", "ckpts/ckpt-1.data-00001-of-00002", "ckpts"])(
    "is read by the name %s, which is no name on the hub",
    async (name) => {
      await mkdir(`${folder}/ckpts`, { recursive: true });
      const weights = { "somebody/bias": float32([1], [0]), "somebody/kernel": float32([2], [1, 2]) };
      for (const [path, bytes] of Object.entries(bundle(`${folder}/ckpts/ckpt-1`, weights, 2)))
        await writeFile(path, bytes);
      const ended = await tesseraIn(folder, "import", name, "--out", "refused");
      expectOneLine(ended, /ckpts\/ckpt-1\.index: expected weights that a method can use .* such as somebody\/bias/);
      await rm(`${folder}/ckpts/ckpt-1.data-00001-of-00002`);
      expectOneLine(
        await tesseraIn(folder, "import", "ckpts/ckpt-1", "--out", "refused"),
        /ckpt-1\.data-00001-of-00002: expected file 2 of the 2 that hold the numbers, got nothing there/,
      );
      expect(existsSync(`${folder}/refused`)).toBe(false);
    },
  );
});

describe("refused, with one line and nothing left behind, is", () => {
  const [encoder, network] = [() => readFile(encoderFile), () => readFile(networkFile)];
  const system = call(global("os", "system"), text("touch PROOF"));
  const two = { "0": floats(1, 2) };
  const named = (name: string) => torchZip(dictionary({ [name]: tensor({ count: 2, shape: [2] }) }), two);
  const huge = npy({ shape: "(100000, 100000, 100000)" });

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, RegExp]>([
    ["an empty file", () => new Uint8Array(0), /expected a file of weights, got an empty file\. Fetch it again/],
    [
      "zeros",
      () => new Uint8Array(5000),
      /expected a file of weights \(npz, PyTorch, safetensors, MXNet, or a TensorFlow checkpoint\), got other bytes/,
    ],
    [
      "a PNG",
      () => readFile(`${folder}/data/masks/val/val_000000.png`),
      /expected a file of weights .* got other bytes/,
    ],
    [
      "the beginning of an npz",
      async () => (await encoder()).subarray(0, 200_000),
      /expected a zip archive's directory/,
    ],
    [
      "an npz without its last bytes",
      async () => (await encoder()).subarray(0, -10),
      /expected a zip archive's directory/,
    ],
    [
      "an npz with a changed byte",
      async () => (await encoder()).fill(7, 200_000, 200_001),
      /with its checksum, got another/,
    ],
    [
      "the beginning of a .pth",
      async () => (await network()).subarray(0, 300_000),
      /expected a zip archive's directory/,
    ],
    [
      "a .pth with a changed byte",
      async () => (await network()).fill(7, 300_000, 300_001),
      /with its checksum, got another/,
    ],
    ["a pickle that runs a command", () => pickle(system), /expected only tensors, got a call of os\.system/],
    [
      "the same in PyTorch's zip",
      () => torchZip(system),
      /got a call of os\.system, which could run code\. Do not use/,
    ],
    [
      "a header of huge sizes",
      () => zip([{ name: "conv_root/kernel.npy", data: huge }]),
      /got 8\. The file is damaged/,
    ],
    [
      "a zip that unpacks to far more",
      () => zip([{ name: "conv_root/kernel.npy", data: new Uint8Array(2e8), deflate: true }]),
      /expected at most \d+ bytes once unpacked, got 200000000/,
    ],
    [
      "a name that leads elsewhere",
      () => zip([{ name: "../../a.npy", data: npy() }]),
      /expected the names of a hybrid ViT/,
    ],
    [
      "an encoder",
      () => named("conv1.weight"),
      /expected weights of a whole network, got names of an encoder .* --encoder /,
    ],
    [
      "a part of a network",
      () => named("segmentation_head.0.weight"),
      /expected a weight encoder\.patches\.weight, got none/,
    ],
  ])("%s", async (_, content, message) => {
    const file = `${folder}/file`;
    await writeFile(file, await content());
    const before = await readdir(folder);
    expectOneLine(await tessera("import", file, ...forNetwork, "--out", `${folder}/refused`), message);
    expect(await readdir(folder)).toEqual(before);
    expect(existsSync("PROOF")).toBe(false);
  });

  test.each<[number, string, RegExp]>([
    [1, "NETWORK --classes HERE/classes4.json", /expected 5 classes, as its head has outputs, got 4 in the list/],
    [1, "NETWORK --classes HERE/classes6.json", /expected 5 classes, as its head has outputs, got 6 in the list/],
    [1, "NETWORK --classes HERE/nowhere.json", /nowhere\.json: expected a classes\.json, got no such file/],
    [1, "NETWORK --classes HERE/full/notes.txt", /notes\.txt: expected a JSON object, got broken JSON/],
    [1, "ENCODER --classes HERE/classes5.json", /expected a head with a class for each name, got no head/],
    [1, "NETWORK --set layers=1", /expected weights of the network alone, got encoder\.layer2\./],
    [
      1,
      "NETWORK --set skips=2",
      /decoder\.block3\.unit1\.conv\.weight of shape \[12, 16, 3, 3\], got \[12, 28, 3, 3\]/,
    ],
    [2, "NETWORK --set normGroups=5", /stemWidth must be a multiple of normGroups \(5\), got 12/],
    [2, "NETWORK --set head=4", /unknown key "head"\. Did you mean heads\?/],
    [2, "ENCODER --patch-only", /expected an ordinary ViT for --patch-only, got a hybrid\. Leave --patch-only out/],
    [1, "HERE/nowhere.npz", /nowhere\.npz: expected a readable file, got nothing there/],
    [1, "HERE/data", /data: expected one file of weights, got captions\.jsonl, /],
    [1, "NETWORK --out HERE/full", /full: expected an empty folder for the run, got other files/],
    [1, "NETWORK --out HERE/classes5.json", /classes5\.json: expected a folder for the run, got a file/],
    [1, "NETWORK --out HERE/classes5.json/run", /classes5\.json/],
  ])("%i: tessera import %s", async (code, typed, message) => {
    const before = await readdir(folder, { recursive: true });
    const words = typed.split(" ").map((word) => word.replace("HERE", folder));
    const given = words.map((word) => (word === "NETWORK" ? networkFile : word === "ENCODER" ? encoderFile : word));
    const out = typed.includes("--out") ? [] : ["--out", `${folder}/refused`];
    const ended = await tessera("import", ...forNetwork, ...given, ...out);
    expectOneLine(ended, message, code);
    expect(ended.out).toBe("");
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});
