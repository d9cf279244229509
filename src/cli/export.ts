import { InputError, oneLine, UsageError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import type { Terminal } from "./terminal.ts";

export const exportCommand = command({
  name: "export",
  summary: "write a trained model as one ONNX file",
  positionals: [{ name: "RUN", help: "a run folder, published weights, or owner/name on the hub", count: "one" }],
  options: {
    out: { kind: "text", placeholder: "FILE", help: "the file to write, such as model.onnx; needed" },
    weights: {
      kind: "text",
      placeholder: "LIBRARY",
      help: "write weights for other programs: the encoder's, as safetensors under the names of torchvision, timm, transformers …, or onnx for one that was an ONNX file; of GroupViT all, as official (.pth) or hf (a folder)",
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
    "Class names, colours, the map of mask values and the licence are in the file's metadata.",
  async run({ positionals: [run], options }, terminal) {
    const { out, weights } = options;
    if (out === undefined) throw new UsageError("export: --out is missing. Write --out model.onnx.");
    if (weights !== undefined) return exportWeights(run, weights, out, options.method, terminal);
    const [{ nodePlatform }, { exportModel }, { openTrainedModel }] = await Promise.all([
      import("../platform/node.ts"),
      import("../prediction/export.ts"),
      import("./open-model.ts"),
    ]);
    await requireKind(nodePlatform, out, ".onnx");
    const methods = await methodsWith(nodePlatform, options.method);
    const asked = await askedFrom(nodePlatform, options);
    const trained = await openTrainedModel(nodePlatform, run, terminal, { methods, ...asked });
    const engine = await engineFor(options);
    try {
      const exported = await exportModel(engine, nodePlatform, trained, out);
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

async function exportWeights(
  run: string,
  library: string,
  out: string,
  named: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const [{ nodePlatform }, { openTrained, readRun }] = await Promise.all([
    import("../platform/node.ts"),
    import("../runs/run.ts"),
  ]);
  const methods = await methodsWith(nodePlatform, named);
  const onDamaged = (message: string) => terminal.note(message);
  const isRun = (await nodePlatform.exists(`${run}/run.json`)) === "file";
  const { method, ...trained } = isRun
    ? {
        method: (await readRun(nodePlatform, run, { methods })).method,
        ...(await openTrained(nodePlatform, run, { onDamaged, methods })),
      }
    : await (await import("./open-model.ts")).openTrainedModel(nodePlatform, run, terminal, {
        methods,
        wordless: true,
      });
  if (method.forms !== undefined) {
    const { exportForm } = await import("../runs/export-model.ts");
    const { files, bytes, notes } = await exportForm(nodePlatform, method, trained, library, out);
    for (const note of notes) terminal.note(oneLine(note));
    terminal.print(oneLine(`${files.join(", ")}: ${(bytes / 1e6).toFixed(1)} MB, licence ${trained.licence}`));
    terminal.result({ files, bytes, licence: trained.licence });
    return;
  }
  await requireKind(nodePlatform, out, library === "onnx" ? ".onnx" : ".safetensors");
  const { exportEncoder } = await import("../runs/export-encoder.ts");
  const encoderOf = { ...trained, stage: "stage" in trained ? trained.stage : "train" };
  const exported = await exportEncoder(nodePlatform, encoderOf, library, out);
  const { file, encoder, tensors, bytes } = exported;
  terminal.print(`${file}: ${(bytes / 1e6).toFixed(1)} MB, ${encoder} in ${tensors} tensors as ${library} calls them`);
  terminal.result(exported);
}

/** A mistyped --out must not cost anybody another file. */
async function requireKind(platform: Platform, out: string, ending: string): Promise<void> {
  if (out.endsWith(ending) || (await platform.exists(out)) !== "file") return;
  throw new InputError(
    `${out}: expected a new file or a ${ending} file to replace, got another file. Write --out model${ending}.`,
  );
}
