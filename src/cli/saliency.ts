import { InputError } from "../errors.ts";
import { command } from "./command.ts";

export const saliencyCommand = command({
  name: "saliency",
  summary: "write a map of what draws the eye for each photograph, for methods that learn from tags",
  positionals: [{ name: "FOLDER", help: "photographs, or a data set with images/", count: "one" }],
  options: {
    out: {
      kind: "text",
      placeholder: "FOLDER",
      help: "where the maps go; default: saliency/ beside images/ of a data set",
    },
  },
  examples: [
    ["tessera saliency photos", "photos/images/train/a.jpg gives photos/saliency/train/a.png"],
    ["tessera saliency holiday --out maps", "a plain folder of photographs"],
    ["tessera train photos --recipe l2g-small --set camSaliency=mean --out run", "pseudo masks that follow them"],
  ],
  notes:
    "Robust background detection on superpixels (Zhu et al. 2014): nothing is learned, and nothing is known of what things are.\n" +
    "Maps are grey PNGs of the photographs' size, 255 where it is surest. Called again, it goes on where it was stopped.",
  async run({ positionals: [folder], options }, terminal) {
    const [{ nodePlatform }, { saliencyFiles }] = await Promise.all([
      import("../platform/node.ts"),
      import("../prediction/saliency-files.ts"),
    ]);
    const progress = terminal.progress("saliency");
    const result = await saliencyFiles(nodePlatform, folder, options.out, {
      signal: terminal.signal,
      onProgress: (done, total, photograph) => progress.update(done, total, photograph),
    }).finally(() => progress.end());
    const { written, kept, skipped } = result;
    terminal.print(`${written.length} ${written.length === 1 ? "map" : "maps"} written`);
    if (kept.length > 0) terminal.note(`${kept.length} ${kept.length === 1 ? "map was" : "maps were"} there already.`);
    terminal.result(result);
    if (skipped.length > 0) {
      const [{ problem }, ...others] = skipped;
      for (const other of others) terminal.fault(other.problem);
      throw new InputError(problem);
    }
  },
});
