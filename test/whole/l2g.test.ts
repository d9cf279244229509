/** L2G as users run it: from tags alone to pseudo masks, and these to another method; saliency where there is none. */
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import { expectOneLine, temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;
/** Photographs with tags to train on, and with masks to score on. */
let data: string;

const train = (out: string, ...more: readonly string[]) =>
  tessera("train", data, "--recipe", "l2g-tiny", "--threads", "1", "--out", `${folder}/${out}`, ...more);

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  data = `${folder}/data`;
  await writeScenes(platform, "scenes:size=64,train=4,val=2,test=1,classes=coarse", data);
  await rm(`${data}/saliency`, { recursive: true, force: true });
});
afterAll(() => remove());

test("saliency maps are written for every split, and what is there stays", async () => {
  const { code, out } = await tessera("saliency", data);
  expect([code, out]).toEqual([0, expect.stringMatching(/^7 maps written$/m)]);
  expect(await readdir(`${data}/saliency/train`)).toHaveLength(4);
  const again = await tessera("saliency", data);
  expect(again).toMatchObject({ code: 0, error: expect.stringContaining("7 maps were there already") });
  expectOneLine(
    await tessera("saliency", `${data}/images/train`),
    /expected a folder for the maps, .* Write --out FOLDER/,
    1,
  );
});

test("a pair makes pseudo masks that are scored by masks, with pictures and maps, and says that its encoder is random", async () => {
  const { code, error } = await train(
    "pair",
    "--set",
    "steps=0",
    "--set",
    "camMaps=png",
    "--set",
    "camThreshold=0.05",
    "--set",
    "camSaliency=mean",
  );
  expect([code, error]).toEqual([
    0,
    expect.stringMatching(/^l2g-tiny: its encoder mobilenet-v2 begins with random weights/m),
  ]);
  expect(error).toMatch(/^step 3: mean IoU [\d.]+ %, (pixels with a label [\d.]+ %, )?mean IoU at 0\.05 [\d.]+ %/m);
  const masks = (await readdir(`${folder}/pair/labels/cam`)).filter((name) => name.endsWith(".mask.png"));
  expect(masks).toHaveLength(4);
  expect((await readdir(`${folder}/pair/maps/cam`)).every((name) => /^train_\d+_\d+\.png$/.test(name))).toBe(true);
  const report = await readFile(`${folder}/pair/report.html`, "utf8");
  for (const shown of [
    "pseudo mask",
    "Stage attention, as it trained",
    "local views put together",
    "of the transfer",
  ]) {
    expect(report, shown).toContain(shown);
  }
});

test("a pair shows its target on photographs without tags, and is scored by it", async () => {
  const photographs = `${data}/images/val`;
  const shown = await tessera("show", `${folder}/pair`, photographs, "--out", `${folder}/inside`, "--threads", "1");
  expect(shown).toMatchObject({ code: 0 });
  const names = await readdir(`${folder}/inside`);
  for (const [name, count] of [
    [/^val_\d+\.transfer-target\.png$/, 2],
    [/^val_\d+\.transfer-local-.+\.png$/, 2],
  ] as const) {
    expect(names.filter((each) => name.test(each)).length, String(name)).toBeGreaterThanOrEqual(count);
  }
  const scored = await tessera("eval", `${folder}/pair`, data, "--trials", "--threads", "1");
  expect(scored).toMatchObject({ code: 0, out: expect.stringMatching(/^transfer loss [\d.e-]+$/m) });
});

