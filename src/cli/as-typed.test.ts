import { expect, test } from "vitest";
import { asTyped, programName } from "./as-typed.ts";

test.each([
  ["/home/a/clone/dist/cli/main.js", "/home/a/clone", "node dist/cli/main.js"],
  ["/home/a/clone/dist/cli/main.js", "/home/a/photos", "node /home/a/clone/dist/cli/main.js"],
  ["/home/a/my clone/dist/cli/main.js", "/home/a", 'node "my clone/dist/cli/main.js"'],
  ["/usr/local/bin/tessera", "/home/a", "tessera"],
  ["/usr/local/bin/tessera-seg", "/home/a", "tessera-seg"],
  ["/home/a/project/node_modules/.bin/tessera", "/home/a/project", "npx tessera-seg"],
  ["/home/a/.npm/_npx/1f/node_modules/.bin/tessera-seg", "/home/a/clone", "npx tessera-seg"],
  ["C:\\p\\node_modules\\tessera-seg\\dist\\cli\\main.js", "C:\\p", "npx tessera-seg"],
])("%s in %s is typed as %s", (script, folder, expected) => {
  expect(programName(script, folder)).toBe(expected);
});

test.each([
  ["Make one with: tessera train DATASET --out run", "Make one with: P train DATASET --out run"],
  ["`tessera inspect x` lists them; see tessera --help.", "`P inspect x` lists them; see P --help."],
  ["  tessera predict run a.jpg\n  tessera eval run x", "  P predict run a.jpg\n  P eval run x"],
  ["expected a model written by tessera export, got none", "expected a model written by tessera export, got none"],
  ["Name the folder that tessera train wrote.", "Name the folder that tessera train wrote."],
  ["tessera: photos/tessera train.jpg is damaged", "tessera: photos/tessera train.jpg is damaged"],
  ["tessera trains models", "tessera trains models"],
])("%j becomes %j", (text, expected) => {
  expect(asTyped(text, "P")).toBe(expected);
});
