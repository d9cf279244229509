import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb, scaled, vary } from "../color.ts";
import { box, polygon } from "../geometry.ts";
import { cloth, type Material, mottled, planks } from "../material.ts";
import { addBackdrop, place, type Stage } from "../stage.ts";
import { wallMaterial } from "../stuff/room.ts";
import { drawBall } from "../things/ball.ts";
import { drawCat } from "../things/cat.ts";
import { drawFramedPicture } from "../things/framed-picture.ts";
import { drawPlant } from "../things/plant.ts";
import { indoors, tableThing } from "./room.ts";
import { scatter } from "./scatter.ts";

/** The top of a table seen from close by, with cups, bottles, plants and a lamp on it, perhaps a cat. */
export function composeTableTop(random: Random, width: number, height: number): Stage {
  const edge = height * random.between(0.48, 0.62);
  // A camera some 0.45 metres above the table: things a tenth of a metre tall fill a sixth of the picture.
  const stage = indoors(random, width, height, edge - height * random.between(0.28, 0.36), random.between(0.34, 0.46));
  addBackdrop(stage, "wall", box(0, 0, width, height), wallMaterial(random.fork("wall")), { round: 0.5 });
  const draw = random.fork("things");
  if (draw.chance(0.3)) {
    place(
      stage,
      "picture",
      drawFramedPicture(draw.fork("picture")),
      width * draw.between(0.2, 0.8),
      height * draw.between(0.12, 0.25),
      {
        scale: draw.between(0.35, 0.6),
        castsShadow: false,
        depth: -1,
      },
    );
  }

  const paint = pickPaint(draw, ["brown", "brown", "white", "black", "beige", "grey", "green", "red", "blue"]);
  const wood = vary(
    draw,
    draw.pick<Rgb>([
      [0.5, 0.33, 0.2],
      [0.66, 0.5, 0.33],
      [0.34, 0.22, 0.15],
    ]),
    0.12,
  );
  const seed = draw.integer(1 << 20);
  const covered = draw.chance(0.35);
  const material: Material = covered
    ? cloth(draw, paint, 0.8)
    : draw.chance(0.7)
      ? planks(wood, { width: 0.1, upright: false, seed })
      : mottled(paint.rgb, { size: 0.1, amount: 0.1, octaves: 3, seed });
  const rim = height * draw.between(0.9, 1.1);
  const [left, right] = [
    draw.chance(0.3) ? width * draw.between(0.02, 0.15) : -0.2,
    draw.chance(0.3) ? width * draw.between(0.85, 0.98) : width + 0.2,
  ];
  const top = polygon([left + 0.06, edge], [right - 0.06, edge], [right, rim], [left, rim]);
  const color = covered ? paint : { name: "brown" as const, rgb: wood };
  const thing = {
    shapes: [
      { polygons: [top], material, round: 0.3, bounds: { x0: 0, x1: width, y0: edge, y1: height } },
      {
        polygons: [box(left, rim, right, height + 0.2)],
        material: mottled(scaled(color.rgb, 0.6), { size: 0.2, amount: 0.1, seed }),
        round: 0.1,
        bounds: { x0: 0, x1: width, y0: rim, y1: height + 0.2 },
      },
    ],
    traits: covered ? {} : color.rgb === wood ? { quality: "wooden" } : {},
  };
  // Drawn in scene units, y down: flipped into the frame of figures.
  const figure = { ...thing, shapes: thing.shapes.map((piece) => flipped(piece)) };
  const table = place(stage, "table", figure, 0, 0, { scale: 1, depth: 0, castsShadow: false });

  const count = 2 + draw.integer(5);
  for (let i = 0; i < count; i++) {
    const { name, figure: item } = tableThing(draw.fork("item", i), 1);
    const small = name === "lamp" || name === "plant";
    scatter(stage, draw, name, item, {
      from: edge + (rim - edge) * 0.08,
      to: Math.min(rim - 0.02, height * 1.02),
      left: Math.max(0, left),
      right: Math.min(width, right),
      boost: small ? 0.62 : 1,
      overlap: 0.4,
      limit: 0.7,
      on: table.id,
    });
  }
  const guest = draw.uniform();
  const where = {
    from: edge + 0.04,
    to: edge + (Math.min(rim, height) - edge) * 0.6,
    left: Math.max(0, left),
    right: Math.min(width, right),
    on: table.id,
  };
  if (guest < 0.22) scatter(stage, draw, "cat", drawCat(draw.fork("cat")), { ...where, boost: 0.75, limit: 0.6 });
  else if (guest < 0.36) scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { ...where, boost: 0.3 });
  else if (guest < 0.6)
    scatter(stage, draw, "plant", drawPlant(draw.fork("plant"), 0.7), { ...where, boost: 0.7, limit: 0.7 });
  return stage;
}

type Piece = Stage["placed"][number]["figure"]["shapes"][number];

function flipped({ polygons, material, round, bounds }: Piece): Piece {
  return {
    polygons: polygons.map((shape) => shape.map((value, i) => (i & 1 ? -value : value))),
    material: (x, y, out) => material(x, -y, out),
    round,
    bounds: { x0: bounds.x0, x1: bounds.x1, y0: -bounds.y1, y1: -bounds.y0 },
  };
}
