import type { Random } from "../array/random.ts";
import type { ClassName } from "./classes.ts";

/** Words for one class that are true of everything in it. */
const nouns: Partial<Record<ClassName, readonly string[]>> = {
  person: ["person", "person", "person", "figure"],
  bicycle: ["bicycle", "bike"],
  house: ["house", "house", "building"],
  car: ["car", "car", "vehicle"],
  plant: ["plant", "potted plant"],
  picture: ["picture", "framed picture", "painting"],
  ball: ["ball"],
  boat: ["boat"],
  dog: ["dog"],
};

/** A noun for a thing: the closer word that its drawing gave, or one for its class. */
export function nounOf(random: Random, className: ClassName, closer: string | undefined): string {
  if (closer !== undefined && random.chance(0.65)) return closer;
  return random.pick(nouns[className] ?? [className]);
}

const irregular: Readonly<Record<string, string>> = {
  person: "people",
  child: "children",
  sheep: "sheep",
  bus: "buses",
  "double-decker bus": "double-decker buses",
  cactus: "cacti",
};

export function plural(noun: string): string {
  return irregular[noun] ?? (/(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`);
}

/** `a dog`, `an orange cat`. */
export function article(words: string): string {
  return `${/^[aeiou]/.test(words) ? "an" : "a"} ${words}`;
}

/** A number from 2 up in words; from three up sometimes only roughly. */
export function counted(random: Random, number: number): string {
  const words = ["two", "three", "four", "five", "six", "seven", "eight", "nine"];
  const exact = words[number - 2] ?? "many";
  if (number >= 4 && random.chance(0.35)) return "several";
  if (number === 3 && random.chance(0.2)) return "a few";
  return exact;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** One space between words, no space at the ends, a capital at the front, a full stop. */
export function sentence(text: string): string {
  const clean = text.replace(/\s+/g, " ").trim();
  return `${clean.charAt(0).toUpperCase()}${clean.slice(1)}.`;
}
