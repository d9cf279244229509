/**
 * How long the command line takes to say something, against a Node that does nothing: whole processes, in turns.
 *
 *     npm run build && npx tsx bench/start/main.ts [--runs 21]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { runs: { type: "string", default: "21" } } });
const root = fileURLToPath(new URL("../..", import.meta.url));

const bare = ["-e", "0"];
const candidates: Readonly<Record<string, readonly string[]>> = {
  "tessera --version": ["dist/cli/main.js", "--version"],
  "tessera --help": ["dist/cli/main.js", "--help"],
  'import "tessera-seg"': ["--input-type=module", "-e", 'import "tessera-seg"'],
};

/** Milliseconds of wall time. */
function timeOf(args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${stderr}`);
  return performance.now() - begun;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

for (const [name, args] of Object.entries(candidates)) {
  const pairs = Array.from({ length: Number(values.runs) }, () => [timeOf(bare), timeOf(args)] as const);
  const ratio = median(pairs.map(([least, taken]) => taken / least));
  const [least, taken] = [0, 1].map((side) => Math.min(...pairs.map((pair) => pair[side])));
  console.log(
    `${name}: ratio ${ratio.toFixed(2)} (median of pairs); shortest ${taken.toFixed(0)} of ${least.toFixed(0)} ms`,
  );
}
