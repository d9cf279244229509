import type { ClassInfo, Segment } from "../data/sample.ts";
import { nearest, problem, UsageError } from "../errors.ts";
import { type Color, IGNORE } from "../image/image.ts";
import { type ClassName, sceneClasses } from "./classes.ts";
import { classesIn, type PlaceName, placeNames } from "./places/index.ts";

interface MergedClass {
  readonly color: Color;
  readonly thing: boolean;
  readonly of: readonly ClassName[];
}

/** Kinds of things that can stand for several of the 31 classes. Their names are no class's, nor are their colours. */
const mergedClasses = {
  ground: { color: [150, 120, 95], thing: false, of: ["mountain", "sand", "snow", "road", "pavement", "floor"] },
  vegetation: { color: [60, 150, 60], thing: false, of: ["tree", "grass", "plant"] },
  building: { color: [190, 70, 60], thing: false, of: ["house", "wall"] },
  vehicle: { color: [30, 50, 150], thing: true, of: ["car", "bus", "boat", "bicycle"] },
  animal: { color: [240, 150, 40], thing: true, of: ["dog", "cat", "sheep", "bird"] },
  object: {
    color: [170, 90, 200],
    thing: true,
    of: ["balloon", "ball", "chair", "table", "bed", "lamp", "cup", "bottle", "picture"],
  },
} as const satisfies Record<string, MergedClass>;

type MergedName = keyof typeof mergedClasses;

/** What `classes=` can name, the 31 first; lists of these names are in this order. */
const names: readonly string[] = [...sceneClasses.map(({ name }) => name), ...Object.keys(mergedClasses)];

/** Named lists: the 31 classes, and nine that every pixel has one of. */
const lists: Readonly<Record<string, readonly string[]>> = {
  all: sceneClasses.map(({ name }) => name),
  coarse: ["sky", "water", "ground", "vegetation", "building", "vehicle", "person", "animal", "object"],
};

/** The classes of a drawn data set. */
export interface ClassChoice {
  /** As `classes=` says it: a list's name, or names joined by +. */
  readonly text: string;
  readonly classes: readonly ClassInfo[];
  /** By index into `sceneClasses`: index into `classes`, or `IGNORE`. */
  readonly indices: readonly number[];
}

/**
 * Reads `all`, `coarse`, or names joined by + such as `sky+road+vehicle+person`: of the 31 classes, and of what several
 * of them are merged into (ground, vegetation, building, vehicle, animal, object).
 *
 * Each of the 31 becomes the class of its own name, or else what it is a kind of; one that is neither is unlabelled.
 * Throws UsageError that names the nearest word.
 *
 * kinds: of the scenes; a merged class is called by what can be seen in these alone, since no caption of them has the other words.
 */
export function parseClassChoice(text: string, kinds: readonly PlaceName[] = placeNames): ClassChoice {
  const words = Object.hasOwn(lists, text) ? lists[text] : text.split("+");
  for (const word of words) {
    if (names.includes(word)) continue;
    const near = nearest(word, [...Object.keys(lists), ...names]);
    const isList = Object.hasOwn(lists, word);
    const joined = isList ? `${word} stands alone: leave out the others, or it.` : "Join several by +.";
    const remedy = isList || near === undefined ? joined : `Did you mean ${near}?`;
    const merged = Object.keys(mergedClasses).join(", ");
    const expected = `expected classes to be all, coarse, or names of classes, ${merged} among them`;
    throw new UsageError(problem("scenes", expected, `"${word}"`, remedy));
  }
  const chosen = orderOf(words);
  const visible = classesIn(kinds);
  const known = Object.keys(lists).find((name) => orderOf(lists[name]).join() === chosen.join());
  return {
    text: known ?? chosen.join("+"),
    classes: chosen.map((name) => infoOf(name, visible)),
    indices: sceneClasses.map(({ name }) => {
      const own = chosen.indexOf(name);
      const kind = chosen.findIndex((each) => isMerged(each) && membersOf(each).includes(name));
      return own >= 0 ? own : kind >= 0 ? kind : IGNORE;
    }),
  };
}

/** The 31 classes as they are. */
export const allClasses: ClassChoice = parseClassChoice("all");

/** The labels of a scene, of which `mergeClasses` makes others. */
interface Labelled {
  readonly labels: Uint8Array;
  readonly segmentMap: Uint32Array;
  readonly segments: readonly Segment[];
}

/**
 * A scene's labels with other classes: `labels` and `segments` by `indices`, segments of one kind of stuff joined,
 * unlabelled ones void (0). Segments keep their order and are numbered 1, 2, … again. Things stay apart.
 */
export function mergeClasses(scene: Labelled, { classes, indices }: ClassChoice): Labelled {
  const segments: Segment[] = [];
  const stuff = new Map<number, number>();
  const ids = new Map<number, number>([[0, 0]]);
  for (const { id, classIndex: before, crowd } of scene.segments) {
    const classIndex = indices[before];
    const joined = stuff.get(classIndex);
    if (classIndex === IGNORE) ids.set(id, 0);
    else if (joined !== undefined) ids.set(id, joined);
    else {
      segments.push({ id: segments.length + 1, classIndex, crowd });
      ids.set(id, segments.length);
      if (classes[classIndex].thing !== true) stuff.set(classIndex, segments.length);
    }
  }
  return {
    labels: scene.labels.map((label) => indices[label] ?? IGNORE),
    segmentMap: scene.segmentMap.map((id) => ids.get(id) ?? 0),
    segments,
  };
}

function orderOf(words: readonly string[]): readonly string[] {
  return names.filter((name) => words.includes(name));
}

function infoOf(name: string, visible: ReadonlySet<ClassName>): ClassInfo {
  if (!isMerged(name)) return sceneClasses.find((each) => each.name === name)!;
  const { color, thing, of } = mergedClasses[name];
  const seen = of.filter((member) => visible.has(member));
  const called: readonly string[] = seen.length > 0 ? seen : of;
  const known = sceneClasses.filter((each) => called.includes(each.name));
  // No caption says `object`: what it is a kind of is said.
  return { name, color, thing, words: known.flatMap((each) => each.words ?? [each.name]) };
}

function isMerged(name: string): name is MergedName {
  return Object.hasOwn(mergedClasses, name);
}

function membersOf(name: MergedName): readonly string[] {
  return mergedClasses[name].of;
}
