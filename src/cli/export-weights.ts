/** `export --weights`: what a model has learned, for other programs. */
import { InputError, oneLine, UsageError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import type { ExportedForm, FormPlatform } from "../runs/export-form.ts";
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

/** How a run is read. */
interface Reading {
  readonly methods: readonly Method[] | undefined;
  readonly set: readonly string[];
}

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
    const written =
      (await exportForm(nodePlatform, method, trained, form, out)) ??
      (await exportEarlier(nodePlatform, run, { methods, set }, { form, out }, terminal));
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

/** Of what the run's earlier stages left, the latest that has what the form writes. Throws InputError where none has. */
async function exportEarlier(
  platform: Platform & FormPlatform,
  run: string,
  { methods, set }: Reading,
  { form, out }: { readonly form: string; readonly out: string },
  terminal: Terminal,
): Promise<ExportedForm> {
  const [{ exportForm }, { stagesKept }] = await Promise.all([
    import("../runs/export-form.ts"),
    import("../runs/checkpoint.ts"),
  ]);
  const [, ...earlier] = await stagesKept(platform, run);
  for (const stage of earlier) {
    const { method, ...trained } = await ofRun(platform, run, { methods, set, stage }, terminal);
    const written = await exportForm(platform, method, trained, form, out);
    if (written === null) continue;
    terminal.note(
      oneLine(
        `${run}: ${form} is written of what stage ${trained.stage} left at step ${trained.step}; later stages have none of it`,
      ),
    );
    return written;
  }
  throw new InputError(
    `${run}: expected weights of what ${form} writes, got a run whose last stage has left them, and none of an earlier stage. Export a run that ends before: --set steps=0.`,
  );
}

/** Of a run whatever its last stage left; of published weights a whole model. */
async function trainedIn(
  platform: Platform,
  run: string,
  { methods, set }: Reading,
  terminal: Terminal,
): Promise<Omit<Trained, "stage"> & { readonly method: Method }> {
  if ((await platform.exists(`${run}/run.json`)) !== "file") {
    const { openTrainedModel } = await import("./open-model.ts");
    return openTrainedModel(platform, run, terminal, { methods, settings: set, wordless: true });
  }
  return ofRun(platform, run, { methods, set }, terminal);
}

/** stage: index of the one whose weights are wanted; default: of the last. */
async function ofRun(
  platform: Platform,
  run: string,
  { methods, set, stage }: Reading & { readonly stage?: number },
  terminal: Terminal,
) {
  const [{ openTrained, withSettings }, { readRun }] = await Promise.all([
    import("../runs/open-run.ts"),
    import("../runs/run.ts"),
  ]);
  const { method } = await readRun(platform, run, { methods });
  const onDamaged = (message: string) => terminal.note(message);
  return withSettings({ method, ...(await openTrained(platform, run, { onDamaged, methods, stage })) }, set, run);
}
