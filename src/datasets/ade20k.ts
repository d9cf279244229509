/** ADE20K in the SceneParsing release (Zhou et al. 2017): 150 classes. */

import type { Split } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import { distinctColors } from "../image/palette.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Folders, Layout, Survey } from "./layout.ts";
import { masksByImage } from "./mask-names.ts";
import { layoutClasses } from "./own-classes.ts";
import { filesById, filesIfThere, imageEntries, pair } from "./pairs.ts";
import type { ValueMap } from "./value-map.ts";

const drawing = `
FOLDER/
  images/training/NAME.jpg            photographs; also images/validation, images/unlabelled
  annotations/training/NAME.png       a pixel is 1 to 150, or 0 where nothing is labelled
`.trim();

const names = `
wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door, table,
mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, armchair, seat,
fence, desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest of drawers, counter,
sand, sink, skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow,
screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill, bench, countertop,
stove, palm, kitchen island, computer, swivel chair, boat, bar, arcade machine, hovel, bus, towel, light, truck, tower,
chandelier, awning, streetlight, booth, television receiver, airplane, dirt track, apparel, pole, land, bannister,
escalator, ottoman, bottle, buffet, poster, stage, van, ship, fountain, conveyer belt, canopy, washer, plaything,
swimming pool, stool, barrel, basket, waterfall, tent, bag, minibike, cradle, oven, ball, food, step, tank, trade name,
microwave, pot, animal, bicycle, lake, dishwasher, screen, blanket, sculpture, hood, sconce, vase, traffic light, tray,
ashcan, fan, pier, crt screen, plate, monitor, bulletin board, shower, radiator, glass, clock, flag
`
  .trim()
  .split(/,\s+/);

const folders: readonly (readonly [Split, string])[] = [
  ["train", "training"],
  ["val", "validation"],
  ["unlabelled", "unlabelled"],
];

/** 0 → ignore, k → k − 1. */
const valueMap: ValueMap = {
  "0": "ignore",
  ...Object.fromEntries(names.map((_, index) => [String(index + 1), index])),
};

async function splits(platform: Platform, { root }: Folders): Promise<Split[]> {
  const found: Split[] = [];
  for (const [split, folder] of folders) {
    const path = joinPath(root, "images", folder);
    const isThere =
      split === "unlabelled"
        ? (await filesIfThere(platform, path, "image")).byId.size > 0
        : (await platform.exists(path)) === "folder";
    if (isThere) found.push(split);
  }
  return found;
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const folder = folders.find(([name]) => name === split)?.[1];
  if (folder === undefined) {
    throw new InputError(
      problem(root, "ADE20K has the splits train, val and unlabelled", split, "Choose one of them."),
    );
  }
  const imageFolder = joinPath(root, "images", folder);
  const maskFolder = joinPath(root, "annotations", folder);
  const colors = distinctColors(names.length);
  const classes = names.map((name, index) => ({ name, color: colors[index] }));
  const remedy = "ADE20K masks hold 0 to 150: correct the mask, or use the plain folder layout for other classes.";
  if (split === "unlabelled") {
    const images = await filesIfThere(platform, imageFolder, "image");
    const { problems, strays: notes } = images;
    return { classes, valueMap, entries: imageEntries(images), problems, notes, remedy };
  }
  for (const needed of [imageFolder, maskFolder]) {
    if ((await platform.exists(needed)) === "folder") continue;
    throw new InputError(
      problem(needed, "expected a folder", "no such folder", "Unpack the SceneParsing release again."),
    );
  }
  const images = await filesById(platform, imageFolder, "image");
  const files = await filesById(platform, maskFolder, "mask");
  const named = masksByImage(images.byId, files.byId, maskFolder);
  const masks = { ...files, byId: named.byId, strays: [...named.notes, ...files.strays] };
  const places = [root, joinPath(root, "annotations"), maskFolder];
  const listed = await layoutClasses(platform, places, [...masks.byId.values()], { classes, valueMap, remedy });
  return { ...listed, ...pair(images, masks, (id) => joinPath(maskFolder, `${id}.png`)) };
}

export const ade20k: Layout = {
  name: "ade20k",
  about: "ADE20K SceneParsing, 150 classes",
  drawing,
  signs: ["images/training", "annotations/training"],
  splits,
  survey,
};
