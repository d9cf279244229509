/** A plain folder of photographs and masks, described by classes.json (`classes-file.ts` says what it holds). */
import { InputError, problem } from "../../errors.ts";
import type { Platform } from "../../platform/platform.ts";
import { type ClassList, parseClassList } from "../classes-file.ts";
import type { Split } from "../dataset.ts";
import { allSplits, type Layout, type Survey } from "../layout.ts";
import { filesById, joinPath, looksLikeImage, pair, sortById } from "../pairs.ts";

const drawing = `
FOLDER/
  classes.json                  class names, colours, and which mask value means which
  images/train/NAME.jpg         photographs; also images/val and, if there is one, images/test
  masks/train/NAME.png          one mask for each, of the same name; a pixel holds its class
`.trim();

/** Reads classes.json. Throws InputError when it is missing or broken. */
export async function readClassList(platform: Platform, root: string): Promise<ClassList> {
  const file = joinPath(root, "classes.json");
  if ((await platform.exists(file)) !== "file") {
    const remedy = 'Write one: {"ignoreIndex": 255, "classes": [{"name": "sky"}, {"name": "road"}]}.';
    throw new InputError(problem(file, "expected the list of classes", "no such file", remedy));
  }
  return parseClassList(new TextDecoder().decode(await platform.readFile(file)), file);
}

/** `test` may come without masks: it is then there to be predicted only. */
async function survey(platform: Platform, root: string, split: Split): Promise<Survey> {
  const { classes, valueMap, colorCoded } = await readClassList(platform, root);
  const imageFolder = joinPath(root, "images", split);
  if ((await platform.exists(imageFolder)) !== "folder") throw await missingSplit(platform, root, split);
  const images = await filesById(platform, imageFolder, "image");
  const remedy = colorCoded
    ? "Add the colour to a class or to ignoreColors in classes.json, or correct the mask."
    : "Add the value to a class or to ignoreIndex in classes.json, or correct the mask.";
  const maskFolder = joinPath(root, "masks", split);
  const hasMasks = (await platform.exists(maskFolder)) === "folder";
  if (!hasMasks && split === "test") {
    const entries = sortById([...images.byId].map(([id, image]) => ({ id, image })));
    return { classes, valueMap, entries, problems: images.problems, strays: images.strays, remedy };
  }
  if (!hasMasks) {
    throw new InputError(
      problem(maskFolder, "expected a folder of masks", "no such folder", "Add a mask for each image."),
    );
  }
  const masks = await filesById(platform, maskFolder, "mask");
  const paired = pair(images, masks, (id) => joinPath(maskFolder, `${id}.png`));
  return { classes, valueMap, ...paired, remedy };
}

async function missingSplit(platform: Platform, root: string, split: Split): Promise<InputError> {
  const folder = joinPath(root, "images", split);
  const inside = await platform.list(joinPath(root, "images"));
  const loose = inside.filter(looksLikeImage).length;
  const found = loose > 0 ? `${loose} images directly in ${joinPath(root, "images")}` : "no such folder";
  const known = inside.filter((name) => allSplits.some((known) => known === name));
  const remedy =
    known.length > 0
      ? `There is ${known.join(" and ")}: move some images and masks to ${split}.`
      : `Move images to ${folder} and masks to ${joinPath(root, "masks", split)}.`;
  return new InputError(problem(folder, "expected a folder of images", found, remedy));
}

async function splits(platform: Platform, root: string): Promise<Split[]> {
  const found: Split[] = [];
  for (const split of allSplits) {
    if ((await platform.exists(joinPath(root, "images", split))) === "folder") found.push(split);
  }
  return found;
}

export const folder: Layout = {
  name: "folder",
  about: "a plain folder of photographs, masks and classes.json",
  drawing,
  signs: ["images"],
  splits,
  survey,
};
