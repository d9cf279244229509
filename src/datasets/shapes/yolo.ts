/** YOLO's segmentation labels (Ultralytics): a text file of polygons for each photograph, in shares of its size. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, listed, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { linesOf } from "../../text/lines.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "../layout.ts";
import { makeProblem, namesText, sortById } from "../pairs.ts";
import { readUtf8 } from "../text-file.ts";
import type { Shape } from "./draw-shapes.ts";
import { type ShapeClasses, shapeClasses } from "./shape-classes.ts";
import { findOtherList, findYaml, type YoloList } from "./yolo-list.ts";
import { filesAt, holdsLines, placesOf, type YoloPlace } from "./yolo-places.ts";

const drawing = `
FOLDER/
  data.yaml                    names: [cat, dog], or lines below names: such as 0: cat or - cat; or classes.txt, a name a line
  images/train/NAME.jpg        photographs; also val (valid), test; or train/images, valid/images; or where data.yaml says
  labels/train/NAME.txt        lines: class x1 y1 x2 y2 …, from 0 to 1; none: nothing but background; or beside the photographs
`.trim();

/** Its list and the splits that it has; undefined where it is no such folder. Labels alone tell it where it has no masks. */
async function foundIn(
  platform: Platform,
  root: string,
): Promise<{ readonly list: YoloList | null; readonly splits: ReadonlyMap<Split, YoloPlace[]> } | undefined> {
  if ((await platform.exists(root)) !== "folder") return undefined;
  const yaml = await findYaml(platform, root);
  if (yaml === null && (await platform.exists(joinPath(root, "masks"))) !== "nothing") return undefined;
  const splits = new Map<Split, YoloPlace[]>();
  for (const split of labelledSplits) {
    const places = await placesOf(platform, root, yaml, split);
    if (places.length > 0) splits.set(split, places);
  }
  if (yaml !== null) return splits.size === 0 ? undefined : { list: yaml, splits };
  for (const place of [...splits.values()].flat()) {
    if ("labels" in place && (await holdsLines(platform, place.labels))) {
      return { list: await findOtherList(platform, root), splits };
    }
  }
  return undefined;
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const found = await foundIn(platform, root);
  const places = found?.splits.get(split) ?? [];
  if (found === undefined || places.length === 0) {
    throw new InputError(
      problem(
        joinPath(root, "images", split),
        "expected photographs and labels/ beside images/",
        "none",
        "Add them, or --val-fraction 0.2 for val.",
      ),
    );
  }
  const { list } = found;
  if (list === null) {
    const remedy = "Write a line such as names: [cat, dog], in the order of the numbers.";
    const others = (await platform.list(root)).filter((name) => /^[^.].*\.ya?ml$/i.test(name));
    const got = others.length === 0 ? "no such file" : `no line of them in ${listed(others, 3)}`;
    throw new InputError(problem(joinPath(root, "data.yaml"), "expected the names of the classes", got, remedy));
  }
  const { classes, indexOf, fill } = await shapeClasses(
    platform,
    root,
    [...list.names.values()].map((name) => ({ name })),
    list.file,
  );
  const files = await filesAt(platform, root, places);
  const problems: Problem[] = [...files.problems];
  const entries: Entry[] = [];
  for (const [id, { image, label: file }] of files.byId) {
    try {
      const shapes = file === undefined ? [] : shapesIn(await readUtf8(platform, file, listBytes), file, list, indexOf);
      entries.push({ id, image, labels: { mask: { file: file ?? image, shapes, fill, scaled: true } } });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file: file ?? image, message: error.message });
    }
  }
  const bare = [...files.byId].filter(([, { label }]) => label === undefined).map(([id]) => id);
  const notes = [...files.notes];
  if (bare.length > 0) {
    const [place] = places;
    const where = "labels" in place ? place.labels : place.list;
    const remedy = "They are read as background alone.";
    notes.push(makeProblem(where, "expected a text file for every photograph", `none for ${namesText(bare)}`, remedy));
  }
  return { classes, valueMap: {}, remedy: "Correct the labels.", entries: sortById(entries), problems, notes };
}

/** Throws InputError for boxes, which label no pixels, and for coordinates that are no shares. */
function shapesIn(
  text: string,
  file: string,
  { file: list, names }: YoloList,
  indexOf: ShapeClasses["indexOf"],
): Shape[] {
  return linesOf(text).flatMap((each, at) => {
    const line = each.trim();
    if (line === "") return [];
    const where = `${file}: line ${at + 1}`;
    const [number, ...rest] = line.split(/\s+/);
    const ring = rest.map(Number);
    if (ring.length === 4) {
      throw new InputError(
        problem(
          where,
          "expected a polygon: class x1 y1 x2 y2 x3 y3 …",
          "a box",
          "Export segmentation labels: boxes label no pixels.",
        ),
      );
    }
    if (ring.length < 6 || ring.length % 2 === 1 || !ring.every((each) => each >= -0.01 && each <= 1.01)) {
      const expected = "expected a class, and x and y of three points or more, from 0 to 1";
      throw new InputError(problem(where, expected, line.slice(0, 40), remedyFor(line, ring)));
    }
    const name = names.get(Number(number));
    if (name === undefined) {
      const known = [...names.keys()];
      const isWhole = known.length === (known.at(-1) as number) + 1;
      const expected = isWhole
        ? `expected a class from 0 to ${known.length - 1}`
        : `expected a class of ${listed(known.map(String), 8)}`;
      const fromOne = known.map((each) => `${each + 1}: ${names.get(each)}`).join(", ");
      const counted =
        isWhole && Number(number) === known.length ? ` If they count from 1, write names: {${fromOne}}.` : "";
      throw new InputError(problem(where, expected, number, `Correct it, or add its name to ${list}.${counted}`));
    }
    return [{ label: indexOf(name, where), areas: [{ rings: [ring] }] }];
  });
}

/** What is to be done about a line that is no polygon in shares. */
function remedyFor(line: string, ring: readonly number[]): string {
  if (/[,;]/.test(line)) return "Write spaces between the numbers.";
  if (ring.length >= 6 && ring.every((each) => each >= 0) && ring.some((each) => each > 1.01)) {
    return "Divide x by the photograph's width and y by its height.";
  }
  if (ring.length > 6 && ring.length % 2 === 1) {
    return "Leave out a number, such as the confidence at the end that a model wrote: predict with save_conf=False.";
  }
  return "Correct it.";
}

export const yolo: Layout = {
  name: "yolo",
  about: "YOLO segmentation labels: data.yaml and a text file of polygons for each photograph",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    return (await foundIn(platform, root)) !== undefined;
  },
  async splits(platform, { root }) {
    return [...((await foundIn(platform, root))?.splits.keys() ?? [])];
  },
  survey,
};
