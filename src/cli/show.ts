import type { Dataset } from "../data/dataset.ts";
import { oneLine, UsageError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const showCommand = command({
  name: "show",
  summary: "draw what a model sees inside: the pictures that its method offers",
  positionals: [
    { name: "RUN", help: "a run folder", count: "one" },
    { name: "IMAGE", help: "photographs, or folders of them; none with --groups or --curves", count: "any" },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "where the pictures go; needed" },
    curves: {
      kind: "flag",
      help: "write curves.html instead: loss, scores and what else the run logged, also while it trains",
    },
    groups: {
      kind: "text",
      placeholder: "DATASET",
      help: "write groups.html instead: what each group of the model fires on, over a data set",
    },
    split: {
      kind: "text",
      placeholder: "NAME",
      choices: ["train", "val", "test", "unlabelled"],
      help: "which part of that data set; default val, or the first that there is",
    },
    ...askedOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera show run holiday.jpg --out inside", "writes inside/holiday.certainty.png and the like"],
    ["tessera show run --curves --out inside", "writes inside/curves.html"],
    ['tessera show run --groups photos --classes "sky, tree, car" --out inside', "writes inside/groups.html"],
  ],
  notes:
    "NAME.VIEW.png for each photograph and view; what the views are, the README of each method says. Where a view is one number a\n" +
    "pixel, such as its group, NAME.VIEW.index.png has these, in colours, at the photograph's size.",
  async run({ positionals: [folder, ...paths], options }, terminal) {
    const { out } = options;
    if (out === undefined) throw new UsageError("show: --out is missing. Write --out FOLDER.");
    const { groups, split, curves } = options;
    const page = groups !== undefined ? "--groups" : curves ? "--curves" : null;
    if (page !== null && paths.length > 0) {
      throw new UsageError(`show: expected no photographs with ${page}, got ${paths[0]}. Leave them or ${page} out.`);
    }
    if (groups !== undefined) {
      if (curves) throw new UsageError("show: expected one of --groups and --curves, got both. Leave one out.");
      const { showGroups } = await import("./show-groups.ts");
      return showGroups(folder, { ...options, groups, out }, terminal);
    }
    if (split !== undefined) throw new UsageError("show: --split is of --groups, got no --groups. Leave it out.");
    if (curves) {
      const { showCurves } = await import("./show-curves.ts");
      return showCurves(folder, { ...options, out }, terminal);
    }
    if (paths.length === 0) {
      throw new UsageError(
        "show: IMAGE is missing: photographs, or folders of them. Name some, or --groups DATASET, or --curves.",
      );
    }
    const [
      { nodePlatform },
      { expandPhotographs },
      { openShown },
      { runTrial },
      { outputNames },
      { openShownPictures },
    ] = await Promise.all([
      import("../platform/node.ts"),
      import("./photographs.ts"),
      import("./open-shown.ts"),
      import("../evaluation/trial.ts"),
      import("../prediction/names.ts"),
      import("./shown-pictures.ts"),
    ]);
    const methods = await methodsWith(nodePlatform, options.method);
    const asked = await askedFrom(nodePlatform, options);
    const { files: photographs, notes, unreadable } = await expandPhotographs(nodePlatform, paths);
    for (const note of [...notes, ...unreadable]) terminal.note(oneLine(note));
    // What groups of pixels there are can be shown without words for them.
    const {
      trials: views,
      weights,
      seed,
    } = await openShown(nodePlatform, folder, terminal, {
      ...{ methods, ...asked, wordless: true },
    });
    // Its own photographs are not replaced, and two of one name get numbers.
    const stems = outputNames(photographs, out).map(({ mask }) => mask.slice(`${out}/`.length, -".png".length));
    const write = await openShownPictures(nodePlatform, out);
    const written: string[] = [];
    const engine = await engineFor(options);
    const progress = terminal.progress("drawing");
    try {
      for (const [at, view] of views.entries()) {
        for (const [index, file] of photographs.entries()) {
          terminal.signal.throwIfAborted();
          const dataset = onePhotograph(nodePlatform, file);
          const result = await runTrial(view, { engine, dataset, weights, seed, onBadImage: "fail" });
          for (const { pictures } of result?.pictures ?? []) {
            // What does not depend on the weights is the photograph once more.
            const telling = pictures.some(({ changes }) => changes)
              ? pictures.filter(({ changes }) => changes)
              : pictures;
            for (const { name, image, map } of telling) {
              const part = name === view.name ? view.name : `${view.name}-${name.replace(/[^\p{L}\p{N}]+/gu, "-")}`;
              written.push(await write(stems[index], part, await nodePlatform.encodeImage(image, "png")));
              if (map === undefined) continue;
              written.push(await write(stems[index], `${part}.index`, await nodePlatform.encodeIndexedPng(map())));
            }
          }
          progress.update(at * photographs.length + index + 1, views.length * photographs.length, file);
        }
      }
      progress.end();
      for (const path of written) terminal.print(oneLine(path));
      terminal.result({ written });
    } finally {
      progress.end();
      await engine.close();
    }
  },
});

/** A photograph as a data set of one. */
function onePhotograph(platform: Platform, file: string): Dataset {
  return {
    ...{ name: file, split: "unlabelled", classes: [], kinds: [], ids: [file], valueMap: {}, source: () => file },
    read: async () => ({ id: file, source: file, image: await platform.decodeImage(file), labels: {} }),
  };
}
