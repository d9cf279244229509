import { expect, test } from "vitest";
import { methodFault, ownMethods, placesOf, rememberModule } from "./method-faults.ts";

const home = "file:///app/dist/";
const failed = (...frames: readonly string[]) =>
  Object.assign(new TypeError("x is\nnot"), { stack: ["TypeError: x is", "not", ...frames].join("\n") });

const ours = `    at conv (${home}chunk.js:3:4)`;
const installed = "    at run (file:///p/node_modules/onnxruntime-node/index.js:3:4)";

test("places are read out of calls, plain and awaited, and out of syntax errors", () => {
  const error = failed(
    "    at file:///a%20b.mjs:1:2",
    "    at async Object.f (file:///c.mjs:3:4)",
    "    at g (node:fs:5:6)",
  );
  expect(placesOf(error)).toEqual([
    { url: "file:///a%20b.mjs", line: 1 },
    { url: "file:///c.mjs", line: 3 },
  ]);
});

test("what is thrown is a method's where its module takes part in it, and ours otherwise", () => {
  const inModule = "    at async Object.prepare (file:///p/m.mjs:7:8)";
  expect([methodFault(failed(inModule), home), methodFault("tired", home), ownMethods()]).toEqual([null, null, null]);
  const module = { file: "./m.mjs", url: "file:///p/m.mjs", methods: [] as readonly string[] };
  rememberModule(module);
  expect(ownMethods()).toBe("method ./m.mjs");
  module.methods = ["a", "b"];
  const where = "method a, b (./m.mjs): expected code that runs, got ";
  expect(methodFault(failed(ours, installed), home)).toBe(null);
  expect(methodFault(failed(ours, inModule), home)).toBe(`${where}TypeError: x is not at line 7. Correct the method.`);
  expect(methodFault(failed(ours, "    at f (file:///p/part.mjs:9:1)", inModule), home)).toBe(
    `${where}TypeError: x is not at /p/part.mjs:9. Correct the method.`,
  );
  expect(methodFault(undefined, home)).toBe(`${where}undefined. Correct the method.`);
});
