import { describe, expect, it } from "vitest";
import { Random } from "../array/random.ts";
import { sceneClasses } from "./classes.ts";
import { draw } from "./drawing.ts";
import { pickDetail, wholeStage } from "./frame.ts";
import { places } from "./places/index.ts";
import { renderScene, type Scene } from "./render.ts";

const stage = places.street.compose(new Random("frame"), 1, 1);

describe("a detail", () => {
  it("is a window of the scene, enlarged", () => {
    const whole = draw(stage, wholeStage, 128, 128, new Set());
    const detail = draw(stage, { x: 0.25, y: 0.375, zoom: 2 }, 64, 64, new Set());
    const row = (y: number) => whole.classes.slice((48 + y) * 128 + 32, (48 + y) * 128 + 96);
    expect([...detail.classes]).toEqual(Array.from({ length: 64 }, (_, y) => [...row(y)]).flat());
  });

  it("lies in the scene, from next to all of it to an eightieth", () => {
    const zooms: number[] = [];
    for (let i = 0; i < 300; i++) {
      const { x, y, zoom } = pickDetail(new Random("detail", i), stage);
      zooms.push(zoom);
      for (const corner of [x, y]) {
        expect(corner).toBeGreaterThanOrEqual(0);
        expect(corner + 1 / zoom).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
    expect(Math.min(...zooms)).toBeGreaterThanOrEqual(1);
    expect(Math.min(...zooms)).toBeLessThan(1.5);
    expect(Math.max(...zooms)).toBeGreaterThan(8);
    expect(Math.max(...zooms)).toBeLessThanOrEqual(9);
  });

  it("shows less than the scene does, at times nothing but stuff, and is of the share that was asked for", () => {
    const scenes = Array.from({ length: 100 }, (_, index) => {
      const scene = { seed: 4, index, width: 64, height: 64 };
      return [renderScene(scene), renderScene({ ...scene, details: 0.5 })];
    });
    const bytes = ({ image }: Scene) => Buffer.from(image.data);
    const changed = scenes.filter(([whole, asked]) => !bytes(whole).equals(bytes(asked)));
    expect(changed.length).toBeGreaterThan(35);
    expect(changed.length).toBeLessThan(65);
    const mean = (of: 0 | 1) => changed.reduce((sum, pair) => sum + pair[of].tags.length, 0) / changed.length;
    expect(mean(1)).toBeLessThan(0.7 * mean(0));
    const isBare = (scene: Scene) => scene.tags.every((tag) => sceneClasses[tag].thing === false);
    expect(changed.some(([, detail]) => isBare(detail))).toBe(true);
    for (const [, { captions }] of changed) expect(captions.length).toBeGreaterThan(0);
  });
});
