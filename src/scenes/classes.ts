import type { ClassInfo } from "../data/sample.ts";
import type { Color } from "../image/image.ts";

const stuff = {
  sky: [110, 170, 230],
  mountain: [110, 100, 130],
  tree: [20, 90, 40],
  grass: [120, 190, 70],
  water: [30, 80, 190],
  sand: [235, 210, 140],
  snow: [240, 245, 255],
  road: [90, 90, 95],
  pavement: [180, 165, 165],
  wall: [200, 160, 200],
  floor: [150, 90, 50],
} as const satisfies Record<string, Color>;

const things = {
  house: [170, 30, 40],
  car: [0, 0, 140],
  bus: [255, 130, 0],
  boat: [0, 150, 160],
  bicycle: [110, 0, 170],
  person: [230, 20, 90],
  dog: [120, 60, 0],
  cat: [255, 180, 60],
  sheep: [200, 255, 230],
  bird: [60, 20, 90],
  balloon: [255, 70, 255],
  ball: [255, 245, 0],
  chair: [90, 140, 140],
  table: [80, 50, 20],
  bed: [150, 140, 255],
  lamp: [255, 255, 150],
  plant: [0, 220, 90],
  cup: [0, 255, 255],
  bottle: [0, 110, 100],
  picture: [255, 150, 150],
} as const satisfies Record<string, Color>;

export type StuffName = keyof typeof stuff;
export type ThingName = keyof typeof things;
export type ClassName = StuffName | ThingName;

/** As captions name them, the usual word first, where that is more than the class's name. */
const words: Readonly<Record<string, readonly string[]>> = {
  mountain: ["mountains", "mountain"],
  tree: ["trees", "tree"],
  house: ["house", "houses", "building", "buildings"],
  car: ["car", "cars", "vehicle", "vehicles", "van", "vans", "pick-up truck", "pick-up trucks"],
  bus: ["bus", "buses", "double-decker bus", "double-decker buses"],
  boat: ["boat", "boats", "sailing boat", "rowing boat", "motor boat", "fishing boat"],
  bicycle: ["bicycle", "bicycles", "bike", "bikes"],
  person: ["person", "people", "figure", "figures", "child", "children"],
  dog: ["dog", "dogs"],
  cat: ["cat", "cats"],
  bird: ["bird", "birds"],
  balloon: ["balloon", "balloons", "hot-air balloon", "hot-air balloons"],
  ball: ["ball", "balls"],
  chair: ["chair", "chairs", "armchair", "armchairs"],
  table: ["table", "tables"],
  bed: ["bed", "beds"],
  lamp: ["lamp", "lamps", "street lamp", "street lamps"],
  plant: ["plant", "plants", "potted plant", "potted plants", "cactus", "cacti"],
  cup: ["cup", "cups", "mug", "mugs", "teacup", "teacups"],
  bottle: ["bottle", "bottles"],
  picture: ["picture", "pictures", "framed picture", "framed pictures", "painting", "paintings"],
};

const wordsOf = (name: string) => words[name] !== undefined && { words: words[name] };

/** The classes of `scenes`, stuff first; a class index is a place in this list. Colours are all distinct. */
export const sceneClasses: readonly ClassInfo[] = [
  ...Object.entries(stuff).map(([name, color]) => ({ name, color, thing: false, ...wordsOf(name) })),
  ...Object.entries(things).map(([name, color]) => ({ name, color, thing: true, ...wordsOf(name) })),
];

const indices = new Map(sceneClasses.map(({ name }, index) => [name, index]));

/** Index of a class in `sceneClasses`. */
export function classIndexOf(name: ClassName): number {
  return indices.get(name)!;
}
