import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { sceneClasses } from "./classes.ts";
import { mergeClasses, parseClassChoice } from "./merged-classes.ts";
import { type PlaceName, placeNames } from "./places/index.ts";
import { renderScene } from "./render.ts";

/** What each of the 31 becomes. */
function becomes(text: string): Record<string, string> {
  const { classes, indices } = parseClassChoice(text);
  return Object.fromEntries(
    sceneClasses.map(({ name }, index) => [name, indices[index] === IGNORE ? "-" : classes[indices[index]].name]),
  );
}

describe("parseClassChoice", () => {
  it("leaves all as they are", () => {
    const { classes, indices } = parseClassChoice("all");
    expect(classes).toEqual(sceneClasses);
    expect(indices).toEqual(sceneClasses.map((_, index) => index));
  });

  it("gives every class one of nine with coarse", () => {
    const { classes, indices } = parseClassChoice("coarse");
    expect(classes).toHaveLength(9);
    expect(indices).not.toContain(IGNORE);
    expect(new Set(indices).size).toBe(9);
    expect(becomes("coarse")).toMatchObject({ bus: "vehicle", sheep: "animal", snow: "ground", grass: "vegetation" });
  });

  it("takes the class of its own name before what it is a kind of, and leaves the rest unlabelled", () => {
    const { car, bus, road, sand, dog } = becomes("vehicle+car+road");
    expect({ car, bus, road, sand, dog }).toEqual({ car: "car", bus: "vehicle", road: "road", sand: "-", dog: "-" });
  });

  it.each([
    ["person+sky", "sky+person"],
    ["vehicle+sky+sky", "sky+vehicle"],
    ["coarse", "coarse"],
    ["object+animal+person+vehicle+building+vegetation+ground+water+sky", "coarse"],
    ["all", "all"],
    [sceneClasses.map(({ name }) => name).join("+"), "all"],
  ])("reads %s and writes it as %s", (text, shown) => {
    expect(parseClassChoice(text).text).toBe(shown);
    expect(parseClassChoice(parseClassChoice(text).text)).toEqual(parseClassChoice(text));
  });

  it("calls merged classes by what scenes of the kinds can show, and by all of it where they show none", () => {
    const words = (text: string, kind: PlaceName) => parseClassChoice(text, [kind]).classes[0].words;
    expect(words("animal", "meadow")).toEqual(["dog", "dogs", "cat", "cats", "sheep", "bird", "birds"]);
    expect(words("animal", "street")).not.toContain("sheep");
    expect(words("vehicle", "table-top")).toEqual(parseClassChoice("vehicle").classes[0].words);
  });

  it("has names and colours that differ from one another and from the 31", () => {
    const { classes } = parseClassChoice(
      [...sceneClasses.map(({ name }) => name), "ground", "vegetation", "building", "vehicle", "animal", "object"].join(
        "+",
      ),
    );
    expect(classes).toHaveLength(37);
    expect(new Set(classes.map(({ name }) => name)).size).toBe(37);
    expect(new Set(classes.map(({ color }) => color.join())).size).toBe(37);
  });

  it.each([
    ["vehicel", "Did you mean vehicle?"],
    ["sky+rod", 'got "rod". Did you mean road?'],
    ["sky++road", 'got ""'],
    ["coarse+sky", 'got "coarse". coarse stands alone: leave out the others, or it.'],
    ["constructor", 'got "constructor"'],
    ["toString+sky", 'got "toString"'],
  ])("refuses %s", (text, message) => {
    expect(() => parseClassChoice(text)).toThrow(UsageError);
    expect(() => parseClassChoice(text)).toThrow(message);
  });
});

describe("mergeClasses", () => {
  const [sky, tree, grass, car, ball] = ["sky", "tree", "grass", "car", "ball"].map((wanted) =>
    sceneClasses.findIndex(({ name }) => name === wanted),
  );
  const scene = {
    labels: Uint8Array.of(tree, sky, grass, car, car, ball, IGNORE),
    segmentMap: Uint32Array.of(1, 2, 3, 4, 5, 6, 0),
    segments: [tree, sky, grass, car, car, ball].map((classIndex, index) => ({
      ...{ id: index + 1, classIndex, crowd: false },
    })),
  };

  it("joins stuff, keeps things apart, and makes what has no class void", () => {
    const choice = parseClassChoice("sky+vegetation+vehicle");
    expect(choice.classes.map(({ name }) => name)).toEqual(["sky", "vegetation", "vehicle"]);
    expect(mergeClasses(scene, choice)).toEqual({
      labels: Uint8Array.of(1, 0, 1, 2, 2, IGNORE, IGNORE),
      segmentMap: Uint32Array.of(1, 2, 1, 3, 4, 0, 0),
      segments: [
        { id: 1, classIndex: 1, crowd: false },
        { id: 2, classIndex: 0, crowd: false },
        { id: 3, classIndex: 2, crowd: false },
        { id: 4, classIndex: 2, crowd: false },
      ],
    });
  });

  it("changes nothing where all classes stay", () => {
    expect(mergeClasses(scene, parseClassChoice("all"))).toEqual(scene);
  });
});

describe.each(["coarse", "sky+vegetation+vehicle+person", "sky+tree+grass+house+car+vehicle"])(
  "scenes with classes=%s",
  (text) => {
    const choice = parseClassChoice(text);
    const options = placeNames.map((kind, index) => ({
      ...{ seed: 3, index, width: 80, height: 64, kinds: [kind] },
    }));

    it.each(options)("show what they show with all, kind $kinds", (option) => {
      const [all, merged] = [renderScene(option), renderScene({ ...option, classes: choice })];
      for (const key of ["image", "captions", "saliency"] as const) expect(merged[key]).toEqual(all[key]);
      expect(merged.labels.data).toEqual(all.labels.data.map((label) => choice.indices[label]));
    });

    it.each(options)("have tags, segments and labels that agree, kind $kinds", (option) => {
      const { labels, segmentMap, segments, tags } = renderScene({ ...option, classes: choice });
      expect(tags).toEqual([...new Set(labels.data)].filter((label) => label !== IGNORE).sort((a, b) => a - b));
      const classOf = new Map(segments.map(({ id, classIndex }) => [id, classIndex]));
      expect(segments.map(({ id }) => id)).toEqual(segments.map((_, index) => index + 1));
      expect([...segmentMap.data].map((id) => classOf.get(id) ?? IGNORE)).toEqual([...labels.data]);
      const stuff = segments.filter(({ classIndex }) => choice.classes[classIndex].thing !== true);
      expect(new Set(stuff.map(({ classIndex }) => classIndex)).size).toBe(stuff.length);
    });
  },
);

it("draws borders between what is left to tell apart", () => {
  const option = { seed: 3, index: 0, width: 80, height: 64, kinds: ["meadow"] as const, border: 1 };
  const ignored = (text: string) => {
    const { labels } = renderScene({ ...option, classes: parseClassChoice(text) });
    return labels.data.filter((label) => label === IGNORE).length;
  };
  expect(ignored("coarse")).toBeLessThan(ignored("all"));
  expect(ignored("coarse")).toBeGreaterThan(0);
});
