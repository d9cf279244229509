import { describe, expect, it } from "vitest";
import { outputNames } from "./names.ts";

const masks = (photographs: readonly string[], folder = "out") =>
  outputNames(photographs, folder).map(({ mask }) => mask);

describe("output names", () => {
  it.each([
    ["the photograph's own name", ["in/a.jpg"], ["out/a.png"]],
    ["any extension is taken off once", ["a.tar.jpg"], ["out/a.tar.png"]],
    ["names without extension", ["photo"], ["out/photo.png"]],
    ["hidden files", [".jpg"], ["out/.jpg.png"]],
    ["Windows folders", ["C:\\in\\a.jpg"], ["out/a.png"]],
    ["two folders", ["x/a.jpg", "y/a.jpg", "z/a.jpg"], ["out/a.png", "out/a-2.png", "out/a-3.png"]],
    ["two formats", ["a.jpg", "a.png"], ["out/a.png", "out/a-2.png"]],
    ["two cases", ["a.jpg", "A.jpg"], ["out/a.png", "out/A-2.png"]],
    ["one that looks like another's overlay", ["a.jpg", "a.overlay.jpg"], ["out/a.png", "out/a.overlay-2.png"]],
    ["one that looks numbered", ["a.jpg", "b/a.jpg", "a-2.jpg"], ["out/a.png", "out/a-2.png", "out/a-2-2.png"]],
  ])("%s", (_, photographs, expected) => {
    expect(masks(photographs)).toEqual(expected);
  });

  it("leave the folder's own files their names, whatever the case", () => {
    const names = outputNames(["in/panoptic.jpg", "in/Panoptic.png", "in/a.jpg"], "./out", {
      reserved: ["panoptic.json"],
    });
    expect(names.map(({ record }) => record)).toEqual([
      "./out/panoptic-2.json",
      "./out/Panoptic-3.json",
      "./out/a.json",
    ]);
  });

  it.each([
    ["in the same folder", ["in/a.png"], "in"],
    ["by another way of writing it", ["./in/../in/a.png"], "in/"],
    ["a photograph that is named like an overlay", ["in/a.jpg", "in/a.overlay.png"], "in"],
  ])("never replace a photograph: %s", (_, photographs, folder) => {
    expect(() => masks(photographs, folder)).toThrow(
      /expected a folder for the results other than the photographs' own/,
    );
  });
});

it("results of folders inside lie in folders of the same names, where two of one name keep apart", () => {
  const names = outputNames(["in/a.jpg", "in/b/a.jpg"], "out", { below: ["", "b/"] });
  expect(names.map(({ mask }) => mask)).toEqual(["out/a.png", "out/b/a.png"]);
});
