/** GroupViT's tables as users run them, tiny: no masks to train on, no shares of labels; gone on with, judged, drawn. */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import { digests, expectOneLine, temporaryFolder, tessera } from "../support/cli.ts";

const tiny = [
  ...["steps=2", "warmupSteps=1", "batchSize=4", "imageSize=32", "cropHeight=32", "cropWidth=32", "width=48"],
  ...["textWidth=16", "textHeads=2", "projectionHidden=32", "projectionWidth=16", "textContext=24"],
  ...["shortSide=64", "windowSide=64", "longSide=256"],
].flatMap((setting) => ["--set", setting]);

let folder: string;
let remove: () => Promise<void>;
/** Photographs with captions to train on, and with masks to score on. */
let data: string;

const study = (...more: readonly string[]) =>
  tessera("study", "groupvit", data, "--parts", "stages", "--out", `${folder}/study`, ...tiny, ...more);

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  data = `${folder}/data`;
  await writeScenes(platform, "scenes:size=96x64,train=8,val=2,test=1,classes=coarse,kind=street", data);
  await rm(`${data}/masks/train`, { recursive: true });
});
afterAll(() => remove());

test("arms train on captions alone and are scored by masks; a claim of one seed is not held; more seeds go on", async () => {
  const first = await study("--seeds", "1");
  expect(first).toMatchObject({ code: 0 });
  expect(first.out).toMatch(/^ +mean IoU\nhard-multi +[\d.]+\ntwo-stages +[\d.]+$/m);
  expect(first.out).not.toMatch(/^held/m);
  expect(first.out).toMatch(/two grouping stages are better than one \(two-stages − hard-multi .[\d.]+ \(one seed\)\)/);
  const before = await digests(`${folder}/study/runs`, () => true);
  const { code, out, error } = await study();
  expect(code).toBe(0);
  expect(error.match(/: done$/gm)).toHaveLength(2);
  expect(error).toContain("run 4 of 4: two-stages, seed 1");
  expect(out).toMatch(
    /(held|NOT held) +two grouping stages are better than one \(two-stages − hard-multi .[\d.]+ ± [\d.]+\)/,
  );
  expect(await digests(`${folder}/study/runs`, (path) => path.includes("seed0"))).toEqual(before);
  const page = await readFile(`${folder}/study/index.html`, "utf8");
  expect(page).toContain('alt="two-stages val_000000"');
  expect(page).not.toContain("of the labels");
  expect(await readFile(`${folder}/study/plot.svg`, "utf8")).toContain("two-stages");
});

test("shares of the labels and data without masks to score on are refused in one line", async () => {
  const out = `${folder}/refused`;
  const asked = ["study", "groupvit", "--out", out, ...tiny];
  expectOneLine(
    await tessera(...asked, data, "--fractions", "1/8"),
    /no shares of the labels, .* Leave --fractions out/,
    2,
  );
  await mkdir(`${folder}/bare`);
  for (const part of ["images", "captions.jsonl"]) {
    await cp(`${data}/${part}`, `${folder}/bare/${part}`, { recursive: true });
  }
  expectOneLine(await tessera(...asked, `${folder}/bare`), /bare: expected .*, got/);
  expect(existsSync(out)).toBe(false);
});
