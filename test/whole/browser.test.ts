/** The same training step in a headless browser, through the web package, as natively. Needs Chromium. */
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { openLocalEngine } from "../../src/runtime/local-engine.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import { chromium, outcomeOf } from "../support/chromium.ts";
import { trainBriefly } from "./brief-training.ts";

const page = `<!doctype html><script type="importmap">
{"imports": {"onnxruntime-web": "/ort/ort.bundle.min.mjs"}}
</script><script type="module" src="/entry.js"></script>`;

test.skipIf(chromium === undefined)(
  "a browser trains to the numbers of the native runtime",
  { timeout: 120_000 },
  async () => {
    const entry = fileURLToPath(new URL("./browser-entry.ts", import.meta.url));
    const bundle = await build({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      write: false,
      external: ["onnxruntime-web"],
    });
    const ortFolder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
    const { results, error } = (await outcomeOf((path) => {
      if (path === "/") return page;
      if (path === "/entry.js") return bundle.outputFiles[0].text;
      return path.startsWith("/ort/") ? { file: join(ortFolder, basename(path)) } : undefined;
    })) as { results?: unknown[]; error?: string };
    expect(error).toBeUndefined();
    const native = await trainBriefly(await openLocalEngine(nodeBackend, { threads: 1 }));
    expect(results).toHaveLength(native.length);
    native.forEach(({ total, gradientNorm }, i) => {
      expect(results?.[i]).toEqual({
        total: expect.closeTo(total, 4),
        gradientNorm: expect.closeTo(gradientNorm, 3),
      });
    });
  },
);
