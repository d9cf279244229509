import { describe, expect, it } from "vitest";
import { type Affine, box, compose, ellipse, inverse, limb, type Polygon, ring } from "./geometry.ts";
import { createRaster, fillPolygons, shadePolygons } from "./raster.ts";

const identity: Affine = [1, 0, 0, 1, 0, 0];

function areaOf(polygons: readonly Polygon[], toSamples: Affine = identity): number {
  const raster = createRaster(20, 20);
  fillPolygons(raster, polygons, toSamples, 1);
  return raster.parts.reduce((sum, part) => sum + part, 0);
}

describe("fillPolygons", () => {
  it.each([
    ["a box", [box(5, 5, 25, 15)], 200],
    ["a box given backwards", [box(25, 15, 5, 5)], 200],
    ["a box that leaves the picture", [box(-50, -50, 10, 10)], 100],
    ["a box outside", [box(-50, -50, -10, -10)], 0],
    ["two boxes that overlap", [box(0, 0, 10, 10), box(5, 0, 15, 10)], 150],
    ["nothing", [], 0],
  ])("covers %s exactly", (_, polygons, area) => {
    expect(areaOf(polygons)).toBe(area);
  });

  it.each([
    ["an ellipse", [ellipse(30, 30, 20, 10)], Math.PI * 200],
    ["a ring, without its hole", [ring(30, 30, 25, 10)], Math.PI * (625 - 225)],
    ["a limb with round ends", limb([15, 30, 6], [45, 30, 6]), 12 * 30 + Math.PI * 36],
  ])("covers %s nearly", (_, polygons, area) => {
    expect(Math.abs(areaOf(polygons) - area)).toBeLessThan(0.04 * area);
  });

  it("maps polygons to samples first", () => {
    expect(areaOf([box(0, 0, 1, 1)], [10, 0, 0, -10, 5, 40])).toBe(100);
  });
});

describe("shadePolygons", () => {
  it("darkens only parts that take shadows, and goes when they are covered", () => {
    const raster = createRaster(2, 2);
    fillPolygons(raster, [box(0, 0, 3, 6)], identity, 1);
    const takes = new Uint8Array(65536);
    takes[1] = 1;
    shadePolygons(raster, [box(0, 0, 6, 6)], identity, 99, takes);
    expect(raster.shadow.reduce((sum, value) => sum + value, 0)).toBe(18 * 99);
    fillPolygons(raster, [box(0, 0, 3, 3)], identity, 2);
    expect(raster.shadow.reduce((sum, value) => sum + value, 0)).toBe(9 * 99);
  });
});

describe("affine maps", () => {
  it("are undone by their inverse", () => {
    const map: Affine = [1.5, 0.5, -0.25, 2, 3, -4];
    compose(inverse(map), map).forEach((value, i) => {
      expect(value).toBeCloseTo(identity[i], 12);
    });
  });
});
