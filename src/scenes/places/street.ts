import type { Random } from "../../array/random.ts";
import { box } from "../geometry.ts";
import { addBackdrop, place, type Stage, scaleAt } from "../stage.ts";
import { grassMaterial, pavementMaterial, roadMaterial } from "../stuff/ground.ts";
import type { Season } from "../stuff/tree.ts";
import { drawTree } from "../stuff/tree.ts";
import { drawBall } from "../things/ball.ts";
import { drawBicycle } from "../things/bicycle.ts";
import { drawBird } from "../things/bird.ts";
import { drawBus } from "../things/bus.ts";
import { drawCar } from "../things/car.ts";
import { drawCat } from "../things/cat.ts";
import { drawDog } from "../things/dog.ts";
import { drawHouse } from "../things/house.ts";
import { drawLamp } from "../things/lamp.ts";
import { drawPerson } from "../things/person.ts";
import { addFlyers, addTreeLine, openAir } from "./outdoors.ts";
import { scatter } from "./scatter.ts";

/** A street across the picture: houses, a pavement, the road, perhaps a pavement on our side. */
export function composeStreet(random: Random, width: number, height: number): Stage {
  const { stage } = openAir(random, width, height, { horizon: [0.36, 0.46], eye: [2.4, 3.6] });
  const { horizon, eye } = stage.view;
  const season: Season = random.chance(0.3) ? "autumn" : "summer";
  const depth = height - horizon;
  const near = (share: number) => horizon + depth * share;
  if (random.chance(0.4)) addTreeLine(stage, random.fork("line"), season);

  const back = random.between(0.2, 0.3);
  const curb = back + random.between(0.1, 0.18);
  const front = random.chance(0.7) ? random.between(0.78, 0.92) : 1.02;
  const verge = random.chance(0.3);
  addBackdrop(stage, "grass", box(0, horizon, width, height), grassMaterial(random.fork("grass"), stage.view));
  if (!verge)
    addBackdrop(
      stage,
      "pavement",
      box(0, near(back * 0.8), width, height),
      pavementMaterial(random.fork("pavement"), stage.view),
    );
  else
    addBackdrop(
      stage,
      "pavement",
      box(0, near((back + curb) / 2), width, height),
      pavementMaterial(random.fork("pavement"), stage.view),
    );
  const [far, close] = [eye / (depth * curb), eye / (depth * front)];
  const road = roadMaterial(random.fork("road"), stage.view, {
    crossing: (far + close) / 2,
    half: Math.max(0.3, (far - close) / 2),
  });
  addBackdrop(stage, "road", box(0, near(curb), width, near(front)), road);

  const draw = random.fork("things");
  let x = random.between(-0.2, 0);
  const row = near(back) - 0.01;
  const scale = scaleAt(stage.view, row) * random.between(0.9, 1.1);
  for (let i = 0; x < width; i++) {
    if (draw.chance(0.14)) {
      x += draw.between(0.08, 0.2);
      continue;
    }
    const house = drawHouse(draw.fork("house", i), { town: draw.chance(0.75) });
    const half = (Math.max(...house.shapes.map(({ bounds }) => bounds.x1)) + 0.02) * scale;
    place(stage, "house", house, x + half, row + draw.between(-0.004, 0.004), { scale, mirror: draw.chance(0.5) });
    x += 2 * half + (draw.chance(0.25) ? draw.between(0.02, 0.12) : 0);
  }
  for (let i = draw.integer(3); i > 0; i--) {
    scatter(stage, draw, "tree", drawTree(draw.fork("tree", i), season), {
      from: near(back + 0.02),
      to: near(curb - 0.02),
      overlap: 1,
    });
  }
  if (draw.chance(0.4)) {
    const at = near(curb) - 0.01;
    for (let i = 0; i < 2; i++)
      place(stage, "lamp", drawLamp(draw.fork("lamp"), "street"), width * (draw.between(0.05, 0.4) + 0.5 * i), at);
  }
  const lane = (share: number) => near(curb + (front - curb) * share);
  if (draw.chance(0.5))
    scatter(stage, draw, "bus", drawBus(draw.fork("bus")), { from: lane(0.12), to: lane(0.5), limit: 0.8, overlap: 1 });
  for (let i = draw.integer(4); i > 0; i--)
    scatter(stage, draw, "car", drawCar(draw.fork("car", i)), { from: lane(0.08), to: lane(0.85), limit: 0.62 });
  for (let i = draw.integer(3); i > 0; i--) {
    const behind = draw.chance(0.5) || front > 1;
    scatter(stage, draw, "person", drawPerson(draw.fork("person", i)), {
      from: behind ? near(back + 0.04) : near(front),
      to: behind ? near(curb) : near(1.05),
    });
  }
  if (draw.chance(0.35))
    scatter(stage, draw, "bicycle", drawBicycle(draw.fork("bicycle")), { from: lane(0.3), to: near(0.97), boost: 1.1 });
  if (draw.chance(0.25))
    scatter(stage, draw, "dog", drawDog(draw.fork("dog")), { from: lane(0.8), to: near(0.98), boost: 1.5 });
  if (draw.chance(0.12))
    scatter(stage, draw, "cat", drawCat(draw.fork("cat")), { from: lane(0.8), to: near(0.98), boost: 1.7 });
  if (draw.chance(0.12))
    scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { from: lane(0.5), to: near(0.98), boost: 1.3 });
  if (draw.chance(0.15))
    scatter(stage, draw, "bird", drawBird(draw.fork("bird"), "standing"), {
      from: lane(0.8),
      to: near(0.98),
      boost: 1.35,
    });
  addFlyers(stage, random.fork("flyers"));
  return stage;
}
