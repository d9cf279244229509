import { cpSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { classesJson, plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

/** images/ and masks/ without folders of splits. */
async function flat(count = 10): Promise<string> {
  const root = temporaryFolder();
  put(root, "classes.json", classesJson);
  for (let at = 0; at < count; at++) {
    put(root, `images/p${at}.jpg`, await jpeg());
    put(root, `masks/p${at}.png`, skyAndRoad());
  }
  return root;
}

test("so are those in folders inside, and nothing says that they are not read", async () => {
  const root = temporaryFolder();
  put(root, "classes.json", classesJson);
  for (const id of ["monday/a", "monday/early/b", "tuesday/a"]) {
    put(root, `images/${id}.jpg`, await jpeg());
    put(root, `masks/${id}.png`, skyAndRoad());
  }
  expect(await splitsOf(platform, root)).toEqual(["train"]);
  const report = await inspectDataset(platform, root);
  expect(report.splits.map(({ samples }) => samples)).toEqual([3]);
  expect(report.notes.map(({ message }) => message.replace(root, ""))).toEqual([
    expect.stringContaining("expected a split val, got only train"),
  ]);
  // Nearly the name of a split: that is asked about, not taken as one's own.
  renameSync(`${root}/images/monday`, `${root}/images/trian`);
  await expect(inspectDataset(platform, root)).resolves.toMatchObject({
    notes: expect.arrayContaining([
      expect.objectContaining({ message: expect.stringMatching(/images\/trian: .* Did you mean train\?/) }),
    ]),
  });
});

test("images and masks without splits are train", async () => {
  const root = await flat();
  expect(await splitsOf(platform, root)).toEqual(["train"]);
  expect((await openDataset(platform, root, "train")).ids.length).toBe(10);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

test("a part of train is val, the same wherever the folder lies and whoever asks", async () => {
  const root = await flat();
  const options = { valFraction: 0.2 };
  const idsOf = async (place: string) => ({
    train: (await openDataset(platform, place, "train", options)).ids,
    val: (await openDataset(platform, place, "val", options)).ids,
  });
  const { train, val } = await idsOf(root);
  expect([train.length, val.length, new Set([...train, ...val]).size]).toEqual([8, 2, 10]);
  const copy = temporaryFolder();
  cpSync(root, copy, { recursive: true });
  expect(await idsOf(copy)).toEqual({ train, val });
  const { splits } = await inspectDataset(platform, root, options);
  expect(splits.map(({ split, samples }) => [split, samples])).toEqual([
    ["train", 8],
    ["val", 2],
  ]);
});

test("beside a val of its own it is refused, and so is one that takes all", async () => {
  const root = await plainFolder();
  await expect(openDataset(platform, root, "val", { valFraction: 0.5 })).rejects.toThrow(
    "expected no split val beside --val-fraction, got one to score on already. Leave --val-fraction out.",
  );
  rmSync(`${root}/images/val`, { recursive: true });
  await expect(openDataset(platform, root, "train", { valFraction: 0.9 })).rejects.toThrow(
    "got 2 in train, of which --val-fraction takes 2. Add images, or take a smaller part.",
  );
});
