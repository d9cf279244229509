import type { Random } from "../../array/random.ts";
import { box } from "../geometry.ts";
import { addBackdrop, place, type Stage } from "../stage.ts";
import { ridge } from "../stuff/mountain.ts";
import { skyMaterial } from "../stuff/sky.ts";
import { drawBush, drawTree, type Season, treeLine } from "../stuff/tree.ts";
import { drawBalloon } from "../things/balloon.ts";
import { drawBird } from "../things/bird.ts";
import { outdoorWeather, type Weather } from "../weather.ts";
import { scatter } from "./scatter.ts";

/** What every outdoor picture starts from: weather, camera height, horizon, sky. */
export function openAir(
  random: Random,
  width: number,
  height: number,
  { horizon, eye }: { horizon: readonly [number, number]; eye: readonly [number, number] },
): { stage: Stage; weather: Weather } {
  const weather = outdoorWeather(random.fork("weather"));
  const level = height * random.between(...horizon);
  const stage: Stage = {
    random,
    view: {
      width,
      height,
      horizon: level,
      eye: random.between(...eye),
      light: weather.light,
      haze: weather.horizon,
      hazeAmount: weather.hazeAmount,
    },
    backdrops: [],
    placed: [],
    avoided: [],
  };
  addBackdrop(stage, "sky", box(0, 0, width, height), skyMaterial(random.fork("sky"), weather, width, level), {
    takesShadow: false,
  });
  return { stage, weather };
}

/** One to three ridges, the farthest the palest. */
export function addMountains(stage: Stage, random: Random, snow: boolean): void {
  const { width, horizon, hazeAmount } = stage.view;
  const count = 1 + random.integer(2);
  for (let i = count; i >= 1; i--) {
    const height = horizon * random.between(0.28, 0.62) * (0.55 + 0.45 * (i / count));
    const { polygon, material } = ridge(random.fork("ridge", i), {
      width,
      horizon,
      height,
      rugged: random.between(0.15, 0.6),
      snowLine: snow ? height * random.between(0.15, 0.5) : height * random.between(0.5, 1.4),
    });
    addBackdrop(stage, "mountain", polygon, material, {
      takesShadow: false,
      haze: Math.min(0.75, hazeAmount * (0.35 + 0.5 * i)),
    });
  }
}

/** A wood along the horizon. */
export function addTreeLine(stage: Stage, random: Random, season: Season): void {
  const { width, horizon, hazeAmount } = stage.view;
  const { polygons, material } = treeLine(random.fork("wood"), {
    width,
    base: horizon + 0.015,
    height: random.between(0.05, 0.13),
    season,
  });
  addBackdrop(stage, "tree", polygons, material, { haze: Math.min(0.6, hazeAmount * 0.8) });
}

/** Single trees and bushes on the ground between `from` and `to`. */
export function addTrees(stage: Stage, random: Random, count: number, season: Season, from: number, to: number): void {
  for (let i = 0; i < count; i++) {
    const bush = random.chance(0.3);
    const figure = bush ? drawBush(random.fork("tree", i), season) : drawTree(random.fork("tree", i), season);
    scatter(stage, random, "tree", figure, { from, to, limit: 0.62, overlap: 0.5 });
  }
}

/** Birds and balloons in the sky. */
export function addFlyers(stage: Stage, random: Random): void {
  const { width, horizon } = stage.view;
  if (random.chance(0.32)) {
    const count = 1 + random.integer(4);
    for (let i = 0; i < count; i++) {
      place(
        stage,
        "bird",
        drawBird(random.fork("flyer", i), "flying"),
        random.between(0.08, 0.92) * width,
        horizon * random.between(0.15, 0.85),
        {
          scale: random.between(0.07, 0.14),
          mirror: random.chance(0.5),
          angle: random.between(-0.25, 0.25),
          depth: -1,
          haze: 0.05,
          castsShadow: false,
        },
      );
    }
  }
  if (random.chance(0.25)) {
    const count = 1 + random.integer(3);
    for (let i = 0; i < count; i++) {
      const scale = horizon * random.between(0.018, 0.042);
      place(
        stage,
        "balloon",
        drawBalloon(random.fork("balloon", i), "hot-air"),
        random.between(0.1, 0.9) * width,
        Math.max(scale * 17, horizon * random.between(0.45, 0.95)),
        {
          scale,
          depth: -2 + scale,
          haze: 0.15,
          castsShadow: false,
        },
      );
    }
  }
}
