/** MaX-DeepLab as users run it: from panoptic segments to segments of new photographs. */
import { cp, mkdir, readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import { digests, expectOneLine, stopped, temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;
let data: string;
let run: string;
let photograph: string;

const brief = ["--recipe", "maxdeeplab-tiny", "--set", "checkpointEvery=2", "--set", "keepCheckpoints=9"];

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  data = `${folder}/data`;
  run = `${folder}/run`;
  await writeScenes(platform, "scenes:size=96x64,train=6,val=2,test=1,classes=coarse,kind=street", data);
  photograph = `${data}/images/val/val_000000.jpg`;
  const trained = await tessera("train", data, ...brief, "--steps", "4", "--out", run);
  expect(trained, trained.error).toMatchObject({ code: 0 });
});
afterAll(() => remove());

interface SegmentRecord {
  readonly id: number;
  readonly class: string;
  readonly isthing: number;
  readonly area: number;
  readonly score: number;
}
const segmentsOf = async (out: string) =>
  (JSON.parse(await readFile(`${out}/val_000000.json`, "utf8")) as { segments: SegmentRecord[] }).segments;

test("a run that is killed and resumed ends with the weights of one that never stopped", async () => {
  const half = `${folder}/half`;
  const args = ["train", data, ...brief, "--steps", "4", "--out", half];
  await stopped(args, { after: "checkpoints/step-00000002" }, "SIGKILL");
  expect(await tessera(...args, "--resume")).toMatchObject({ code: 0 });
  const isWeight = (path: string) => path.includes("step-00000004") && path.endsWith(".safetensors");
  const resumed = await digests(half, isWeight);
  expect(Object.keys(resumed).length).toBeGreaterThan(0);
  expect(resumed).toEqual(await digests(run, isWeight));
});

test("a run is scored by panoptic quality, and by the mean IoU of every pixel's class", async () => {
  const { code, out } = await tessera("eval", run, data);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^PQ \d+\.\d %, SQ \d+\.\d %, RQ \d+\.\d %, PQ of things \d+\.\d %, PQ of stuff \d+\.\d %, mean IoU \d+\.\d %$/m,
  );
});

test("the curves of its training are a page of their own", async () => {
  const out = `${folder}/curves`;
  expect(await tessera("show", run, "--curves", "--out", out)).toMatchObject({ code: 0, out: `${out}/curves.html\n` });
  const page = await readFile(`${out}/curves.html`, "utf8");
  for (const text of ["4 steps so far", "matchedClass", "rightByInstance"]) expect(page).toContain(text);
  expectOneLine(
    await tessera("show", run, photograph, "--curves", "--out", out),
    /expected no photographs with --curves/,
    2,
  );
});

test("things are written as COCO's instances", async () => {
  const out = `${folder}/instances`;
  const args = ["--instances", "rle", "--segment-ids", "two-channel", "--out", out];
  expect(await tessera("predict", run, photograph, ...args)).toMatchObject({ code: 0 });
  const things = (await segmentsOf(out)).filter(({ isthing }) => isthing === 1);
  const { annotations } = JSON.parse(await readFile(`${out}/instances.json`, "utf8")) as { annotations: object[] };
  expect(annotations).toHaveLength(things.length);
});

test("prediction writes segments as COCO has them, at the photograph's own size", async () => {
  const out = `${folder}/segments`;
  expect(await tessera("predict", run, photograph, "--out", out)).toMatchObject({ code: 0 });
  const segments = await segmentsOf(out);
  expect(segments.length).toBeGreaterThan(0);
  const { width, height, channels, data: pixels } = await platform.decodeMask(`${out}/val_000000.panoptic.png`);
  expect([width, height, channels]).toEqual([96, 64, 3]);
  const areas = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const id = pixels[at] + 256 * pixels[at + 1] + 65536 * pixels[at + 2];
    areas.set(id, (areas.get(id) ?? 0) + 1);
  }
  expect(new Map(segments.map(({ id, area }) => [id, area]))).toEqual(new Map([...areas].filter(([id]) => id !== 0)));
  for (const { score } of segments) expect(score).toBeGreaterThan(0);
});

