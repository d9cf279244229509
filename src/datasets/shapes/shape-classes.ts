/** The classes of annotations that draw shapes: those of a list beside them, or their labels; what no shape covers is background. */

import type { ClassInfo } from "../../data/sample.ts";
import { InputError, problem, suggestion } from "../../errors.ts";
import { type Color, IGNORE } from "../../image/image.ts";
import { distinctColors } from "../../image/palette.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { findClassList } from "../class-lists.ts";
import { parseClassList } from "../classes-file.ts";
import { readUtf8 } from "../text-file.ts";

export interface ShapeClasses {
  readonly classes: readonly ClassInfo[];
  /** The index of a label, or `IGNORE`. Throws InputError, beginning with `where`, for one that is no class. */
  indexOf(label: string, where: string): number;
  /** What pixels without a shape are. */
  readonly fill: number;
}

export interface ListedClass {
  readonly name: string;
  readonly color?: Color | undefined;
}

/** labels: those that the annotations have, in the order of their classes; `from`: the file that lists them, if one does. */
export async function shapeClasses(
  platform: Platform,
  root: string,
  labels: readonly ListedClass[],
  from = root,
): Promise<ShapeClasses> {
  const file = joinPath(root, "classes.json");
  if ((await platform.exists(file)) === "file") {
    return classesFrom(parseClassList(await readUtf8(platform, file), file).classes, file);
  }
  const list = await findClassList(platform, [root]);
  const listed: readonly ListedClass[] = list?.classes ?? labels.filter(({ name }) => !isIgnored(name));
  const own = listed.some(({ name }) => isBackground(name))
    ? listed
    : [{ name: "background", color: [0, 0, 0] as const }, ...listed];
  const colors = distinctColors(own.length);
  const classes = own.map(({ name, color }, index): ClassInfo => {
    if (isBackground(name)) return { name, color: color ?? [0, 0, 0], background: true };
    return { name, color: color ?? colors[index] };
  });
  const names = classes.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) {
    const remedy = "Rename one of the two.";
    throw new InputError(
      problem(list?.file ?? from, "expected a name of its own for each class", `"${twice}" twice`, remedy),
    );
  }
  return classesFrom(classes, list?.file ?? from);
}

function classesFrom(classes: readonly ClassInfo[], file: string): ShapeClasses {
  const indices = new Map(classes.map(({ name }, index) => [name, index]));
  const fill = classes.findIndex(({ name, background }) => background === true || isBackground(name));
  return {
    classes,
    fill: fill < 0 ? IGNORE : fill,
    indexOf(label, where) {
      if (isIgnored(label)) return IGNORE;
      const index = indices.get(label) ?? (isBackground(label) && fill >= 0 ? fill : undefined);
      if (index !== undefined) return index;
      const remedy = `Add it there, or correct the label. ${suggestion(label, indices.keys())}`;
      throw new InputError(problem(where, `expected a class of ${file}`, `"${label}"`, remedy));
    },
  };
}

function isBackground(name: string): boolean {
  return /^_*background_*$/i.test(name);
}

function isIgnored(name: string): boolean {
  return /^_+ignored?_+$/i.test(name);
}
