import { expect, test } from "vitest";
import { Random } from "./random.ts";

const many = (random: Random, count = 20_000) => Array.from({ length: count }, () => random.uniform());
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

test("equal keys give equal streams, different ones do not", () => {
  expect(many(new Random(1, 2, "noise"), 5)).toEqual(many(new Random(1, 2, "noise"), 5));
  const others = [
    new Random(1, 2, "noisf"),
    new Random(1, 3, "noise"),
    new Random(2, 2, "noise"),
    new Random("1", 2, "noise"),
  ];
  const first = others.map((random) => random.uniform());
  expect(new Set([...first, new Random(1, 2, "noise").uniform()]).size).toBe(5);
});

test("a fork draws its own numbers and leaves the stream alone", () => {
  const random = new Random(7);
  const forked = random.fork("part");
  many(forked, 10);
  expect(many(random, 3)).toEqual(many(new Random(7), 3));
  expect(many(new Random(7).fork("part"), 3)).toEqual(many(new Random(7, "part"), 3));
});

test("uniform numbers fill [0, 1) evenly, without memory of the last", () => {
  const values = many(new Random("uniform"));
  const tenths = new Array(10).fill(0);
  for (const value of values) tenths[Math.floor(10 * value)]++;
  // 2,000 expected in each, with a deviation of 42.
  for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(210);
  const products = values.slice(1).map((value, i) => (value - 0.5) * (values[i] - 0.5));
  expect(Math.abs(mean(products))).toBeLessThan(0.003);
});

test("neighbouring keys give unrelated streams", () => {
  const first = Array.from({ length: 20_000 }, (_, seed) => new Random(seed).uniform());
  expect(mean(first)).toBeCloseTo(0.5, 1);
  expect(Math.abs(mean(first.slice(1).map((value, i) => (value - 0.5) * (first[i] - 0.5))))).toBeLessThan(0.003);
});

test("normal numbers have mean 0 and deviation 1", () => {
  const out = new Random("normal").fillNormal(new Float32Array(20_001));
  expect(Math.abs(mean(out))).toBeLessThan(0.03);
  expect(mean(out.map((x) => x * x))).toBeCloseTo(1, 1);
  expect(out.every(Number.isFinite)).toBe(true);
});

test("filling continues the stream, and float32 never reaches 1", () => {
  const random = new Random("fill");
  const whole = new Random("fill").fillUniform(new Float32Array(10));
  const halves = [...random.fillUniform(new Float32Array(4)), ...random.fillUniform(new Float32Array(6))];
  expect(halves).toEqual([...whole]);
  expect(Math.max(...new Random(3).fillUniform(new Float32Array(100_000)))).toBeLessThan(1);
});

test("ranges, integers, choices and shuffles stay within what they are given", () => {
  const random = new Random("range");
  for (let i = 0; i < 1000; i++) {
    const x = random.between(-2, 3);
    expect(x >= -2 && x < 3).toBe(true);
    expect([0, 1, 2]).toContain(random.integer(3));
    expect("abc").toContain(random.pick(["a", "b", "c"]));
  }
  const items = [1, 2, 3, 4, 5, 6, 7, 8];
  const shuffled = random.shuffle(items);
  expect(shuffled.toSorted()).toEqual(items);
  expect(shuffled).not.toEqual(items);
  expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
});
