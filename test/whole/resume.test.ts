/** Going on with runs: longer, from a folder that was moved, after masks were repainted, without saying again what the run knows. */
import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectOneLine, temporaryFolder, tessera } from "../support/cli.ts";
import { greyPng } from "../support/pictures.ts";

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await tessera("scenes", "size=64,train=6,val=2,test=1,classes=coarse", "--out", `${folder}/data`);
  const small = ["--recipe", "transunet-tiny", "--set", "batchSize=1"];
  const { code } = await tessera(
    "train",
    `${folder}/data`,
    ...small,
    "--steps",
    "2",
    "--label-count",
    "5",
    "--out",
    `${folder}/run`,
  );
  expect(code).toBe(0);
});

afterAll(() => remove());

test("a run that has ended goes on with more steps, and needs nothing said again", async () => {
  const run = `${folder}/longer`;
  await cp(`${folder}/run`, run, { recursive: true });
  const { code, error } = await tessera("train", "--resume", run, "--steps", "4");
  expect(code).toBe(0);
  expect(error).toContain(
    `${run}: made longer, from 2 to 4 steps; from here on the learning rate is that of the longer run.`,
  );
  expect(error).toContain(`${run}: going on at step 2 of 4.`);
  expect((JSON.parse(await readFile(`${run}/recipe.json`, "utf8")) as { steps: number }).steps).toBe(4);
  expect((await tessera("train", "--resume", "--out", run)).error).toContain("going on at step 4 of 4");
});

test("a folder that was moved is named again, and repainted masks are noticed", async () => {
  const run = `${folder}/moved-run`;
  await cp(`${folder}/run`, run, { recursive: true });
  const [first, second] = [`${folder}/data`, `${folder}/elsewhere`];
  await rename(first, second);
  try {
    expectOneLine(
      await tessera("train", "--resume", "--out", run),
      /expected its data set \S+data, got nothing there\. Name where it is now: /,
    );
    const moved = await tessera("train", second, "--resume", "--out", run);
    expect([moved.code, moved.error]).toEqual([
      0,
      expect.stringContaining(`folder ${second} holds what folder ${first} did`),
    ]);
    for (let i = 0; i < 6; i++) {
      await writeFile(`${second}/masks/train/train_00000${i}.png`, greyPng(64, 64, new Uint8Array(64 * 64).fill(1)));
    }
    const changed = await tessera("train", "--resume", "--out", run, "--steps", "3");
    expect([changed.code, changed.error]).toEqual([
      0,
      expect.stringContaining("got others under the same names. It goes on with them as they are now."),
    ]);
  } finally {
    await rename(second, first);
  }
});

test("without a run to resume the data set is missing", async () => {
  expectOneLine(
    await tessera("train", "--resume", "--out", `${folder}/none`),
    /train: expected DATASET, got no run in /,
    2,
  );
});

test("what uses a run that was stopped before its end says so", async () => {
  const run = `${folder}/stopped`;
  await cp(`${folder}/run`, run, { recursive: true });
  const recipe = JSON.parse(await readFile(`${run}/recipe.json`, "utf8")) as object;
  await writeFile(`${run}/recipe.json`, JSON.stringify({ ...recipe, steps: 9 }));
  const line = /stopped was stopped at step 2 of 9\. To end it: .*train --resume --out /;
  for (const use of [
    ["predict", run, `${folder}/data/images/val`, "--out", `${folder}/masks`],
    ["eval", run, `${folder}/data`],
    ["export", run, "--out", `${folder}/model.onnx`],
  ]) {
    const { code, error } = await tessera(...use);
    expect([code, error]).toEqual([0, expect.stringMatching(line)]);
  }
});
