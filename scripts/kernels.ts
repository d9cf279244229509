/** Compiles kernels/dense-crf.ts into src/refinement/kernels.ts: `npm run kernels`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
export const kernelsFile = fileURLToPath(new URL("src/refinement/kernels.ts", root));

/** The module's text, as it is committed. */
export function kernelsModule(): string {
  const folder = mkdtempSync(join(tmpdir(), "tessera-kernels-"));
  try {
    const binary = join(folder, "kernels.wasm");
    const compiler = fileURLToPath(new URL("node_modules/assemblyscript/bin/asc.js", root));
    const flags = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert", "--importMemory", "--use", "abort="];
    execFileSync(process.execPath, [compiler, "kernels/dense-crf.ts", "--outFile", binary, ...flags], {
      cwd: fileURLToPath(root),
    });
    const lines =
      readFileSync(binary)
        .toString("base64")
        .match(/.{1,110}/g) ?? [];
    return [
      "/** WebAssembly of kernels/dense-crf.ts, where it is explained; made by `npm run kernels`. */",
      "export const kernels =",
      `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
      "",
    ].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(kernelsFile, kernelsModule());
