import { expect, test } from "vitest";
import { float32 } from "../array/ndarray.ts";
import { Store } from "./store.ts";

const type = { name: "x", dtype: "float32", shape: [2] } as const;

test("what a run replaced is memory for the next one, where results can go there", () => {
  const [first, second, third] = [1, 2, 3].map((x) => float32([2], [x, x]));
  const store = new Store(true);
  store.put({ x: first });
  expect(store.target("x", type, false)).toBeNull();
  expect(store.target("x", type, true)).toBe(first);
  store.commit("x", second);
  expect(store.read("x")).toBe(second);
  expect(store.target("x", type, false)).toBe(first);
  store.keepSpare("x", third);
  expect(store.target("x", type, false)).toBe(third);
  expect(store.target("x", { ...type, shape: [3] }, false)).toBeNull();
});

test("nothing is kept for results that come in memory of their own", () => {
  const [first, second] = [1, 2].map((x) => float32([2], [x, x]));
  const store = new Store(false);
  store.put({ x: first });
  store.commit("x", second);
  store.keepSpare("x", first);
  expect(store.read("x")).toBe(second);
  expect(store.target("x", type, false)).toBeNull();
});
