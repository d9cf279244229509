/** Small data sets on disk for tests. */
import { greyPng, jpeg, put, temporaryFolder } from "./pictures.ts";

export const classesJson = JSON.stringify({ ignoreIndex: 255, classes: [{ name: "sky" }, { name: "road" }] });

/**
 * A plain folder with two classes; `names` are images of 16x12 pixels, each (but the unlabelled ones) with a mask that is
 * sky above and road below, its first pixel unlabelled.
 */
export async function plainFolder(
  names: { train?: string[]; val?: string[]; unlabelled?: string[] } = {},
): Promise<string> {
  const root = temporaryFolder();
  put(root, "classes.json", classesJson);
  const { train = ["a", "b"], val = ["c"], unlabelled = [] } = names;
  for (const [split, list] of [
    ["train", train],
    ["val", val],
  ] as const) {
    for (const name of list) {
      put(root, `images/${split}/${name}.jpg`, await jpeg());
      put(root, `masks/${split}/${name}.png`, skyAndRoad());
    }
  }
  for (const name of unlabelled) put(root, `images/unlabelled/${name}.jpg`, await jpeg());
  return root;
}

/** A mask of 16x12 pixels: 255 at the first, 0 in the upper half, 1 in the lower. */
export function skyAndRoad(width = 16, height = 12): Buffer {
  const values = Array.from({ length: width * height }, (_, i) => (i === 0 ? 255 : i < (width * height) / 2 ? 0 : 1));
  return greyPng(width, height, values);
}
