import type { Random } from "../../array/random.ts";
import { box } from "../geometry.ts";
import { addBackdrop, type Stage } from "../stage.ts";
import { snowMaterial } from "../stuff/ground.ts";
import { drawBall } from "../things/ball.ts";
import { drawBird } from "../things/bird.ts";
import { drawCar } from "../things/car.ts";
import { drawCat } from "../things/cat.ts";
import { drawDog } from "../things/dog.ts";
import { drawHouse } from "../things/house.ts";
import { drawPerson } from "../things/person.ts";
import { addFlyers, addMountains, addTreeLine, addTrees, openAir } from "./outdoors.ts";
import { scatter } from "./scatter.ts";

/** Snow: mountains, firs, houses under white roofs, people in coats. */
export function composeWinter(random: Random, width: number, height: number): Stage {
  const { stage } = openAir(random, width, height, { horizon: [0.34, 0.52], eye: [1.8, 2.8] });
  const { horizon } = stage.view;
  const depth = height - horizon;
  const near = (share: number) => horizon + depth * share;
  if (random.chance(0.75)) addMountains(stage, random.fork("mountains"), true);
  if (random.chance(0.6)) addTreeLine(stage, random.fork("line"), "winter");
  addBackdrop(stage, "snow", box(0, horizon, width, height), snowMaterial(random.fork("snow"), stage.view));

  const draw = random.fork("things");
  if (draw.chance(0.55)) {
    for (let i = draw.integer(2); i >= 0; i--)
      scatter(stage, draw, "house", drawHouse(draw.fork("house", i), { snow: true }), {
        from: near(0.1),
        to: near(0.32),
        limit: 0.5,
      });
  }
  addTrees(stage, random.fork("trees"), 1 + random.integer(5), "winter", near(0.08), near(0.65));
  for (let i = draw.integer(4); i > 0; i--)
    scatter(stage, draw, "person", drawPerson(draw.fork("person", i), { warm: true }), {
      from: near(0.25),
      to: near(0.95),
    });
  if (draw.chance(0.4))
    scatter(stage, draw, "dog", drawDog(draw.fork("dog")), { from: near(0.45), to: near(0.95), boost: 1.6 });
  if (draw.chance(0.15))
    scatter(stage, draw, "cat", drawCat(draw.fork("cat")), { from: near(0.6), to: near(0.95), boost: 1.7 });
  if (draw.chance(0.3)) scatter(stage, draw, "car", drawCar(draw.fork("car")), { from: near(0.25), to: near(0.6) });
  if (draw.chance(0.3)) {
    for (let i = draw.integer(3); i >= 0; i--)
      scatter(stage, draw, "bird", drawBird(draw.fork("bird", i), "standing"), {
        from: near(0.5),
        to: near(0.95),
        boost: 1.35,
      });
  }
  if (draw.chance(0.15))
    scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { from: near(0.55), to: near(0.95), boost: 1.3 });
  addFlyers(stage, random.fork("flyers"));
  if (stage.placed.every(({ className }) => className === "tree")) {
    scatter(stage, draw, "person", drawPerson(draw.fork("last"), { warm: true }), { from: near(0.4), to: near(0.9) });
  }
  return stage;
}
