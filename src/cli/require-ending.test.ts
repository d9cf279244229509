import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { requireEnding, requireFolderName } from "./require-ending.ts";

test.each(["model.onnx", "a/model.ONNX", "model"])("%s may be written as .onnx", async (out) => {
  await expect(requireEnding(platform, join(temporaryFolder(), out), ".onnx")).resolves.toBeUndefined();
});

test("an ending that is not written is refused, with the one that is", async () => {
  await expect(requireEnding(platform, "out/model.foo", ".onnx")).rejects.toThrow(
    "--out: expected a file that ends in .onnx, got out/model.foo. Write --out out/model.onnx.",
  );
  const root = temporaryFolder();
  put(root, "notes", "mine");
  await expect(requireEnding(platform, `${root}/notes`, ".onnx")).rejects.toThrow("to replace, got another file.");
});

test("a folder that is called like a picture is refused, unless it is there", async () => {
  const root = temporaryFolder();
  await expect(requireFolderName(platform, `${root}/mask.png`, ", or --out -")).rejects.toThrow(
    `--out: expected a folder, got ${root}/mask.png. Write --out ${root}/mask, or --out -.`,
  );
  mkdirSync(join(root, "old.png"));
  await expect(requireFolderName(platform, `${root}/old.png`, "")).resolves.toBeUndefined();
  await expect(requireFolderName(platform, `${root}/v1.2`, "")).resolves.toBeUndefined();
});
