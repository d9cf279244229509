/** `export --weights`: what a model has learned, for other programs. */
import { oneLine, UsageError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import type { askedOptions } from "./asked.ts";
import type { Values } from "./command.ts";
import { type methodOptions, methodsWith } from "./own-methods.ts";
import { requireEnding } from "./require-ending.ts";
import type { Terminal } from "./terminal.ts";

type WeightsOptions = Values<typeof askedOptions> &
  Values<typeof methodOptions> & {
    readonly weights: string;
    readonly out: string;
    readonly shortSide?: number | undefined;
  };

/** Writes the whole model in a form of its method, or its encoder as a library has it. */
export async function exportWeights(run: string, options: WeightsOptions, terminal: Terminal): Promise<void> {
  const { weights: form, out, method: files, set, classes, classesFile, background, threshold } = options;
  if (background || [classes, classesFile, threshold].some((each) => each !== undefined)) {
    throw new UsageError(
      "export: expected no words with --weights, since they are for an ONNX model, got some. Leave them out.",
    );
  }
  if (options.shortSide !== undefined) {
    throw new UsageError(
      "export: expected no --short-side with --weights, since it is for an ONNX model. Leave it out.",
    );
  }
  const { nodePlatform } = await import("../platform/node.ts");
  const methods = await methodsWith(nodePlatform, files);
  const { method, ...trained } = await trainedIn(nodePlatform, run, { methods, set }, terminal);
  // What is no form of the method may be that of its encoder.
  if (method.forms !== undefined && (!("encoder" in trained.recipe) || Object.hasOwn(method.forms, form))) {
    const { exportForm } = await import("../runs/export-form.ts");
    const written = await exportForm(nodePlatform, method, trained, form, out);
    for (const note of written.notes) terminal.note(oneLine(note));
    const megabytes = (written.bytes / 1e6).toFixed(1);
    terminal.print(oneLine(`${written.files.join(", ")}: ${megabytes} MB, licence ${trained.licence}`));
    terminal.result({ ...written, licence: trained.licence });
    return;
  }
  await requireEnding(nodePlatform, out, form === "onnx" ? ".onnx" : ".safetensors");
  const { exportEncoder } = await import("../runs/export-encoder.ts");
  const exported = await exportEncoder(nodePlatform, trained, form, out);
  const { file, encoder, tensors, bytes } = exported;
  terminal.print(`${file}: ${(bytes / 1e6).toFixed(1)} MB, ${encoder} in ${tensors} tensors as ${form} calls them`);
  terminal.result(exported);
}

/** Of a run whatever its last stage left; of published weights a whole model. */
async function trainedIn(
  platform: Platform,
  run: string,
  { methods, set }: { readonly methods: readonly Method[] | undefined; readonly set: readonly string[] },
  terminal: Terminal,
): Promise<Omit<Trained, "stage"> & { readonly method: Method }> {
  const [{ openTrained, withSettings }, { readRun }] = await Promise.all([
    import("../runs/open-run.ts"),
    import("../runs/run.ts"),
  ]);
  if ((await platform.exists(`${run}/run.json`)) !== "file") {
    const { openTrainedModel } = await import("./open-model.ts");
    return openTrainedModel(platform, run, terminal, { methods, settings: set, wordless: true });
  }
  const { method } = await readRun(platform, run, { methods });
  const onDamaged = (message: string) => terminal.note(message);
  return withSettings({ method, ...(await openTrained(platform, run, { onDamaged, methods })) }, set, run);
}
