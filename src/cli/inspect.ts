import { InputError, oneLine, UsageError } from "../errors.ts";
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
    batches: {
      kind: "text",
      placeholder: "FOLDER",
      help: "write pictures of the first batches there, as training sees them: batch-1.png and so on",
    },
    recipe: { kind: "text", placeholder: "NAME", help: "whose batches; default: the one that train would choose" },
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change one value of that recipe; may be repeated" },
  },
  examples: [
    ["tessera inspect photos", "reads every image and label and lists each problem with its file and its fix"],
    ["tessera inspect tags-of-photos --images photos", "labels in one folder, their photographs in photos/images"],
    ["tessera inspect photos --batches look", "also draws crops, colours and labels as training sees them"],
    ["tessera inspect photos --json | jq .splits[0].classes", "class frequencies for a script"],
  ],
  notes: "Exits with 1 when there are problems.",
  async run({ positionals: [path], options }, terminal) {
    if (options.batches === undefined && (options.recipe !== undefined || options.set.length > 0)) {
      throw new UsageError("inspect: --recipe and --set say whose batches are drawn. Add --batches FOLDER.");
    }
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
    const pictures = options.batches === undefined ? [] : await drawBatches(path, options.batches, options);
    for (const file of pictures) terminal.print(oneLine(file));
    terminal.result(options.batches === undefined ? report : { ...report, batches: pictures });
    const count = countProblems(report);
    if (count > 0) {
      const first = [...report.problems, ...report.splits.flatMap(({ problems }) => problems)][0];
      const others = count > 1 ? ` ${count - 1} more problem${count > 2 ? "s" : ""} listed above.` : "";
      throw new InputError(`${first.message}${others}`);
    }
  },
});

async function drawBatches(
  path: string,
  folder: string,
  options: Parameters<typeof placeOf>[0] & { readonly recipe?: string | undefined; readonly set: readonly string[] },
): Promise<string[]> {
  const [{ nodePlatform }, { openDataset }, { chooseRecipe }, { namedRecipe }, { writeBatchPictures }] =
    await Promise.all([
      import("../platform/node.ts"),
      import("../datasets/index.ts"),
      import("./choose-recipe.ts"),
      import("./named-recipe.ts"),
      import("../training/batch-pictures.ts"),
    ]);
  const dataset = await openDataset(nodePlatform, path, "train", { ...placeOf(options), onBadFile: "skip" });
  const chosen = options.recipe === undefined ? await chooseRecipe(dataset, null) : null;
  const settings = [...(chosen?.settings ?? []), ...options.set];
  const resolved = await namedRecipe(nodePlatform, options.recipe ?? chosen!.recipe, settings, undefined);
  return writeBatchPictures(nodePlatform, resolved, dataset, folder);
}
