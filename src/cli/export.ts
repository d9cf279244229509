import { InputError, UsageError } from "../errors.ts";
import { command } from "./command.ts";
import { classesFrom, classesOptions, engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const exportCommand = command({
  name: "export",
  summary: "write a trained model as one ONNX file",
  positionals: [{ name: "RUN", help: "a run folder", count: "one" }],
  options: {
    out: { kind: "text", placeholder: "FILE", help: "the file to write, such as model.onnx; needed" },
    ...classesOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera export run --out model.onnx", "one file: a photograph of any size in, its class map out"],
    ["tessera predict model.onnx holiday.jpg --out masks", "the same masks as with the run"],
  ],
  notes:
    "Input `image`: uint8 [height, width, 3], RGB, of any size. Output `labels`: class index of each pixel.\n" +
    "Class names, colours, the map of mask values and the licence are in the file's metadata.",
  async run({ positionals: [run], options }, terminal) {
    const { out } = options;
    if (out === undefined) throw new UsageError("export: --out is missing. Write --out model.onnx.");
    const [{ nodePlatform }, { exportModel }, { openRun }] = await Promise.all([
      import("../platform/node.ts"),
      import("../prediction/export.ts"),
      import("../runs/run.ts"),
    ]);
    if (!out.endsWith(".onnx") && (await nodePlatform.exists(out)) === "file") {
      throw new InputError(
        `${out}: expected a new file or a .onnx file to replace, got another file. Write --out model.onnx.`,
      );
    }
    const onDamaged = (message: string) => terminal.note(message);
    const methods = await methodsWith(nodePlatform, options.method);
    const classes = await classesFrom(nodePlatform, options.classes);
    const trained = await openRun(nodePlatform, run, { onDamaged, methods, classes });
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
