import { InputError, oneLine, UsageError } from "../errors.ts";
import { crfNames, crfSettings, maxExactPixels, parseCrf } from "../refinement/crf-settings.ts";
import { command } from "./command.ts";

export const refineCommand = command({
  name: "refine",
  summary: "make masks follow the edges of their photographs: a dense CRF",
  positionals: [{ name: "MASKS", help: "a folder of masks (png) or score maps (npy), or one of them", count: "one" }],
  options: {
    images: { kind: "text", placeholder: "FOLDER", help: "the photographs, called as the masks are; needed" },
    out: { kind: "text", placeholder: "FOLDER", help: "where refined masks go; a new or empty folder; needed" },
    crf: {
      kind: "text",
      placeholder: "NAME",
      help: `${crfNames.join(", ")}, or terms with slashes between: weight,xy/weight,xy,rgb; behind it :exact for all pairs of pixels, in images of up to ${maxExactPixels}; default deeplab-v2`,
    },
    certainty: {
      kind: "number",
      placeholder: "SHARE",
      minimum: 0.01,
      maximum: 1,
      help: "how sure the labels of masks are; the rest is shared by the image's other labels; default 0.9",
    },
    keepUnlabelled: { kind: "flag", help: "pixels that are 255 stay so" },
  },
  examples: [
    ["tessera refine masks --images photos --out refined", "masks/a.png and photos/a.jpg give refined/a.png"],
    [
      "tessera refine masks --images photos --out refined --crf 3,3/4,20,10",
      "weights of one's own, which look less far",
    ],
    ["tessera refine scores --images photos --out refined --crf cam", "score maps a.npy, such as CAMs with background"],
  ],
  notes:
    "Masks are indexed or grey, of the photograph's size; 255 stands for unknown and gets the label that fits. Values and\n" +
    "palette are kept. Score maps are float32 [labels, height, width], 0 to 1. Called again, it goes on where it was stopped.\n" +
    "A mask that cannot be refined gets a line; the others are written, and the exit code is 1.",
  async run({ positionals: [masks], options }, terminal) {
    const { images, out, crf, certainty, keepUnlabelled } = options;
    if (images === undefined) throw new UsageError("refine: --images is missing. Write --images FOLDER.");
    if (out === undefined) throw new UsageError("refine: --out is missing. Write --out FOLDER.");
    const settings = crf === undefined ? crfSettings["deeplab-v2"] : parseCrf(crf);
    const [{ nodePlatform }, { refineFiles }] = await Promise.all([
      import("../platform/node.ts"),
      import("../prediction/refine-files.ts"),
    ]);
    const progress = terminal.progress("refining");
    const result = await refineFiles(nodePlatform, masks, images, out, settings, {
      ...(certainty !== undefined && { certainty }),
      keepUnlabelled,
      signal: terminal.signal,
      onProgress: (done, total, mask) => progress.update(done, total, mask),
    }).finally(() => progress.end());
    const { written, kept, skipped } = result;
    for (const { mask, out: file, changed } of written) {
      const share = terminal.dim(`${(100 * changed).toFixed(1)} % of the pixels changed`);
      terminal.print(`${oneLine(`${mask} → ${file}`)}  ${share}`);
    }
    for (const note of result.notes) terminal.note(note);
    if (kept.length > 0)
      terminal.note(`${kept.length} ${kept.length === 1 ? "mask was" : "masks were"} there already.`);
    terminal.result(result);
    if (skipped.length > 0) {
      const [{ problem }, ...others] = skipped;
      for (const other of others) terminal.fault(other.problem);
      throw new InputError(problem);
    }
  },
});
