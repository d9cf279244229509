import { oneLine, UsageError } from "../errors.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { engineFor, engineOptions, sizeOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { requireEnding } from "./require-ending.ts";

export const exportCommand = command({
  name: "export",
  summary: "write a trained model as one ONNX file",
  positionals: [{ name: "RUN", help: "a run folder, published weights, or owner/name on the hub", count: "one" }],
  options: {
    out: { kind: "text", placeholder: "FILE", help: "the file to write, such as model.onnx; needed" },
    weights: {
      kind: "text",
      placeholder: "LIBRARY",
      help: "write weights for other programs: the encoder's, as safetensors under the names of torchvision, timm, transformers …, or onnx for one that was an ONNX file; of GroupViT all, as official (.pth), hf (a folder), or transformers.js (a folder to classify photographs in a browser)",
    },
    shortSide: {
      ...sizeOptions.shortSide,
      help: "the file makes photographs this large before windows are cut, in pixels of the shorter side; 0: as they come; default: as predict does",
    },
    ...askedOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera export run --out model.onnx", "one file: a photograph of any size in, its class map out"],
    ["tessera predict model.onnx holiday.jpg --out masks", "the same masks as with the run"],
    ["tessera export run --weights timm --out encoder.safetensors", "the encoder for other programs"],
    ["tessera export nvidia/groupvit-gcc-yfcc --weights official --out model.pth", "one form from the other"],
  ],
  notes:
    "Input `image`: uint8 [height, width, 3], RGB, of any size. Output `labels`: class index of each pixel.\n" +
    "Of a panoptic model: what segments are made of, told in the file's metadata (outputs) and in docs/results.md.\n" +
    "Class names, colours, the map of mask values and the licence are in the file's metadata.",
  async run({ positionals: [run], options }, terminal) {
    const { out, weights } = options;
    if (out === undefined) throw new UsageError("export: --out is missing. Write --out model.onnx.");
    if (weights !== undefined)
      return (await import("./export-weights.ts")).exportWeights(run, { ...options, weights, out }, terminal);
    const [{ nodePlatform }, { exportModel }, { openTrainedModel }] = await Promise.all([
      import("../platform/node.ts"),
      import("../prediction/export.ts"),
      import("./open-model.ts"),
    ]);
    await requireEnding(nodePlatform, out, ".onnx");
    const methods = await methodsWith(nodePlatform, options.method);
    const asked = await askedFrom(nodePlatform, options, (line) => terminal.note(oneLine(line)));
    const trained = await openTrainedModel(nodePlatform, run, terminal, { methods, ...asked });
    const engine = await engineFor(options);
    try {
      const exported = await exportModel(engine, nodePlatform, trained, out, { shortSide: options.shortSide });
      terminal.print(
        `${exported.file}: ${(exported.bytes / 1e6).toFixed(1)} MB, ${exported.card.classes.length} classes`,
      );
      for (const what of exported.card.leftOut)
        terminal.note(`${out}: goes without the ${what}; tessera predict ${run} has it.`);
      terminal.result(exported);
    } finally {
      await engine.close();
    }
  },
});
