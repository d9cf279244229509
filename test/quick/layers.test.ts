import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../../src", import.meta.url));

/** Rooms from the bottom of the building to the top; a room imports only from rows above its own (docs/architecture.md). */
const rows = [
  ["errors", "version"],
  ["array"],
  ["graph", "image"],
  ["ops", "platform"],
  ["onnx"],
  ["runtime"],
  [
    "nn",
    "losses",
    "autodiff",
    "optimizers",
    "weights",
    "hub",
    "metrics",
    "clustering",
    "text",
    "refinement",
    "saliency",
  ],
  ["data"],
  ["scenes"],
  ["datasets", "backbones"],
  ["networks"],
  ["methods"],
  ["prediction"],
  ["evaluation"],
  ["step", "runs"],
  ["report"],
  ["training"],
  ["study"],
  ["cli", "web", "index"],
];
const rowOf = new Map(rows.flatMap((rooms, row) => rooms.map((room) => [room, row])));

/** Rooms that may reach the machine; everything else runs anywhere. */
const edge = new Set(["platform", "runtime", "cli", "web"]);

/** Tests may import anything, and are not built. */
const isTest = (name: string) => name.endsWith(".test.ts");

const files = (readdirSync(source, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".ts") && !isTest(name))
  .sort();

function room(path: string): string {
  return path.split("/")[0].replace(/\.ts$/, "");
}

function imports(path: string): string[] {
  const text = readFileSync(join(source, path), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target]) => target);
}

test("every room is known", () => {
  expect(files.map(room).filter((name) => !rowOf.has(name))).toEqual([]);
});

test("imports go downhill", () => {
  const wrong = files.flatMap((path) =>
    imports(path)
      .filter((target) => target.startsWith("."))
      .map((target) => relative(source, join(source, dirname(path), target)))
      .filter((target) => room(target) !== room(path) && rowOf.get(room(target))! >= rowOf.get(room(path))!)
      .map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("no method imports another", () => {
  const method = (path: string) => path.match(/^methods\/([^/]+)\//)?.[1];
  const wrong = files.flatMap((path) =>
    imports(path)
      .filter((target) => target.startsWith("."))
      .map((target) => relative(source, join(source, dirname(path), target)))
      .filter((target) => method(path) && method(target) && method(path) !== method(target))
      .map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("only the rooms at the edge reach the machine", () => {
  const wrong = files
    .filter((path) => !edge.has(room(path)))
    .flatMap((path) =>
      imports(path)
        .filter((target) => target.startsWith("node:"))
        .map((target) => `${path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test("what files say is read with a limit on its size, and JSON with one on its depth", () => {
  // The header of a tensor file has a limit of its own; the package's own file is ours.
  const own = ["platform/json.ts", "weights/safetensors.ts", "cli/doctor.ts"];
  const wrong = files.filter((path) => {
    const text = readFileSync(join(source, path), "utf8");
    return /decode\(\s*await [\w.]*readFile/.test(text) || (/JSON\.parse\(/.test(text) && !own.includes(path));
  });
  expect(wrong).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  const long = files.filter((path) => readFileSync(join(source, path), "utf8").split("\n").length > 400);
  expect(long).toEqual([]);
});

test("no files import one another in a circle", () => {
  const known = new Set(files);
  const targets = new Map(
    files.map((path) => [
      path,
      imports(path)
        .map((target) => relative(source, join(source, dirname(path), target)))
        .filter((target) => known.has(target)),
    ]),
  );
  // What imports nothing that is left is part of no circle; whatever stays behind is.
  const left = new Set(files);
  const free = () => [...left].filter((path) => !targets.get(path)!.some((target) => left.has(target)));
  for (let gone = free(); gone.length > 0; gone = free()) for (const path of gone) left.delete(path);
  expect([...left]).toEqual([]);
});
