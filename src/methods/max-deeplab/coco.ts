/** The classes of COCO's panoptic annotation (Kirillov et al. 2019), which the published weights are for. */
import type { ClassInfo } from "../../data/sample.ts";
import { distinctColors } from "../../image/palette.ts";

const things = `
  person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking
  meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie,
  suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis
  racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog,
  pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell
  phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
`;

const stuff = `
  banner, blanket, bridge, cardboard, counter, curtain, door-stuff, floor-wood, flower, fruit, gravel, house, light,
  mirror-stuff, net, pillow, platform, playingfield, railroad, river, road, roof, sand, sea, shelf, snow, stairs, tent,
  towel, wall-brick, wall-stone, wall-tile, wall-wood, water-other, window-blind, window-other, tree-merged, fence-
  merged, ceiling-merged, sky-other-merged, cabinet-merged, table-merged, floor-other-merged, pavement-merged, mountain-
  merged, grass-merged, dirt-merged, paper-merged, food-other-merged, building-other-merged, rock-merged, wall-other-
  merged, rug-merged
`;

/** Things have 1 to 90, stuff 92 to 200, with gaps. */
const ids = `
  1-11 13-25 27-28 31-44 46-65 67 70 72-82 84-90
  92 93 95 100 107 109 112 118 119 122 125 128 130 133 138 141 144 145 147-149 151 154-156 159 161 166 168 171 175-178 180 181 184-200
`
  .trim()
  .split(/\s+/)
  .flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });

const names = (list: string) => list.trim().split(/,\s+/);

/** 80 things, 53 stuff classes, in the order of their ids. */
export function cocoPanopticClasses(): readonly ClassInfo[] {
  const all = [...names(things), ...names(stuff)];
  const colors = distinctColors(all.length);
  return all.map((name, index) => ({
    ...{ name, color: colors[index], thing: index < names(things).length, categoryId: ids[index] },
  }));
}
