/** Published weights of a stage that is not the first of its method. */
import { expect, test } from "vitest";
import { vggLargeFov } from "../../test/support/deeplab-files.ts";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { writeTorch } from "../weights/torch-write.ts";
import { readPublished } from "./published.ts";

const read = (file: string) =>
  readPublished({ platform, files: [file], settings: [], classes: null, patchOnly: false });

test("a DeepLab is a whole model, and one that lacks a layer is refused", async () => {
  const tensors = vggLargeFov();
  const root = temporaryFolder();
  const whole = await read(put(root, "checkpoint_final.pth", writeTorch(tensors, "a", { key: null })));
  expect([whole.method.name, whole.stage, whole.whole, whole.parts]).toEqual([
    "deeplab",
    "train",
    true,
    ["encoder", "head"],
  ]);
  expect(whole.record.classes.map(({ name }) => name)).toEqual(["background", "class 1"]);
  expect(whole.notes[0]).toContain("--windows whole --crf deeplab-v1");
  const { "base.layer1.4.0.weight": _, ...others } = tensors;
  const cut = put(root, "cut.pth", writeTorch(others, "a", { key: null }));
  await expect(read(cut)).rejects.toThrow(/cut\.pth: expected encoder\.stage2\.conv2\.weight of shape .*, got none\./);
  const half = put(root, "half.pth", writeTorch(tensors, "a", { key: null }).subarray(0, 30_000_000));
  await expect(read(half)).rejects.toThrow(/half\.pth: expected/);
});
