import type { ClassName } from "./classes.ts";

/** Value in the mask files of a public data set, and its name there. */
export type ForeignClass = readonly [value: number, name: string];

/** How the classes of scenes are called in a public layout; what is not listed gets `rest`. */
export interface ForeignClasses {
  readonly rest: number;
  /** Value of unlabelled pixels. */
  readonly unlabelled: number;
  readonly names: Partial<Record<ClassName, ForeignClass>>;
}

/** PASCAL VOC: things only, everything else is background. */
export const vocClasses: ForeignClasses = {
  rest: 0,
  unlabelled: 255,
  names: {
    bicycle: [2, "bicycle"],
    bird: [3, "bird"],
    boat: [4, "boat"],
    bottle: [5, "bottle"],
    bus: [6, "bus"],
    car: [7, "car"],
    cat: [8, "cat"],
    chair: [9, "chair"],
    table: [11, "diningtable"],
    dog: [12, "dog"],
    person: [15, "person"],
    plant: [16, "pottedplant"],
    sheep: [17, "sheep"],
  },
};

/** Cityscapes label ids; 0 is unlabelled. */
export const cityscapesClasses: ForeignClasses = {
  rest: 0,
  unlabelled: 0,
  names: {
    road: [7, "road"],
    pavement: [8, "sidewalk"],
    house: [11, "building"],
    wall: [12, "wall"],
    lamp: [17, "pole"],
    tree: [21, "vegetation"],
    grass: [22, "terrain"],
    sand: [22, "terrain"],
    snow: [22, "terrain"],
    sky: [23, "sky"],
    person: [24, "person"],
    car: [26, "car"],
    bus: [28, "bus"],
    bicycle: [33, "bicycle"],
  },
};

/** ADE20K (SceneParsing) values; 0 is unlabelled. */
export const ade20kClasses: ForeignClasses = {
  rest: 0,
  unlabelled: 0,
  names: {
    wall: [1, "wall"],
    sky: [3, "sky"],
    floor: [4, "floor"],
    tree: [5, "tree"],
    road: [7, "road"],
    bed: [8, "bed"],
    grass: [10, "grass"],
    pavement: [12, "sidewalk"],
    person: [13, "person"],
    table: [16, "table"],
    mountain: [17, "mountain"],
    plant: [18, "plant"],
    chair: [20, "chair"],
    car: [21, "car"],
    water: [22, "water"],
    picture: [23, "painting"],
    house: [26, "house"],
    lamp: [37, "lamp"],
    sand: [47, "sand"],
    boat: [77, "boat"],
    bus: [81, "bus"],
    bottle: [99, "bottle"],
    ball: [120, "ball"],
    sheep: [127, "animal"],
    dog: [127, "animal"],
    cat: [127, "animal"],
    bird: [127, "animal"],
    bicycle: [128, "bicycle"],
  },
};
