import { describe, expect, it } from "vitest";
import { sceneClasses } from "./classes.ts";
import { renderScene, type Scene } from "./render.ts";

const scenes: readonly Scene[] = Array.from({ length: 200 }, (_, index) =>
  renderScene({ seed: 5, index, width: 80, height: 64 }),
);

/** Every word for a thing that captions use, and its class. */
const words: Readonly<Record<string, string>> = {
  house: "house",
  building: "house",
  car: "car",
  vehicle: "car",
  van: "car",
  truck: "car",
  bus: "bus",
  boat: "boat",
  bicycle: "bicycle",
  bike: "bicycle",
  person: "person",
  people: "person",
  child: "person",
  children: "person",
  figure: "person",
  dog: "dog",
  cat: "cat",
  sheep: "sheep",
  bird: "bird",
  balloon: "balloon",
  ball: "ball",
  chair: "chair",
  armchair: "chair",
  table: "table",
  bed: "bed",
  lamp: "lamp",
  plant: "plant",
  cactus: "plant",
  cacti: "plant",
  cup: "cup",
  mug: "cup",
  teacup: "cup",
  bottle: "bottle",
  picture: "picture",
  painting: "picture",
  sky: "sky",
  mountains: "mountain",
  trees: "tree",
  grass: "grass",
  water: "water",
  sand: "sand",
  snow: "snow",
  road: "road",
  pavement: "pavement",
  wall: "wall",
  floor: "floor",
};

function namedIn(caption: string): string[] {
  const found = caption.toLowerCase().match(/[a-z]+/g) ?? [];
  return found
    .map((word) => words[word] ?? words[word.replace(/(es|s)$/, "")] ?? words[word.replace(/s$/, "")])
    .filter((name) => name !== undefined);
}

const numbers: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7 };

describe("captions", () => {
  it("name only classes that are in the mask", () => {
    for (const { captions, tags } of scenes) {
      const present = new Set(tags.map((index) => sceneClasses[index].name));
      for (const caption of captions) for (const name of namedIn(caption)) expect(present, caption).toContain(name);
    }
  });

  it("count no more things than there are segments", () => {
    for (const { captions, segments } of scenes) {
      for (const caption of captions) {
        for (const [, number, phrase] of caption
          .toLowerCase()
          .matchAll(/\b(two|three|four|five|six|seven) ([a-z -]+)/g)) {
          const [name] = namedIn(phrase);
          const there = segments.filter(({ classIndex }) => sceneClasses[classIndex].name === name).length;
          expect(there, caption).toBe(numbers[number]);
        }
      }
    }
  });

  it("are several different sentences with a capital and a full stop", () => {
    for (const { captions } of scenes) {
      expect(captions.length).toBeGreaterThan(2);
      expect(new Set(captions).size).toBe(captions.length);
      for (const caption of captions) expect(caption).toMatch(/^[A-Z][a-z ,-]+\.$/i);
    }
  });

  it("put no article a before a vowel nor an before a consonant", () => {
    for (const caption of scenes.flatMap(({ captions }) => captions)) {
      expect(caption).not.toMatch(/\ba [aeio]|\ban [^aeiou]/i);
    }
  });

  it("name the main thing first in most scenes", () => {
    const naming = scenes.filter(({ captions }) => namedIn(captions[0]).length > 0);
    expect(naming.length).toBeGreaterThan(0.95 * scenes.length);
  });
});
