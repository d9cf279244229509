/** The same training step in a headless browser, through the web package, as natively. Needs Chromium. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { openLocalEngine } from "../../src/runtime/local-engine.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import { trainBriefly } from "./brief-training.ts";

const chromium = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== "" && existsSync(path));

const page = `<!doctype html><script type="importmap">
{"imports": {"onnxruntime-web": "/ort/ort.bundle.min.mjs"}}
</script><script type="module" src="/entry.js"></script>`;

const types: Record<string, string> = {
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

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

    let receive: (outcome: string) => void = () => {};
    const outcome = new Promise<string>((resolve) => {
      receive = resolve;
    });
    const server = createServer((request, response) => {
      const path = request.url ?? "/";
      if (path === "/outcome") {
        let body = "";
        request.on("data", (chunk) => {
          body += chunk;
        });
        request.on("end", () => {
          response.end();
          receive(body);
        });
        return;
      }
      const file = join(ortFolder, basename(path));
      const known = path === "/" ? page : path === "/entry.js" ? bundle.outputFiles[0].text : null;
      if (known === null && !(path.startsWith("/ort/") && existsSync(file))) return response.writeHead(404).end();
      const extension = /\.\w+$/.exec(path)?.[0] ?? "";
      response.writeHead(200, { "content-type": types[extension] ?? "text/html" }).end(known ?? readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const profile = mkdtempSync(join(tmpdir(), "tessera-browser-"));
    const { port } = server.address() as AddressInfo;
    const flags = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      `--user-data-dir=${profile}`,
    ];
    const browser = execFile(chromium!, [...flags, `http://127.0.0.1:${port}/`]);
    try {
      const { results, error } = JSON.parse(await outcome) as { results?: unknown[]; error?: string };
      expect(error).toBeUndefined();
      const native = await trainBriefly(await openLocalEngine(nodeBackend, { threads: 1 }));
      expect(results).toHaveLength(native.length);
      native.forEach(({ total, gradientNorm }, i) => {
        expect(results?.[i]).toEqual({
          total: expect.closeTo(total, 4),
          gradientNorm: expect.closeTo(gradientNorm, 3),
        });
      });
    } finally {
      browser.kill();
      await new Promise((resolve) => browser.once("exit", resolve));
      server.closeAllConnections();
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  },
);
