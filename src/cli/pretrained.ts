/** `--encoder` of commands that train: a file, a run, a model of the hub; or what lies in the cache already. */
import type { OnnxNormalization } from "../backbones/onnx-encoder.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import type { Options, Values } from "./command.ts";
import { filesOf } from "./published.ts";
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
    choices: ["imagenet", "symmetric", "unit", "none"],
    help: "values of pictures that an ONNX encoder was trained on: ImageNet's mean and deviation (default), -1 to 1, 0 to 1, or bytes",
  },
} as const satisfies Options;

/** Where a pretrained encoder lies. */
export interface EncoderFiles {
  readonly files: readonly string[];
  readonly licence: string | undefined;
}

/** The file, run or model that `--encoder` names; fetched where it is a model of the hub. */
export async function encoderFiles(source: string, terminal: Terminal): Promise<EncoderFiles> {
  return filesOf([source], terminal);
}

/** Published weights that a training may begin with, the most suitable first. */
const usual = ["timm/mobilenetv2_100.ra_in1k", "google/mobilenet_v2_1.0_224", "timm/resnet50.a1_in1k"];

/** One of the usual encoders, if the cache has it; nothing is asked of the hub. */
export async function cachedEncoder(platform: Platform): Promise<(EncoderFiles & { readonly name: string }) | null> {
  const { fetchModel } = await import("../hub/fetch.ts");
  for (const name of usual) {
    try {
      const environment = { ...process.env, HF_HUB_OFFLINE: "1" };
      const { weights, licence, repository, commit } = await fetchModel(name, { platform, environment });
      return { name, files: weights, licence: `${licence} (${repository}@${commit.slice(0, 7)})` };
    } catch (error) {
      if (!(error instanceof InputError)) throw error; // not there
    }
  }
  return null;
}

/** The encoder in `files` as the recipe's network takes it. */
export async function encoderFrom(
  platform: Platform,
  { files, licence }: EncoderFiles,
  resolved: ResolvedRecipe,
  { features, normalization }: Omit<Values<typeof encoderOptions>, "encoder">,
  { terminal, methods }: { readonly terminal?: Terminal; readonly methods?: readonly Method[] | undefined },
): Promise<Trained> {
  const { openEncoder } = await import("../runs/open-encoder.ts");
  const note = (message: string) => terminal?.note(oneLine(message));
  return openEncoder(platform, files, resolved, {
    ...{ onDamaged: note, onNote: note, methods, licence },
    features: features?.split(",").map((name) => name.trim()),
    normalization: normalization as OnnxNormalization | undefined,
  });
}
