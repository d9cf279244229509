import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { operators } from "../../scripts/operators-page.ts";
import * as ops from "../../src/ops/index.ts";

const root = new URL("../../", import.meta.url);
const listed = operators((path) => readFileSync(new URL(path, root), "utf8"));

/** Names that a test passes to `checkOp`, which compares numbers and gradients. */
const folder = new URL("src/ops/", root);
const checked = new Set(
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".test.ts"))
    .flatMap((name) => [...readFileSync(new URL(name, folder), "utf8").matchAll(/checkOp\(\s*"(\w+)"/g)])
    .map(([, name]) => name),
);

test("the list read from the sources is what the room exports", () => {
  expect(listed.map(({ name }) => name)).toEqual(Object.keys(ops).sort());
});

test("every operator is checked against differences, or its doc says why it has no gradient", () => {
  const missing = listed.filter(({ name, withoutGradient }) => !checked.has(name) && withoutGradient === null);
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test("every check is of an operator that exists", () => {
  expect([...checked].filter((name) => !listed.some((operator) => operator.name === name))).toEqual([]);
});
