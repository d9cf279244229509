/** Fetching a published model in a page, from the built package. Needs Chromium. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { chromium, outcomeOf } from "../support/chromium.ts";
import { commitOf, noise, sendAndCut, sha256, startFakeHub } from "../support/fake-hub.ts";

const weights = noise(2_000_000);
const web = fileURLToPath(new URL("../../dist/web", import.meta.url));

test.skipIf(chromium === undefined)(
  "a page fetches a model from another site, goes on where it is cut off, checks and keeps it",
  { timeout: 120_000 },
  async () => {
    const hub = await startFakeHub({
      "lab/net": { files: { "model.safetensors": weights, "README.md": "# Net" }, card: { license: "mit" } },
      "lab/wrong": { files: { "model.safetensors": weights } },
    });
    hub.misbehave("file", (request, response, body) => {
      if (request.url?.startsWith("/lab/wrong/")) response.writeHead(200).end(noise(body.length, 7));
      else if (body.length === weights.length && request.headers.range === undefined)
        sendAndCut(request, response, body, 1_500_000);
      else return false;
      return true;
    });
    const page = `<!doctype html><script type="module">
      import { fetchModel } from "/web/index.js";
      const options = { endpoint: ${JSON.stringify(hub.endpoint)} };
      const run = async () => {
        const first = await fetchModel("lab/net", options);
        const again = await fetchModel("lab/net", options);
        const sum = await crypto.subtle.digest("SHA-256", again.weights[0].bytes);
        const hash = [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        const wrong = await fetchModel("lab/wrong", options).then(() => "none", ({ name, message }) => name + ": " + message);
        return { licence: first.licence, commit: first.commit, hash, wrong };
      };
      const post = (outcome) => fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
      run().then(post, (error) => post({ error: String(error.stack) }));
    </script>`;
    try {
      const outcome = await outcomeOf((path) => {
        if (path === "/") return page;
        const file = `${web}/${path.slice("/web/".length)}`;
        return path.startsWith("/web/") && !path.includes("..") && existsSync(file) ? { file } : undefined;
      });
      expect(outcome).toEqual({
        ...{ licence: "mit", commit: commitOf("lab/net"), hash: sha256(weights) },
        wrong: expect.stringMatching(/^InputError: lab\/wrong:model\.safetensors: expected bytes of SHA-256/),
      });
      const files = hub.requests.filter((line) => line.includes("/lab/net/resolve/"));
      expect(files[0]).toMatch(/model\.safetensors$/);
      expect(files[1]).toMatch(/model\.safetensors bytes=\d+-$/);
      expect(files.filter((line) => line.includes("model.safetensors"))).toHaveLength(2);
    } finally {
      await hub.close();
    }
  },
);
