// Loaded into the command line by `held` in cli.ts: the process waits at one of its own renames until the test lets it
// go on, so that where a run is stopped does not depend on how busy the machine is.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { HOLD_BEFORE: before, HOLD_AFTER: after } = process.env;
const { rename } = fs;

/** Signals are served meanwhile. */
async function hold() {
  process.send("held");
  await new Promise((resolve) => process.once("message", resolve));
  process.disconnect();
}

// Workers and children of the command line have no line to the test.
if (process.connected) {
  fs.rename = async (from, to) => {
    if (before && to.endsWith(before) && process.connected) await hold();
    await rename(from, to);
    if (after && to.endsWith(after) && process.connected) await hold();
  };
  syncBuiltinESMExports();
}
