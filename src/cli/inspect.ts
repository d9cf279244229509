import { InputError } from "../errors.ts";
import { command } from "./command.ts";
import { datasetOptions, placeOf } from "./options.ts";

export const inspectCommand = command({
  name: "inspect",
  summary: "say what is in a data set folder, and what is wrong with it",
  positionals: [{ name: "DATASET", help: "a folder, or scenes for the drawn data set", count: "one" }],
  options: {
    layout: datasetOptions.layout,
    images: datasetOptions.images,
    valFraction: datasetOptions.valFraction,
    captionCleaning: datasetOptions.captionCleaning,
  },
  examples: [
    ["tessera inspect photos", "reads every image and label and lists each problem with its file and its fix"],
    ["tessera inspect tags-of-photos --images photos", "labels in one folder, their photographs in photos/images"],
    ["tessera inspect photos --json | jq .splits[0].classes", "class frequencies for a script"],
  ],
  notes: "Exits with 1 when there are problems.",
  async run({ positionals: [path], options }, terminal) {
    const [{ countProblems, inspectDataset }, { inspectText }, { nodePlatform }] = await Promise.all([
      import("../datasets/inspect.ts"),
      import("../datasets/inspect-text.ts"),
      import("../platform/node.ts"),
    ]);
    const progress = terminal.progress("reading");
    const report = await inspectDataset(nodePlatform, path, {
      ...placeOf(options),
      onProgress(done, total, split) {
        terminal.signal.throwIfAborted();
        progress.update(done, total, split);
      },
    }).finally(() => progress.end());
    terminal.print(inspectText(report));
    terminal.result(report);
    const count = countProblems(report);
    if (count > 0) {
      const first = [...report.problems, ...report.splits.flatMap(({ problems }) => problems)][0];
      const others = count > 1 ? ` ${count - 1} more problem${count > 2 ? "s" : ""} listed above.` : "";
      throw new InputError(`${first.message}${others}`);
    }
  },
});
