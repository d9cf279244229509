import { describe, expect, it } from "vitest";
import { sceneClasses } from "./classes.ts";
import { placeNames } from "./places/index.ts";
import { renderScene, type Scene } from "./render.ts";

const small = { seed: 3, width: 64, height: 64 };
const many: readonly Scene[] = Array.from({ length: 320 }, (_, index) => renderScene({ ...small, index }));
const sizes: readonly (readonly [number, number])[] = [
  [64, 64],
  [512, 64],
  [64, 512],
  [200, 128],
  [97, 131],
];

describe("renderScene", () => {
  it("draws the same bytes twice", () => {
    const scene = { seed: 11, index: 5, width: 96, height: 80 };
    expect(renderScene(scene)).toEqual(renderScene(scene));
  });

  it.each([
    ["index", { seed: 11, index: 6 }],
    ["seed", { seed: 12, index: 5 }],
  ])("draws something else for another %s", (_, other) => {
    const scene = renderScene({ seed: 11, index: 5, width: 64, height: 64 });
    expect(renderScene({ ...other, width: 64, height: 64 }).image.data).not.toEqual(scene.image.data);
  });

  it.each(sizes)("fills %i × %i pixels of every label", (width, height) => {
    const scene = renderScene({ seed: 1, index: 2, width, height });
    const lengths = [scene.labels, scene.segmentMap, scene.saliency].map(({ data }) => data.length);
    expect(lengths).toEqual([width * height, width * height, width * height]);
    expect(scene.image.data).toHaveLength(3 * width * height);
  });

  it.each(placeNames)("draws a %s when asked", (kind) => {
    expect(renderScene({ ...small, index: 0, kinds: [kind] }).kind).toBe(kind);
  });

  it.each([
    [63, 64, "width of 64 to 512 pixels, got 63"],
    [64, 513, "height of 64 to 512 pixels, got 513"],
    [64.5, 64, "width of 64 to 512 pixels, got 64.5"],
  ])("refuses %d × %d pixels", (width, height, message) => {
    expect(() => renderScene({ seed: 0, index: 0, width, height })).toThrow(message);
  });
});

describe("the labels of a scene", () => {
  it("are classes, all of which appear sooner or later", () => {
    const seen = new Set(many.flatMap(({ labels }) => [...new Set(labels.data)]));
    expect([...seen].sort((a, b) => a - b)).toEqual(sceneClasses.map((_, index) => index));
  });

  it("agree with the segments, pixel by pixel", () => {
    for (const { labels, segmentMap, segments } of many.slice(0, 60)) {
      const classOf = new Map(segments.map(({ id, classIndex }) => [id, classIndex]));
      expect(Array.from(segmentMap.data, (id) => classOf.get(id))).toEqual(Array.from(labels.data));
    }
  });

  it("number the segments from 1 without gaps, each with pixels", () => {
    for (const { segmentMap, segments } of many.slice(0, 60)) {
      expect(segments.map(({ id }) => id)).toEqual(segments.map((_, index) => index + 1));
      expect(new Set(segmentMap.data).size).toBe(segments.length);
    }
  });

  it("have one segment for each class of stuff and often several for one of things", () => {
    let crowded = 0;
    for (const { segments } of many) {
      const counts = new Map<number, number>();
      for (const { classIndex } of segments) counts.set(classIndex, (counts.get(classIndex) ?? 0) + 1);
      for (const [index, count] of counts) if (sceneClasses[index].thing === false) expect(count).toBe(1);
      if ([...counts.values()].some((count) => count > 1)) crowded++;
    }
    expect(crowded).toBeGreaterThan(many.length / 2);
  });

  it("have as tags exactly the classes in the mask", () => {
    for (const { labels, tags } of many) expect(tags).toEqual([...new Set(labels.data)].sort((a, b) => a - b));
  });

  it("have a salient thing in every scene and leave most of the background out", () => {
    let background = 0;
    let salient = 0;
    for (const { saliency, labels } of many) {
      expect(Math.max(...saliency.data)).toBeGreaterThan(128);
      for (let i = 0; i < labels.data.length; i++) {
        if (saliency.data[i] < 128) continue;
        if (sceneClasses[labels.data[i]].thing === true) salient++;
        else background++;
      }
    }
    expect(background).toBeLessThan(0.05 * salient);
  });
});

describe("an unlabelled border", () => {
  const [plain, bordered] = [0, 1].map((border) => renderScene({ ...small, index: 8, border }));

  it("changes labels and segments only, and only along edges", () => {
    const { labels, segmentMap, segments } = plain;
    expect({ ...bordered, labels, segmentMap, segments }).toEqual(plain);
    let unlabelled = 0;
    bordered.labels.data.forEach((label, i) => {
      expect(label === 255).toBe(bordered.segmentMap.data[i] === 0);
      if (label === 255) unlabelled++;
      else expect(label).toBe(plain.labels.data[i]);
    });
    expect(unlabelled).toBeGreaterThan(60);
    expect(unlabelled).toBeLessThan(0.5 * plain.labels.data.length);
  });
});

describe("sceneClasses", () => {
  it("has distinct names and colours", () => {
    expect(new Set(sceneClasses.map(({ name }) => name)).size).toBe(sceneClasses.length);
    expect(new Set(sceneClasses.map(({ color }) => color.join())).size).toBe(sceneClasses.length);
  });
});
