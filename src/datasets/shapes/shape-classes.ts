/** The classes of annotations that draw shapes: those of a list beside them, or their labels; what no shape covers is background. */

import { backgroundOf, isBackgroundName } from "../../data/background.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { InputError, problem, suggestion } from "../../errors.ts";
import { type Color, IGNORE } from "../../image/image.ts";
import { distinctColors } from "../../image/palette.ts";
import type { Platform } from "../../platform/platform.ts";
import { findClassList, isIgnoredName } from "../class-lists.ts";
import { describedIn } from "../classes-file.ts";

export interface ShapeClasses {
  readonly classes: readonly ClassInfo[];
  /** The index of a label, or `IGNORE`. Throws InputError, beginning with `where`, for one that is no class. */
  indexOf(label: string, where: string): number;
  /** What pixels without a shape are. */
  readonly fill: number;
}

/** A class as an annotation has it. */
export interface AnnotatedClass {
  readonly name: string;
  readonly color?: Color | undefined;
}

/** labels: those that the annotations have, in the order of their classes; `from`: the file that lists them, if one does. */
export async function shapeClasses(
  platform: Platform,
  root: string,
  labels: readonly AnnotatedClass[],
  from = root,
): Promise<ShapeClasses> {
  const described = await describedIn(platform, root);
  if (described !== null) return classesFrom(described.classes, described.file);
  const list = await findClassList(platform, [root]);
  const listed: readonly AnnotatedClass[] = list?.classes ?? labels.filter(({ name }) => !isIgnoredName(name));
  const own = backgroundOf({ classes: listed }) === undefined ? [{ name: "background" }, ...listed] : listed;
  const background = backgroundOf({ classes: own });
  const colors = distinctColors(own.length);
  const classes = own.map(({ name, color }: AnnotatedClass, index): ClassInfo => {
    if (index === background) return { name, color: color ?? [0, 0, 0], background: true };
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
  const background = backgroundOf({ classes });
  return {
    classes,
    fill: background ?? IGNORE,
    indexOf(label, where) {
      if (isIgnoredName(label)) return IGNORE;
      const index = indices.get(label) ?? (isBackgroundName(label) ? background : undefined);
      if (index !== undefined) return index;
      const remedy = `Add it there, or correct the label. ${suggestion(label, indices.keys())}`;
      throw new InputError(problem(where, `expected a class of ${file}`, `"${label}"`, remedy));
    },
  };
}
