import { UsageError } from "../errors.ts";
import { command } from "./command.ts";

export const scenesCommand = command({
  name: "scenes",
  summary: "write the drawn practice data set to disk",
  positionals: [
    {
      name: "SPEC",
      help: "scenes with options, such as size=192,train=100,seed=7; default: all as they are",
      count: "optional",
    },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "where to write; a new or empty folder; needed" },
    layout: {
      kind: "text",
      placeholder: "NAME",
      choices: ["folder", "voc", "cityscapes", "ade20k"],
      help: "how files lie; default folder",
    },
    images: { kind: "text", placeholder: "FORMAT", choices: ["jpeg", "png"], help: "of the photographs; default jpeg" },
  },
  examples: [
    ["tessera scenes --out practice", "400 scenes to train on, 60 to score, 60 more, with every kind of label"],
    ["tessera scenes size=192x128,train=50,seed=7 --out voc --layout voc", "another draw, in the layout of Pascal VOC"],
    ["tessera train scenes:size=128 --out run", "trains on them without writing them"],
  ],
  notes:
    "Keys: size (64 to 512, or WIDTHxHEIGHT), train, val, test (how many), unlabelled (how many without labels), seed,\n" +
    "kind (outdoor, indoor, street, …), border (unlabelled pixels along edges), details (share of the pictures of\n" +
    "train and unlabelled that show a part of a scene enlarged, 0 to 1), classes (coarse: nine that take in all; or names joined by +, such as\n" +
    "sky+road+vehicle+person: the rest is unlabelled).",
  async run({ positionals: [text = "scenes"], options: { out, layout, images } }, terminal) {
    if (out === undefined) throw new UsageError("scenes: --out is missing. Write --out FOLDER.");
    const [{ writeScenes }, { parseScenesSpec, showScenesSpec }, { nodePlatform }] = await Promise.all([
      import("../scenes/write.ts"),
      import("../scenes/index.ts"),
      import("../platform/node.ts"),
    ]);
    const spec = text === "scenes" || text.startsWith("scenes:") ? text : `scenes:${text}`;
    const parsed = parseScenesSpec(spec);
    const progress = terminal.progress("drawing");
    const count = await writeScenes(nodePlatform, spec, out, {
      ...(layout !== undefined && { layout: layout as "folder" }),
      ...(images !== undefined && { images: images as "jpeg" }),
      signal: terminal.signal,
      onProgress: (done, total) => progress.update(done, total),
    }).finally(() => progress.end());
    terminal.print(`${out}: ${count} scenes (${showScenesSpec(parsed)})`);
    terminal.result({ folder: out, scenes: count, spec: showScenesSpec(parsed) });
  },
});
