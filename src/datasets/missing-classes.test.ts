/** Masks whose classes nothing names: the line that is offered works when it is written. */
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";

const colored = png({ width: 2, height: 1, depth: 8, colorType: 2, values: [255, 0, 0, 0, 255, 0] });

async function folderOf(mask: Buffer): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg(2, 1));
  put(root, "masks/train/a.png", mask);
  return root;
}

test.each([
  ["values", greyPng(2, 1, [3, 9]), { "3": 0, "9": 1 }],
  ["black and white", greyPng(2, 1, [255, 0]), { "0": 0, "255": 1 }],
  ["colours", colored, { "#00ff00": 0, "#ff0000": 1 }],
])("masks of %s give the list to write", async (_, mask, map) => {
  const root = await folderOf(mask);
  const told = await openDataset(platform, root, "train").then(
    () => "",
    (error: Error) => error.message,
  );
  const [, line] = /got no such file\. Write one: (.*)\.$/.exec(told) ?? [];
  put(root, "classes.json", line);
  expect((await openDataset(platform, root, "train")).valueMap).toEqual(map);
});

test.each([
  ["Classes.JSON", "got only Classes.JSON. If that is it, call it classes.json."],
  ["my_classes.txt", "got only my_classes.txt. If that is it, call it classes.txt."],
  ["labels.yaml", "got only labels.yaml. Write its names into classes.txt, in the order of their values."],
])("a list that is called %s is named", async (name, message) => {
  const root = await folderOf(greyPng(2, 1, [0, 1]));
  put(root, name, "background");
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});
