import { readdirSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/pictures.ts";
import { ndarray } from "../array/ndarray.ts";
import { openDataset } from "../datasets/index.ts";
import { recipeToAdopt } from "../methods/resolve-recipe.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { pictureOf, writeBatchPictures } from "./batch-pictures.ts";

const classes = [{ name: "red", color: [255, 0, 0] as const }];

test("samples lie in rows with their labels below; what is unlabelled stays as it is", () => {
  const [batch, height, width] = [2, 40, 40];
  const image = new Uint8Array(batch * height * width * 3).fill(100);
  const labels = new Uint8Array(batch * height * width).fill(255);
  labels.fill(0, height * width); // the second sample is red
  const picture = pictureOf(
    [ndarray("uint8", [batch, height, width, 3], image), ndarray("uint8", [batch, height, width], labels)],
    classes,
  );
  const at = (x: number, y: number) => Array.from(picture!.data.subarray(3 * (y * picture!.width + x)).slice(0, 3));
  expect(picture!.width).toBe(2 * 44 + 4);
  expect(picture!.height).toBeGreaterThan(2 * 44 + 4);
  expect(at(0, 0)).toEqual([255, 255, 255]);
  expect([at(10, 10), at(60, 10), at(10, 60)]).toEqual([
    [100, 100, 100],
    [100, 100, 100],
    [100, 100, 100],
  ]);
  expect(at(52, 52)).toEqual([178, 50, 50]);
});

test("arrays that are no pictures give none", () => {
  expect(pictureOf([ndarray("float32", [1, 4, 4, 3], new Float32Array(48))], classes)).toBeNull();
});

test("batches are those of the seed, as many as were asked for; other files are not overwritten", async () => {
  const dataset = await openDataset(platform, "scenes:size=64,train=12,val=2", "train");
  const [first, second] = [temporaryFolder(), temporaryFolder()];
  const resolved = recipeToAdopt("unet-tiny", ["batchSize=2"]);
  await writeBatchPictures(platform, resolved, dataset, first, 2);
  expect(readdirSync(first)).toEqual(["batch-1.png", "batch-2.png"]);
  await writeBatchPictures(platform, resolved, dataset, second, 1);
  const pixels = async (file: string) => (await sharp(file).raw().toBuffer()).toString("base64");
  expect(await pixels(`${first}/batch-1.png`)).toBe(await pixels(`${second}/batch-1.png`));
  expect(await pixels(`${first}/batch-1.png`)).not.toBe(await pixels(`${first}/batch-2.png`));
  writeFileSync(`${first}/notes.txt`, "mine");
  await expect(writeBatchPictures(platform, resolved, dataset, first)).rejects.toThrow(
    "expected a new folder for the pictures of batches, got a folder with notes.txt.",
  );
  const tagged = { ...dataset, kinds: ["tags"] as const };
  await expect(writeBatchPictures(platform, resolved, tagged, temporaryFolder())).rejects.toThrow(
    "expected labels that a stage of unet-tiny learns from, got tags. Name another --recipe.",
  );
});
