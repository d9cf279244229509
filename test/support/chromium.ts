/** A headless Chromium that opens a page of ours and sends back what came out. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const chromium = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== "" && existsSync(path));

const types: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  png: "image/png",
  wasm: "application/wasm",
};

const usualFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];

/**
 * Opens the page `/` of a site and gives what it posts to `/outcome`, as JSON. `site`: text or bytes of a path, or the
 * file that holds them; undefined: there is none.
 */
export async function outcomeOf(
  site: (path: string) => string | Uint8Array | { readonly file: string } | undefined,
  flags: readonly string[] = usualFlags,
): Promise<unknown> {
  let receive: (outcome: string) => void = () => {};
  const outcome = new Promise<string>((resolve) => {
    receive = resolve;
  });
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://page").pathname);
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
    const found = site(path);
    if (found === undefined) return response.writeHead(404).end();
    const content =
      typeof found === "object" && "file" in found ? (existsSync(found.file) ? readFileSync(found.file) : null) : found;
    if (content === null) return response.writeHead(404).end();
    const extension = path === "/" ? "html" : path.slice(path.lastIndexOf(".") + 1);
    response.writeHead(200, { "content-type": types[extension] ?? "application/octet-stream" }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const profile = mkdtempSync(join(tmpdir(), "tessera-browser-"));
  const { port } = server.address() as AddressInfo;
  // A group of its own: all of its processes are to end, or they would go on writing to the profile.
  const browser = spawn(chromium!, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    detached: true,
    stdio: "ignore",
  });
  const gone = once(browser, "exit");
  const early = gone.then(([code, signal]) => {
    throw new Error(`the browser ended before its page reported: exit code ${code}, signal ${signal}`);
  });
  early.catch(() => {}); // it always ends, in the end
  try {
    return JSON.parse(await Promise.race([outcome, early])) as unknown;
  } finally {
    try {
      process.kill(-browser.pid!, "SIGKILL");
    } catch {
      // Nobody of the group is left.
    }
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
}
