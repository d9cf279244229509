/** `--encoder` of commands that train: a file, a run, a model of the hub; or what lies in the cache already. */
import type { OnnxNormalization } from "../backbones/onnx-encoder.ts";
import { InputError, oneLine, UsageError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { ReadEncoder } from "../runs/open-encoder.ts";
import type { Options, Values } from "./command.ts";
import { filesOf, licenceText } from "./published.ts";
import type { Terminal } from "./terminal.ts";

export const encoderOptions = {
  encoder: {
    kind: "text",
    placeholder: "WEIGHTS",
    help: "begin with a pretrained encoder: a published file of weights, an ONNX model, owner/name on the Hugging Face hub, or a run",
  },
  features: {
    kind: "text",
    placeholder: "LIST",
    help: "names of the tensors that an ONNX encoder gives, with commas between; default: one for each stride, found",
  },
  normalization: {
    kind: "text",
    placeholder: "NAME",
    choices: ["imagenet", "symmetric", "unit", "none"] satisfies readonly OnnxNormalization[],
    help: "values of pictures that an ONNX encoder was trained on: ImageNet's mean and deviation (default), -1 to 1, 0 to 1, or bytes",
  },
} as const satisfies Options;

/** The encoder that `--encoder` names; fetched where it is a model of the hub. Null where none is named. */
export async function givenEncoder(
  platform: Platform,
  { encoder, features, normalization }: Values<typeof encoderOptions>,
  { terminal, methods }: { readonly terminal: Terminal; readonly methods: readonly Method[] | undefined },
): Promise<ReadEncoder | null> {
  if (encoder === undefined) {
    if ((features ?? normalization) === undefined) return null;
    throw new UsageError("--features and --normalization are of an ONNX encoder, got none. Add --encoder FILE.onnx.");
  }
  const [{ readEncoder }, { files, licence }] = await Promise.all([
    import("../runs/open-encoder.ts"),
    filesOf([encoder], terminal),
  ]);
  const note = (message: string) => terminal.note(oneLine(message));
  return readEncoder(platform, files, {
    ...{ onDamaged: note, onNote: note, methods, licence },
    features: features?.split(",").map((name) => name.trim()),
    normalization: normalization as OnnxNormalization | undefined,
  });
}

/** Published weights that a training may begin with, the most suitable first. */
const usual = ["timm/mobilenetv2_100.ra_in1k", "google/mobilenet_v2_1.0_224", "timm/resnet50.a1_in1k"];

/**
 * What to say where a recipe's encoder begins with random weights although published ones would do: which the cache has, if it has some
 * of that encoder. Null where the recipe names no encoder.
 */
export async function randomEncoderNote(
  platform: Platform,
  { method, recipe }: ResolvedRecipe,
): Promise<string | null> {
  const [{ encoderNames }, { encoderFor }] = await Promise.all([
    import("../backbones/encoders.ts"),
    import("../runs/open-encoder.ts"),
  ]);
  const encoderOf = (of: object) => (of as { readonly encoder?: unknown }).encoder;
  const name = encoderOf(recipe);
  if (method.encoder === undefined || typeof name !== "string" || !encoderNames().includes(name)) return null;
  const cached = await cachedEncoder(platform);
  const which =
    cached !== null && encoderOf(encoderFor(cached.read, { method, recipe }).recipe) === name
      ? `; the cache has some: --encoder ${cached.name} (${cached.licence})`
      : ": --encoder WEIGHTS begins with published ones, see docs/encoders.md";
  return `${recipe.name}: its encoder ${name} begins with random weights${which}`;
}

/** One of the usual encoders, if the cache has it; nothing is asked of the hub. */
export async function cachedEncoder(
  platform: Platform,
): Promise<{ readonly name: string; readonly licence: string; readonly read: ReadEncoder } | null> {
  const [{ fetchModel }, { readEncoder }] = await Promise.all([
    import("../hub/fetch.ts"),
    import("../runs/open-encoder.ts"),
  ]);
  const environment = { ...process.env, HF_HUB_OFFLINE: "1" };
  for (const name of usual) {
    const model = await fetchModel(name, { platform, environment }).catch((error: unknown) => {
      if (error instanceof InputError) return null; // the cache does not have it
      throw error;
    });
    if (model === null) continue;
    const licence = licenceText(model);
    return { name, licence, read: await readEncoder(platform, model.weights, { licence }) };
  }
  return null;
}
