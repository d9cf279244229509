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

/**
 * Left out: the step itself, source maps, what DirectML and WebGPU need on Windows (loaded when they are asked for;
 * 37 MB of archive), and the second copy of the library that macOS is given.
 */
const wanted = [
  /^dist\/.*\.js$/,
  /^bin\/napi-v6\/.*\/(onnxruntime_binding\.node|onnxruntime\.dll|libonnxruntime\.so\.1|libonnxruntime\.1\.dylib)$/,
];

const licence = `Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

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
