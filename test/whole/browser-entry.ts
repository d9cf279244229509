/** What the browser runs in `browser.test.ts`: a few training steps, whose results it sends back. */
import { openLocalEngine } from "../../src/runtime/local-engine.ts";
import { webBackend } from "../../src/runtime/web.ts";
import { trainBriefly } from "./brief-training.ts";

async function run(): Promise<unknown> {
  try {
    return { results: await trainBriefly(await openLocalEngine(webBackend)) };
  } catch (error) {
    return { error: String(error instanceof Error ? error.stack : error) };
  }
}

void run().then((outcome) => fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) }));
