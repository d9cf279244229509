import type { Random } from "../../array/random.ts";
import { box, ellipse, polygon } from "../geometry.ts";
import { addBackdrop, type Stage } from "../stage.ts";
import { grassMaterial, roadMaterial, waterMaterial } from "../stuff/ground.ts";
import type { Season } from "../stuff/tree.ts";
import { drawBall } from "../things/ball.ts";
import { drawBicycle } from "../things/bicycle.ts";
import { drawBird } from "../things/bird.ts";
import { drawCar } from "../things/car.ts";
import { drawCat } from "../things/cat.ts";
import { drawDog } from "../things/dog.ts";
import { drawHouse } from "../things/house.ts";
import { drawPerson } from "../things/person.ts";
import { drawSheep } from "../things/sheep.ts";
import { addFlyers, addMountains, addTreeLine, addTrees, openAir } from "./outdoors.ts";
import { scatter } from "./scatter.ts";

/** Open country: grass, woods and hills, a road or a pond, houses, animals, people. */
export function composeMeadow(random: Random, width: number, height: number): Stage {
  const { stage, weather } = openAir(random, width, height, { horizon: [0.34, 0.52], eye: [1.8, 3] });
  const { horizon } = stage.view;
  const season: Season = random.chance(0.25) ? "autumn" : "summer";
  if (random.chance(0.5)) addMountains(stage, random.fork("mountains"), false);
  if (random.chance(0.65)) addTreeLine(stage, random.fork("line"), season);
  addBackdrop(stage, "grass", box(0, horizon, width, height), grassMaterial(random.fork("grass"), stage.view));

  const depth = height - horizon;
  const feature = random.uniform();
  if (feature < 0.4) {
    // A road that runs away from us, its foot somewhere below the picture's middle.
    const half = random.between(1.4, 2.4);
    const end = width * random.between(0.2, 0.8);
    const shift = random.between(-0.3, 0.3) * width;
    const near = (half * depth) / stage.view.eye;
    const middle = width / 2 + shift;
    const bend = random.between(-0.1, 0.1) * width;
    const road = smoothSides(end, horizon, middle + bend, horizon + depth * 0.4, middle, height, near);
    addBackdrop(stage, "road", road, roadMaterial(random.fork("road"), stage.view, { half }));
  } else if (feature < 0.65) {
    const y = horizon + depth * random.between(0.25, 0.6);
    const rx = width * random.between(0.2, 0.4);
    const [x, ry] = [width * random.between(0.2, 0.8), depth * random.between(0.07, 0.16)];
    const pond = ellipse(x, y, rx, ry);
    stage.avoided.push((px, py) => Math.hypot((px - x) / (rx * 1.05), (py - y) / (ry * 1.1)) < 1);
    addBackdrop(stage, "water", pond, waterMaterial(random.fork("pond"), stage.view, weather.horizon));
  }

  const near = (share: number) => horizon + depth * share;
  const draw = random.fork("things");
  if (draw.chance(0.5)) {
    for (let i = draw.integer(2); i >= 0; i--)
      scatter(stage, draw, "house", drawHouse(draw.fork("house", i)), { from: near(0.1), to: near(0.3), limit: 0.5 });
  }
  addTrees(stage, random.fork("trees"), random.integer(4), season, near(0.08), near(0.6));
  if (draw.chance(0.6)) {
    for (let i = draw.integer(5); i >= 0; i--)
      scatter(stage, draw, "sheep", drawSheep(draw.fork("sheep", i)), { from: near(0.18), to: near(0.9), boost: 1.25 });
  }
  if (draw.chance(0.3)) {
    for (let i = draw.integer(2); i >= 0; i--)
      scatter(stage, draw, "dog", drawDog(draw.fork("dog", i)), { from: near(0.45), to: near(0.95), boost: 1.6 });
  }
  if (draw.chance(0.18))
    scatter(stage, draw, "cat", drawCat(draw.fork("cat")), { from: near(0.6), to: near(0.95), boost: 1.7 });
  if (draw.chance(0.4)) {
    for (let i = draw.integer(3); i >= 0; i--)
      scatter(stage, draw, "person", drawPerson(draw.fork("person", i)), { from: near(0.25), to: near(0.95) });
  }
  if (draw.chance(0.2))
    scatter(stage, draw, "bicycle", drawBicycle(draw.fork("bicycle")), { from: near(0.4), to: near(0.9), boost: 1.15 });
  if (draw.chance(0.25))
    scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { from: near(0.55), to: near(0.95), boost: 1.3 });
  if (draw.chance(0.2)) scatter(stage, draw, "car", drawCar(draw.fork("car")), { from: near(0.2), to: near(0.5) });
  if (draw.chance(0.15))
    scatter(stage, draw, "bird", drawBird(draw.fork("bird"), "standing"), {
      from: near(0.6),
      to: near(0.95),
      boost: 1.35,
    });
  addFlyers(stage, random.fork("flyers"));
  if (stage.placed.every(({ className }) => className === "tree")) {
    scatter(stage, draw, "sheep", drawSheep(draw.fork("last")), { from: near(0.35), to: near(0.8), boost: 1.25 });
  }
  return stage;
}

/** A band that narrows from `near` at the bottom to a point at the horizon, through a bend. */
function smoothSides(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  near: number,
): Float64Array {
  const steps = 14;
  const left: [number, number][] = [];
  const right: [number, number][] = [];
  for (let i = 0; i <= steps; i++) {
    const t = (i / steps) ** 1.6;
    const x = (1 - t) * (1 - t) * x0 + 2 * t * (1 - t) * x1 + t * t * x2;
    const y = (1 - t) * (1 - t) * y0 + 2 * t * (1 - t) * y1 + t * t * y2;
    const half = near * Math.max(0.012, (y - y0) / (y2 - y0));
    left.push([x - half, y]);
    right.push([x + half, y]);
  }
  left.push([x2 - near, y2 + 0.1]);
  right.push([x2 + near, y2 + 0.1]);
  return polygon(...left, ...right.reverse());
}
