import { describe, expect, it } from "vitest";
import { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { type ClassName, sceneClasses } from "./classes.ts";
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

  it("enlarges a small thing as far as it needs", () => {
    const [thing] = stage.placed;
    const { x0, y0 } = thing.extent;
    const bird = { ...thing, className: "bird", extent: { x0, y0, x1: x0 + 0.03, y1: y0 + 0.02 } } as const;
    const zooms = Array.from({ length: 100 }, (_, i) =>
      pickDetail(new Random("bird", i), { ...stage, placed: [bird] }),
    ).map(({ zoom }) => zoom);
    const near = zooms.filter((zoom) => zoom > 9).length;
    expect(near).toBeGreaterThan(50);
    expect(near).toBeLessThan(80);
    expect(Math.max(...zooms)).toBeLessThanOrEqual(27);
  });

  it("is of what is small more often than of what is large, however many there are of that", () => {
    const [thing] = stage.placed;
    const at = (className: ClassName, x: number) =>
      ({ ...thing, className, extent: { x0: x, y0: 0.4, x1: x + 0.1, y1: 0.5 } }) as const;
    const placed = [at("dog", 0.85), ...Array.from({ length: 9 }, (_, i) => at("house", 0.05 * i))];
    const right = Array.from({ length: 300 }, (_, i) => pickDetail(new Random("dog", i), { ...stage, placed })).filter(
      ({ x }) => x > 0.65,
    ).length;
    // Three of four of the two thirds that are of a thing.
    expect(right).toBeGreaterThan(120);
    expect(right).toBeLessThan(210);
  });

  it("is sharp, or cut out and enlarged, each half of the time", () => {
    const countSoft = (details: number) =>
      Array.from({ length: 40 }, (_, index) => renderScene({ seed: 4, index, width: 64, height: 64, details })).filter(
        ({ image }) => contrast(image, 1) < 0.33 * contrast(image, 4),
      ).length;
    expect(countSoft(0)).toBe(0);
    expect(countSoft(1)).toBeGreaterThan(10);
    expect(countSoft(1)).toBeLessThan(26);
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

/** Mean difference of pixels that lie so far apart in a row. */
function contrast({ width, height, data }: Image, apart: number): number {
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x + apart < width; x++) {
      const at = 3 * (y * width + x);
      sum += Math.abs(data[at] - data[at + 3 * apart]);
    }
  }
  return sum / height / (width - apart);
}
