import { expect, test } from "vitest";
import { Random } from "../array/random.ts";
import { linearProbe } from "./linear-probe.ts";

const random = new Random("probe");
const rows = (count: number, width: number) =>
  Array.from({ length: count }, () => Array.from({ length: width }, () => random.between(-1, 1)));

test("learns classes that a plane divides, whatever the scale of the features, and leaves out one that never changes", () => {
  const classOf = ([a, b]: readonly number[]) => (a > b / 1000 ? 0 : 1);
  const made = (count: number) => rows(count, 2).map(([a, b]) => [a, 1000 * b, 7]);
  const [train, other] = [made(200), made(100)];
  const probe = linearProbe(
    train,
    train.map((row) => [classOf(row) === 0, classOf(row) === 1, false]),
  );
  const right = other.filter((row) => {
    const scores = probe.scores(row);
    return scores.indexOf(Math.max(...scores)) === classOf(row);
  });
  expect(right.length).toBeGreaterThanOrEqual(97);
});

test("of several tags each is learned for itself", () => {
  const train = rows(200, 3);
  const truth = train.map(([a, b]) => [a > 0, b > 0]);
  const probe = linearProbe(train, truth);
  const signs = rows(100, 3).map((row) => [probe.scores(row).map((score) => score > 0), [row[0] > 0, row[1] > 0]]);
  expect(signs.filter(([got, wanted]) => String(got) === String(wanted)).length).toBeGreaterThanOrEqual(93);
});

test("knows no more than how often a class is where features say nothing", () => {
  const probe = linearProbe(
    [[1], [1], [1], [1]],
    [
      [true, false],
      [true, false],
      [true, false],
      [false, true],
    ],
  );
  const [a, b] = probe.scores([1]);
  expect(a - b).toBeCloseTo(Math.log(3), 1);
});
