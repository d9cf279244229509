import type { Random } from "../../array/random.ts";
import type { ClassName } from "../classes.ts";
import { scaled } from "../color.ts";
import type { Figure } from "../figure.ts";
import { box } from "../geometry.ts";
import { plain, planks } from "../material.ts";
import { addBackdrop, place, type Stage, scaleAt, type View } from "../stage.ts";
import { floorMaterial, wallMaterial } from "../stuff/room.ts";
import { drawBall } from "../things/ball.ts";
import { drawBalloon } from "../things/balloon.ts";
import { drawBed } from "../things/bed.ts";
import { drawBicycle } from "../things/bicycle.ts";
import { drawBottle } from "../things/bottle.ts";
import { drawCat } from "../things/cat.ts";
import { drawChair } from "../things/chair.ts";
import { drawCup } from "../things/cup.ts";
import { drawDog } from "../things/dog.ts";
import { drawFramedPicture } from "../things/framed-picture.ts";
import { drawLamp } from "../things/lamp.ts";
import { drawPerson } from "../things/person.ts";
import { drawPlant } from "../things/plant.ts";
import { drawTable } from "../things/table.ts";
import { indoorLight } from "../weather.ts";
import { putOn, scatter } from "./scatter.ts";

/** A view with a wall behind; no haze. */
export function indoors(random: Random, width: number, height: number, horizon: number, eye: number): Stage {
  const view: View = {
    width,
    height,
    horizon,
    eye,
    light: indoorLight(random.fork("light")),
    haze: [0.5, 0.5, 0.5],
    hazeAmount: 0,
  };
  return { random, view, backdrops: [], placed: [], avoided: [] };
}

/** Something to stand on a table; `size` makes it larger than life. */
export function tableThing(random: Random, size: number): { name: ClassName; figure: Figure } {
  switch (random.integer(5)) {
    case 0:
    case 1:
      return { name: "cup", figure: drawCup(random, size) };
    case 2:
    case 3:
      return { name: "bottle", figure: drawBottle(random, size) };
    default:
      return random.chance(0.55)
        ? { name: "plant", figure: drawPlant(random, 0.8) }
        : { name: "lamp", figure: drawLamp(random, "table") };
  }
}

/** A living room: table and chairs, lamps, plants, pictures on the wall, pets and people. */
export function composeLivingRoom(random: Random, width: number, height: number): Stage {
  return composeRoom(random, width, height, false);
}

/** A bedroom: the same with a bed. */
export function composeBedroom(random: Random, width: number, height: number): Stage {
  return composeRoom(random, width, height, true);
}

function composeRoom(random: Random, width: number, height: number, bedroom: boolean): Stage {
  const horizon = height * random.between(0.3, 0.4);
  const stage = indoors(random, width, height, horizon, random.between(1.05, 1.35));
  const corner = height * random.between(0.58, 0.68);
  const depth = height - corner;
  const near = (share: number) => corner + depth * share;
  addBackdrop(stage, "wall", box(0, 0, width, height), wallMaterial(random.fork("wall")), { round: 0.5 });
  if (random.chance(0.4)) {
    const low = corner - (corner - horizon) * random.between(0.5, 0.9);
    addBackdrop(stage, "wall", box(0, low, width, corner), wallMaterial(random.fork("panel")), { round: 0.3 });
    addBackdrop(stage, "wall", box(0, low - 0.008, width, low + 0.004), plain([0.85, 0.83, 0.79]));
  }
  addBackdrop(stage, "floor", box(0, corner, width, height), floorMaterial(random.fork("floor"), stage.view), {
    round: 0.25,
  });
  addBackdrop(
    stage,
    "wall",
    box(0, corner - 0.022, width, corner),
    planks(scaled([0.9, 0.88, 0.84], random.between(0.4, 1)), { width: 0.05, upright: false }),
  );

  const draw = random.fork("things");
  const hung = draw.integer(4);
  for (let i = 0; i < hung; i++) {
    const x = (width * (i + draw.between(0.25, 0.75))) / hung;
    place(stage, "picture", drawFramedPicture(draw.fork("picture", i)), x, height * draw.between(0.16, 0.3), {
      scale: scaleAt(stage.view, corner) * draw.between(0.9, 1.3),
      castsShadow: false,
      depth: -1,
    });
  }
  if (draw.chance(0.3)) {
    place(stage, "lamp", drawLamp(draw.fork("hanging"), "hanging"), width * draw.between(0.2, 0.8), -0.02, {
      scale: scaleAt(stage.view, near(0.3)),
      castsShadow: false,
      depth: near(0.3),
    });
  }
  if (bedroom)
    scatter(stage, draw, "bed", drawBed(draw.fork("bed")), { from: near(0.12), to: near(0.55), limit: 0.85 });
  for (let i = bedroom ? draw.integer(2) : 1 + Number(draw.chance(0.35)); i > 0; i--) {
    const table = scatter(stage, draw, "table", drawTable(draw.fork("table", i)), {
      from: near(0.1),
      to: near(0.75),
      limit: 0.6,
    });
    const items = Array.from({ length: draw.integer(4) }, (_, k) =>
      tableThing(draw.fork("item", i, k), draw.between(1.7, 2.2)),
    );
    putOn(stage, draw, table, items);
  }
  for (let i = draw.integer(bedroom ? 2 : 4); i > 0; i--)
    scatter(stage, draw, "chair", drawChair(draw.fork("chair", i)), { from: near(0.08), to: near(0.9), limit: 0.55 });
  if (draw.chance(0.4))
    scatter(stage, draw, "lamp", drawLamp(draw.fork("lamp"), "floor"), { from: near(0.04), to: near(0.35) });
  if (draw.chance(0.45))
    scatter(stage, draw, "plant", drawPlant(draw.fork("plant"), 1.35), { from: near(0.06), to: near(0.8) });
  if (draw.chance(0.35))
    scatter(stage, draw, "cat", drawCat(draw.fork("cat")), { from: near(0.3), to: near(0.95), boost: 1.05 });
  if (draw.chance(0.25))
    scatter(stage, draw, "dog", drawDog(draw.fork("dog")), { from: near(0.3), to: near(0.95), boost: 1.05 });
  if (draw.chance(0.3))
    scatter(stage, draw, "person", drawPerson(draw.fork("person")), { from: near(0.2), to: near(0.9), limit: 0.8 });
  if (draw.chance(0.22))
    scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { from: near(0.3), to: near(0.95), boost: 0.8 });
  if (draw.chance(0.1))
    scatter(stage, draw, "bicycle", drawBicycle(draw.fork("bicycle")), { from: near(0.05), to: near(0.4) });
  if (draw.chance(0.18)) {
    for (let i = draw.integer(3); i >= 0; i--) {
      scatter(stage, draw, "balloon", drawBalloon(draw.fork("balloon", i), "toy"), {
        from: height * 0.5,
        to: height * 0.62,
        castsShadow: false,
        depth: near(draw.uniform()),
      });
    }
  }
  if (stage.placed.length === 0)
    scatter(stage, draw, "chair", drawChair(draw.fork("last")), { from: near(0.2), to: near(0.8) });
  return stage;
}
