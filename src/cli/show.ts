import type { Dataset } from "../data/dataset.ts";
import { InputError, oneLine, UsageError } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { command } from "./command.ts";
import { classesFrom, classesOptions, engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const showCommand = command({
  name: "show",
  summary: "draw what a model sees inside: the pictures that its method offers",
  positionals: [
    { name: "RUN", help: "a run folder", count: "one" },
    { name: "IMAGE", help: "photographs, or folders of them", count: "many" },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "where the pictures go; needed" },
    ...classesOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [["tessera show run holiday.jpg --out inside", "writes inside/holiday.certainty.png and the like"]],
  notes: "NAME.VIEW.png for each photograph and view; what the views are, the README of each method says.",
  async run({ positionals: [folder, ...paths], options }, terminal) {
    const { out } = options;
    if (out === undefined) throw new UsageError("show: --out is missing. Write --out FOLDER.");
    const [{ nodePlatform }, { expandPhotographs }, { openRun }, { runTrial }, { outputNames }] = await Promise.all([
      import("../platform/node.ts"),
      import("./photographs.ts"),
      import("../runs/run.ts"),
      import("../evaluation/trial.ts"),
      import("../prediction/names.ts"),
    ]);
    const methods = await methodsWith(nodePlatform, options.method);
    const classes = await classesFrom(nodePlatform, options.classes);
    const photographs = await expandPhotographs(nodePlatform, paths);
    const onDamaged = (message: string) => terminal.note(message);
    const { method, recipe, task, weights } = await openRun(nodePlatform, folder, { onDamaged, methods, classes });
    const views = method.views?.(recipe, task) ?? [];
    if (views.length === 0) {
      throw new InputError(
        `${folder}: expected a method that shows something, got ${method.name}, which has no views. Use tessera predict.`,
      );
    }
    const stems = outputNames(photographs, out).map(({ mask }) => mask.slice(0, -".png".length));
    const record = `${out}/show.json`;
    const earlier = await earlierFiles(nodePlatform, record);
    const written: string[] = [];
    const engine = await engineFor(options);
    const progress = terminal.progress("drawing");
    try {
      for (const [at, view] of views.entries()) {
        for (const [index, file] of photographs.entries()) {
          terminal.signal.throwIfAborted();
          const dataset = onePhotograph(nodePlatform, file);
          const result = await runTrial(view, { engine, dataset, weights, seed: recipe.seed, onBadImage: "fail" });
          for (const { pictures } of result?.pictures ?? []) {
            // What does not depend on the weights is the photograph once more.
            const telling = pictures.some(({ changes }) => changes)
              ? pictures.filter(({ changes }) => changes)
              : pictures;
            for (const { name, image } of telling) {
              const part = name === view.name ? view.name : `${view.name}-${name.replace(/[^\p{L}\p{N}]+/gu, "-")}`;
              const path = `${stems[index]}.${part}.png`;
              if (!earlier.has(path) && (await nodePlatform.exists(path)) !== "nothing") {
                throw new InputError(
                  `${path}: expected nothing, or an earlier picture of show to replace, got another file. Choose another --out.`,
                );
              }
              await nodePlatform.writeFile(path, await nodePlatform.encodeImage(image, "png"));
              written.push(path);
            }
          }
          progress.update(at * photographs.length + index + 1, views.length * photographs.length, file);
        }
      }
      progress.end();
      await nodePlatform.writeFile(
        record,
        `${JSON.stringify({ show: [...new Set([...earlier, ...written])] }, null, 1)}\n`,
      );
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

/** Pictures that show wrote there before: they may be replaced. */
async function earlierFiles(platform: Platform, record: string): Promise<ReadonlySet<string>> {
  if ((await platform.exists(record)) === "nothing") return new Set();
  try {
    const { show } = parseJson(await platform.readText(record)) as { readonly show?: unknown };
    if (Array.isArray(show)) return new Set(show.filter((each) => typeof each === "string"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError(
    `${record}: expected nothing, or the list of earlier pictures, got another file. Choose another --out.`,
  );
}
