/**
 * ONNX Runtime's native package without its install step, as a part of ours. That step downloads CUDA libraries from a
 * server that is not npm's and fails where there is no way to it. npm lets only the project that installs say that a
 * dependency's step is to be skipped, and a failed step fails the whole installation (an optional dependency would be
 * left out silently). So we bring the files that compute: the binding, its JavaScript, the library of each platform.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { mit } from "./mit.mjs";

/**
 * Left out: the step itself, source maps, what DirectML and WebGPU need on Windows (loaded when they are asked for;
 * 37 MB of archive), and the second copy of the library that macOS is given.
 */
const wanted = [
  /^dist\/.*\.js$/,
  /^bin\/napi-v6\/.*\/(onnxruntime_binding\.node|onnxruntime\.dll|libonnxruntime\.so\.1|libonnxruntime\.1\.dylib)$/,
];

const licence = `Copyright (c) Microsoft Corporation

${mit}`;

/** Copies what is wanted of the package at `from`; files that are there already are left alone. */
export function copyRuntime(from, to) {
  const found = readdirSync(from, { recursive: true }).map((path) => path.replaceAll("\\", "/"));
  const files = found.filter((path) => wanted.some((pattern) => pattern.test(path)));
  for (const path of files) {
    const { size, mtime } = statSync(`${from}/${path}`);
    const copied = `${to}/${path}`;
    if (existsSync(copied) && statSync(copied).size === size && +statSync(copied).mtime === +mtime) continue;
    mkdirSync(dirname(copied), { recursive: true });
    copyFileSync(`${from}/${path}`, copied);
    utimesSync(copied, mtime, mtime);
  }
  if (!files.some((path) => path.startsWith("bin/")))
    throw new Error(`${from}: expected ONNX Runtime's libraries, got none. Run npm ci.`);
  const { version, license } = JSON.parse(readFileSync(`${from}/package.json`, "utf8"));
  // Without "type" its files would be read as modules, as ours are.
  const about = { name: "onnxruntime-node", version, license, type: "commonjs", private: true };
  writeFileSync(`${to}/package.json`, `${JSON.stringify(about, null, 2)}\n`);
  writeFileSync(`${to}/LICENSE`, `MIT License\n\n${licence}`);
}
