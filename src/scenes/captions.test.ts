import { describe, expect, it } from "vitest";
import { sceneClasses } from "./classes.ts";
import { renderScene, type Scene } from "./render.ts";

/** Whole scenes and, from the third hundred on, details. */
const scenes: readonly Scene[] = Array.from({ length: 300 }, (_, index) =>
  renderScene({ seed: 5, index, width: 80, height: 64, details: index < 200 ? 0 : 1 }),
);
const whole = scenes.slice(0, 200);

/** Every noun that captions use for a class, of several words the last. */
const words: Readonly<Record<string, string>> = Object.fromEntries(
  sceneClasses.flatMap(({ name, words: own = [name] }) => own.map((word) => [word.split(" ").at(-1), name])),
);

function namedIn(caption: string): string[] {
  const found = caption.toLowerCase().match(/[a-z]+/g) ?? [];
  return found.map((word) => words[word]).filter((name) => name !== undefined);
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
    for (const [index, { captions }] of scenes.entries()) {
      expect(captions.length).toBeGreaterThan(index < whole.length ? 2 : 0);
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
    const naming = whole.filter(({ captions }) => namedIn(captions[0]).length > 0);
    expect(naming.length).toBeGreaterThan(0.95 * whole.length);
  });
});
