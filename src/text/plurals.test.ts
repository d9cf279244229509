import { expect, test } from "vitest";
import { pluralsOf, singularsOf } from "./plurals.ts";

test.each([
  ["cow", ["cows"]],
  ["bus", ["buses", "busses"]],
  ["bench", ["benches"]],
  ["box", ["boxes"]],
  ["glass", ["glasses"]],
  ["butterfly", ["butterflies"]],
  ["monkey", ["monkeys"]],
  ["knife", ["knives"]],
  ["leaf", ["leaves"]],
  ["shelf", ["shelves"]],
  ["roof", ["roofs"]],
  ["giraffe", ["giraffes"]],
  ["potato", ["potatos", "potatoes"]],
  ["person", ["people", "persons"]],
  ["fireman", ["firemen"]],
  ["human", ["humans"]],
  ["ottoman", ["ottomans"]],
  ["blouse", ["blouses"]],
  ["mongoose", ["mongooses"]],
  ["goose", ["geese"]],
  ["ox", ["oxen"]],
  ["cactus", ["cacti", "cactuses"]],
  ["scarf", ["scarves", "scarfs"]],
  ["woman", ["women"]],
  ["grandchild", ["grandchildren"]],
  ["sheep", []],
])("%s", (singular, plurals) => {
  expect(pluralsOf(singular)).toEqual(plurals);
  for (const plural of plurals) expect(singularsOf(plural), plural).toContain(singular);
});

test.each(["grass", "bus", "tennis", "sheep", "sky", "water"])("%s is no plural", (word) => {
  expect(singularsOf(word)).toEqual([]);
});
