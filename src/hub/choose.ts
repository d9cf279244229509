/** Which files of a repository are fetched: never all, since many hold the same weights in several formats. */
import { InputError, listed, shown } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { isInside } from "./reference.ts";

/** Names that libraries give to the weights of a repository, best first; an index names the files of weights in parts. */
const usual = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "model.onnx",
  "onnx/model.onnx",
];

/** Kinds of files that hold weights, best first, for repositories with names of their own. */
const kinds = [".safetensors", ".npz", ".bin", ".pth", ".pt", ".onnx"];

/** More names than this help nobody to choose. */
const mostNamed = 8;

/**
 * The file of weights, or the index of those in parts: `file` if it is named, else the first of the usual names, else the only one
 * of its kind. `where`: the model's name. Throws InputError that lists what there is.
 */
export function chooseWeights(paths: readonly string[], file: string | null, where: string): string {
  if (file !== null) {
    if (paths.includes(file)) return file;
    throw none(`${where}: expected a file ${file}`, paths, where);
  }
  const named = usual.find((name) => paths.includes(name));
  if (named !== undefined) return named;
  const candidates = paths.filter(holdsWeights);
  const outer = candidates.filter((path) => !path.includes("/"));
  const near = outer.length > 0 ? outer : candidates;
  const best = kinds.map((kind) => near.filter((path) => path.endsWith(kind))).find((each) => each.length > 0) ?? [];
  if (best.length === 1) return best[0];
  throw none(`${where}: expected one file of weights`, best.length > 0 ? best : paths, where);
}

function none(expected: string, paths: readonly string[], where: string): InputError {
  const got = paths.length === 0 ? "an empty repository" : listed(paths, mostNamed);
  return new InputError(`${expected}, got ${got}. Name one: ${where}:FILE.`);
}

/** Whether a file holds weights, or lists the files that do. */
export function holdsWeights(path: string): boolean {
  return usual.includes(path) || kinds.some((kind) => path.endsWith(kind));
}

/** Whether a file is the index of weights in parts. */
export function isIndex(path: string): boolean {
  return path.endsWith(".index.json");
}

/** The files that an index names (its `weight_map`: tensor → file beside it), in order of name. Throws InputError. */
export function shardsOf(text: string, path: string, where: string): string[] {
  const wrong = (got: string) =>
    new InputError(
      `${where}:${path}: expected an index of weights in parts, got ${got}. Name another file: ${where}:FILE.`,
    );
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw wrong("no JSON");
  }
  const map = (value as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) throw wrong("no weight_map");
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const names = [...new Set(Object.values(map) as unknown[])].map((name) => {
    if (typeof name === "string" && isInside(name)) return `${folder}${name}`;
    throw wrong(`${shown(name)} as a file's name`);
  });
  if (names.length === 0) throw wrong("an empty weight_map");
  return names.sort();
}

/** What goes with the weights, of what there is: configuration, card, licences, and the second file of an ONNX model. */
export function companionsOf(paths: readonly string[], weights: string): string[] {
  const folder = weights.slice(0, weights.lastIndexOf("/") + 1);
  const described = ["config.json", "preprocessor_config.json"].flatMap((name) => [name, `${folder}${name}`]);
  const names = [...described, "README.md", `${weights}_data`, `${weights}.data`];
  const isLicence = (path: string) => /^(?:licen[cs]e|notice)(?:\.(?:md|txt))?$/i.test(path);
  return paths.filter((path) => path !== weights && (names.includes(path) || isLicence(path)));
}
