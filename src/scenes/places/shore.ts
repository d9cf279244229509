import type { Random } from "../../array/random.ts";
import { box, type Point, polygon } from "../geometry.ts";
import { addBackdrop, type Stage } from "../stage.ts";
import { grassMaterial, sandMaterial, waterMaterial } from "../stuff/ground.ts";
import { drawBall } from "../things/ball.ts";
import { drawBicycle } from "../things/bicycle.ts";
import { drawBird } from "../things/bird.ts";
import { drawBoat } from "../things/boat.ts";
import { drawChair } from "../things/chair.ts";
import { drawDog } from "../things/dog.ts";
import { drawHouse } from "../things/house.ts";
import { drawPerson } from "../things/person.ts";
import { addFlyers, addMountains, addTreeLine, addTrees, openAir } from "./outdoors.ts";
import { scatter } from "./scatter.ts";

/** The sea from a beach: boats, islands, people on the sand. */
export function composeBeach(random: Random, width: number, height: number): Stage {
  return composeShore(random, width, height, "sand");
}

/** A lake from a grassy bank: boats, woods and mountains behind. */
export function composeLake(random: Random, width: number, height: number): Stage {
  return composeShore(random, width, height, "grass");
}

function composeShore(random: Random, width: number, height: number, ground: "sand" | "grass"): Stage {
  const { stage, weather } = openAir(random, width, height, { horizon: [0.32, 0.48], eye: [2, 3.2] });
  const { horizon } = stage.view;
  const depth = height - horizon;
  const near = (share: number) => horizon + depth * share;
  const season = random.chance(0.25) ? "autumn" : "summer";
  const lake = ground === "grass";
  if (random.chance(lake ? 0.75 : 0.4)) addMountains(stage, random.fork("mountains"), random.chance(0.4));
  if (lake && random.chance(0.7)) addTreeLine(stage, random.fork("line"), season);
  addBackdrop(
    stage,
    "water",
    box(0, horizon, width, height),
    waterMaterial(random.fork("water"), stage.view, weather.horizon),
  );

  const shore = random.between(0.35, 0.62);
  const slope = random.between(-0.18, 0.18);
  const bank: Point[] = [];
  const wave = random.between(0.01, 0.05);
  const phase = random.between(0, 6);
  for (let i = 0; i <= 24; i++) {
    const t = i / 24;
    bank.push([
      width * t,
      near(shore + slope * (t - 0.5)) + wave * depth * (Math.sin(phase + t * 5) + 0.4 * Math.sin(phase * 2 + t * 13)),
    ]);
  }
  const land = [...bank, [width, height + 0.1] as const, [0, height + 0.1] as const];
  if (!lake) {
    // Foam where the waves run out: still water, drawn a little higher than the sand.
    addBackdrop(stage, "water", polygon(...land.map(([x, y]): Point => [x, y - depth * 0.022])), (x, y, out) => {
      out.fill(0.84 + 0.1 * Math.sin(x * 90 + Math.sin(y * 200)));
    });
  }
  const material = lake
    ? grassMaterial(random.fork("ground"), stage.view)
    : sandMaterial(random.fork("ground"), stage.view);
  addBackdrop(stage, ground, polygon(...land), material);

  const draw = random.fork("things");
  const waterline = shore - Math.abs(slope) / 2 - wave * 1.4;
  const dry = shore + Math.abs(slope) / 2 + wave * 1.4 + 0.04;
  for (let i = draw.integer(4) - (draw.chance(0.2) ? 1 : 0); i > 0; i--) {
    scatter(stage, draw, "boat", drawBoat(draw.fork("boat", i)), {
      from: near(0.07),
      to: near(Math.max(0.12, waterline - 0.05)),
      limit: 0.6,
      boost: 0.9,
    });
  }
  if (draw.chance(lake ? 0.4 : 0.2)) {
    for (let i = draw.integer(3); i >= 0; i--) {
      scatter(stage, draw, "bird", drawBird(draw.fork("duck", i), "swimming"), {
        from: near(0.2),
        to: near(Math.max(0.25, waterline - 0.03)),
        boost: 1.7,
        castsShadow: false,
      });
    }
  }
  addTrees(stage, random.fork("trees"), lake ? random.integer(4) : random.integer(2), season, near(dry), near(0.95));
  if (lake && draw.chance(0.25))
    scatter(stage, draw, "house", drawHouse(draw.fork("house")), {
      from: near(dry),
      to: near(dry + 0.06),
      limit: 0.42,
    });
  for (let i = draw.integer(4); i > 0; i--)
    scatter(stage, draw, "person", drawPerson(draw.fork("person", i)), { from: near(dry), to: near(0.98), limit: 0.6 });
  if (draw.chance(0.3))
    scatter(stage, draw, "dog", drawDog(draw.fork("dog")), { from: near(dry), to: near(0.97), boost: 1.5 });
  if (draw.chance(0.35))
    scatter(stage, draw, "ball", drawBall(draw.fork("ball")), { from: near(dry), to: near(0.97), boost: 1.3 });
  if (draw.chance(0.2))
    for (let i = draw.integer(2); i >= 0; i--)
      scatter(stage, draw, "chair", drawChair(draw.fork("chair", i)), { from: near(dry), to: near(0.95), boost: 1.1 });
  if (draw.chance(0.25))
    scatter(stage, draw, "bird", drawBird(draw.fork("bird"), "standing"), {
      from: near(dry),
      to: near(0.97),
      boost: 1.35,
    });
  if (draw.chance(0.12))
    scatter(stage, draw, "bicycle", drawBicycle(draw.fork("bicycle")), { from: near(dry), to: near(0.95) });
  addFlyers(stage, random.fork("flyers"));
  if (stage.placed.every(({ className }) => className === "tree")) {
    scatter(stage, draw, "boat", drawBoat(draw.fork("last")), { from: near(0.1), to: near(0.25), limit: 0.6 });
  }
  return stage;
}