test("how sure pixels are is written where it is asked for; scores of classes a panoptic model does not have", async () => {
  const out = `${folder}/confidence`;
  const args = ["predict", run, photograph, "--out", out, "--formats"];
  expect(await tessera(...args, "confidence")).toMatchObject({ code: 0 });
  const { width, height, data: grey } = await platform.decodeMask(`${out}/val_000000.confidence.png`);
  expect([width, height]).toEqual([96, 64]);
  expect(Math.max(...grey)).toBeGreaterThan(0);
  expectOneLine(await tessera(...args, "probabilities"), /Leave probabilities out, or write confidence/, 1);
});

test("the pixel path learns tags first, and segments begin with it", async () => {
  const out = `${folder}/classified`;
  const args = ["train", data, ...brief, "--set", "classifySteps=1", "--steps", "2", "--out", out];
  const { code, error } = await tessera(...args);
  expect(code).toBe(0);
  expect(error).toContain("stage 1 of 2, classify");
  expect(error).toContain("mean average precision");
  expect(error).toMatch(/train: (?!.*backbone).*with first values/);
});

test("a threshold of prediction is set without training again", async () => {
  const out = `${folder}/nothing`;
  expect(await tessera("predict", run, photograph, "--set", "classThreshold=1", "--out", out)).toMatchObject({
    code: 0,
  });
  expect(await segmentsOf(out)).toEqual([]);
  const refused = await tessera("predict", run, photograph, "--set", "classThreshold=2", "--out", `${folder}/none`);
  expectOneLine(refused, /classThreshold must be a number from 0 to 1, got 2/, 2);
});

test("an exported file predicts the same, and gives ids and segments in plain ONNX Runtime", async () => {
  const file = `${folder}/model.onnx`;
  expect(await tessera("export", run, "--out", file)).toMatchObject({ code: 0 });
  const [own, exported] = [`${folder}/own`, `${folder}/exported`];
  expect(await tessera("predict", run, photograph, "--out", own)).toMatchObject({ code: 0 });
  expect(await tessera("predict", file, photograph, "--out", exported)).toMatchObject({ code: 0 });
  const isMap = (path: string) => path.endsWith(".png") && !path.includes("overlay");
  const [before, after] = [await digests(own, isMap), await digests(exported, isMap)];
  for (const name of ["val_000000.png", "val_000000.panoptic.png"]) expect(after[name]).toBe(before[name]);

  const session = await InferenceSession.create(file);
  const { width, height, data: pixels } = await platform.decodeImage(photograph);
  const image = new Tensor("uint8", pixels, [height, width, 3]);
  const found = await session.run({ image });
  const ids = new Set(Array.from(found["output:panoptic"].data as Int32Array).filter((id) => id !== 0));
  const slots = new Set(Array.from(found["output:ids"].data as Int32Array));
  expect(ids.size).toBeGreaterThan(0);
  for (const id of ids) expect(slots.has(id)).toBe(true);
  await session.release();
});

test("photographs are seen larger in prediction than in training, also by an exported file", async () => {
  const file = `${folder}/wide.onnx`;
  const wide = ["--set", "predictionHeight=97", "--set", "predictionWidth=145"];
  const predict = (from: string, name: string, ...more: string[]) =>
    tessera("predict", from, photograph, ...more, "--out", `${folder}/${name}`);
  expect(await tessera("export", run, ...wide, "--out", file)).toMatchObject({ code: 0 });
  for (const done of [
    await predict(run, "usual"),
    await predict(run, "wide", ...wide),
    await predict(file, "wide-file"),
  ]) {
    expect(done, done.error).toMatchObject({ code: 0 });
  }
  const map = async (name: string) =>
    (await digests(`${folder}/${name}`, (path) => path.endsWith("0.panoptic.png")))["val_000000.panoptic.png"];
  expect(await map("wide-file")).toBe(await map("wide"));
  expect(await map("usual")).not.toBe(await map("wide"));
  const refused = await predict(run, "refused", "--set", "predictionHeight=96");
  expectOneLine(refused, /predictionHeight must be 0, or a multiple of 16, plus 1, .* got 96\. Try 97/, 2);
});

test("training without segments is refused", async () => {
  const masks = `${folder}/masks`;
  await writeScenes(platform, "scenes:size=64,train=2,val=1,test=1,classes=coarse", `${folder}/whole`);
  await mkdir(masks);
  for (const part of ["images", "masks", "classes.json"])
    await cp(`${folder}/whole/${part}`, `${masks}/${part}`, { recursive: true });
  expectOneLine(await tessera("train", masks, ...brief, "--steps", "1", "--out", `${folder}/refused`), /panoptic/);
});