test("a pair goes on without being trained again, and any recipe learns from its masks", async () => {
  const on = await train("on", "--from", `${folder}/pair`, "--set", "camThreshold=0.4");
  expect(on).toMatchObject({ code: 0, error: expect.stringContaining("stage 1 of 2, cam") });
  expect(existsSync(`${folder}/on/scores.json`)).toBe(true);
  const other = ["--set", "cropHeight=64", "--set", "cropWidth=64", "--set", "batchSize=2", "--set", "warmupSteps=1"];
  const then = await tessera(
    ...["train", data, "--recipe", "unet-mobilenet", "--masks-from", `${folder}/pair`, "--threads", "1"],
    ...["--steps", "2", "--out", `${folder}/then`, ...other],
  );
  expect(then).toMatchObject({ code: 0 });
  const { dataset } = JSON.parse(await readFile(`${folder}/then/run.json`, "utf8")) as { dataset: { place: object } };
  expect(dataset.place).toMatchObject({ masksFrom: `${folder}/pair` });
  const wrong = [
    "train",
    data,
    "--recipe",
    "unet-mobilenet",
    "--masks-from",
    `${folder}/then`,
    "--out",
    `${folder}/no`,
  ];
  expectOneLine(
    await tessera(...wrong),
    /expected a run that writes masks, such as one of l2g-small, got one of unet-mobilenet/,
    1,
  );
});

test("a run that has left its pair behind still has it: for its pass again, and for the release's code", async () => {
  const brief = ["attentionSteps=2", "steps=4", "checkpointEvery=1"];
  const full = await train("full", ...brief.flatMap((setting) => ["--set", setting]));
  expect(full).toMatchObject({ code: 0 });
  const kept = [2, 3, 6, 7].map((step) => `step-0000000${step}`);
  expect(await readdir(`${folder}/full/checkpoints`)).toEqual(kept);

  const from = ["--from", `${folder}/full`, "--set", "camThreshold=0.4"];
  const again = await train("again", ...from, "--set", "attentionSteps=0", "--set", "steps=0");
  expect(again).toMatchObject({
    code: 0,
    error: expect.stringContaining("full: cam begins with what stage attention left, at step 2"),
  });
  const anew = await tessera("train", data, ...from, "--set", "steps=0", "--threads", "1", "--out", `${folder}/anew`);
  expect(anew).toMatchObject({
    code: 0,
    error: expect.stringContaining(
      "attention is trained again, from what stage train left. To take it as it was: --set attentionSteps=0",
    ),
  });

  const file = `${folder}/pair.pth`;
  // The pair is found; that the release has no such encoder is said of it.
  const exported = () => tessera("export", `${folder}/full`, "--weights", "l2g", "--out", file);
  expectOneLine(await exported(), /full: expected a pair on resnet38 or vgg16.*got mobilenet-v2/, 1);
  for (const step of [2, 3]) await rm(`${folder}/full/checkpoints/step-0000000${step}`, { recursive: true });
  expectOneLine(
    await train("no", ...from, "--set", "attentionSteps=0"),
    /full: expected a checkpoint of stage attention, got those of other stages alone/,
    1,
  );
  expectOneLine(await exported(), /full: expected weights of what l2g writes.*--set steps=0/, 1);
});

test("without steps of its own a pair is asked for", async () => {
  await writeFile(`${folder}/note.txt`, "");
  expectOneLine(await train("none", "--set", "attentionSteps=0"), /stage cam expected a pair of networks/, 1);
});

test("photographs without a saliency map are learned from where the paper's fallback is asked for, and counted where they are not", async () => {
  const [name] = await readdir(`${data}/saliency/train`);
  await rm(`${data}/saliency/train/${name}`);
  const shape = ["--set", "saliency=true", "--set", "steps=0", "--set", "attentionSteps=1"];
  const paper = await train("paper", ...shape, "--set", "saliencyFallback=paper");
  expect(paper).toMatchObject({ code: 0, error: expect.stringContaining("cam: a pass over 4 images") });
  expect(paper.error).toContain("1 of 4 images have no saliency map; l2g-tiny does without it there");
  const release = await train("release", ...shape, "--set", "saliencyFallback=release");
  expect(release).toMatchObject({ code: 0, error: expect.stringContaining("cam: a pass over 3 images") });
  expect(release.error).toContain("1 of 4 images without saliency map, which l2g-tiny leaves out");
  expect(release.error).not.toContain("ddep");
  await rm(`${data}/saliency`, { recursive: true });
  const none = await train("no-maps", ...shape, "--set", "saliencyFallback=paper", "--set", "camSaliency=mean");
  expect(none).toMatchObject({ code: 0, error: expect.stringContaining("4 of 4 images have no saliency map") });
});
