/** The same training step in a headless browser, through the web package, as natively. Needs Chromium. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
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

/** Fails when the browser ends before it has said anything. */
async function died(browser: ChildProcess): Promise<never> {
  // `once` fails where the browser cannot even be started.
  const [code, signal] = await once(browser, "exit");
  throw new Error(`the browser ended before its page reported: exit code ${code}, signal ${signal}`);
}

/** Ends a browser with all its helpers, and waits until it is gone. */
async function ended(browser: ChildProcess): Promise<void> {
  if (browser.pid === undefined) return; // it never started
  const gone = browser.exitCode !== null || browser.signalCode !== null ? null : once(browser, "exit");
  try {
    process.kill(-browser.pid, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
  await gone;
}

/** Removes a folder that a dying process may still write to. */
async function removed(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

test.skipIf(chromium === undefined)("a browser trains to the numbers of the native runtime", async () => {
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
  // Not in a finally: a test that runs out of time never comes to it, and would leave a browser behind.
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const profile = mkdtempSync(join(tmpdir(), "tessera-browser-"));
  const { port } = server.address() as AddressInfo;
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    `--user-data-dir=${profile}`,
  ];
  // A group of its own: the browser's helpers, which write to the profile too, can be ended with it.
  const browser = spawn(chromium!, [...flags, `http://127.0.0.1:${port}/`], { detached: true, stdio: "ignore" });
  onTestFinished(async () => {
    await ended(browser);
    await removed(profile);
  });
  const { results, error } = JSON.parse(await Promise.race([outcome, died(browser)])) as {
    results?: unknown[];
    error?: string;
  };
  expect(error).toBeUndefined();
  const native = await trainBriefly(await openLocalEngine(nodeBackend, { threads: 1 }));
  expect(results).toHaveLength(native.length);
  native.forEach(({ total, gradientNorm }, i) => {
    expect(results?.[i]).toEqual({
      total: expect.closeTo(total, 4),
      gradientNorm: expect.closeTo(gradientNorm, 3),
    });
  });
});
