/** `eval --trials`: what a method looks at inside a run, scored over a data set. */
import { oneLine } from "../errors.ts";
import type { TrialScoresOptions } from "../report/trial-scores.ts";
import type { Options } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export const trialOptions = {
  trials: {
    kind: "flag",
    help: "score what the method looks at inside a run, whole or not, such as how well a tokenizer gives masks back; see its README",
  },
} as const satisfies Options;

export async function evalTrials(
  terminal: Terminal,
  { out, ...options }: TrialScoresOptions & { readonly out?: string | undefined },
): Promise<void> {
  const [{ trialScores }, { measureText }] = await Promise.all([
    import("../report/trial-scores.ts"),
    import("../metrics/measure.ts"),
  ]);
  const progress = terminal.progress("scoring");
  const result = await trialScores({
    ...options,
    signal: terminal.signal,
    onNote: (message) => terminal.note(oneLine(message)),
    onProgress: (done, total, name) => progress.update(done, total, name),
  });
  progress.end();
  for (const measures of Object.values(result.trials)) {
    terminal.print(oneLine(measures.map((measure) => `${measure.name} ${measureText(measure)}`).join(", ")));
  }
  if (out !== undefined) await options.platform.writeFile(out, `${JSON.stringify(result, null, 1)}\n`);
  terminal.result(result);
}
