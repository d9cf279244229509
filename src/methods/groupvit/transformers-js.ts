/** A GroupViT as transformers.js loads it: graphs, configurations and the tokenizer of one folder. */
import { fromNumbers, type Named } from "../../array/ndarray.ts";
import { lower } from "../../graph/graph.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input, type Tensor } from "../../graph/tensor.ts";
import { type AxisNames, openAxes } from "../../onnx/open-axes.ts";
import { valueInfo } from "../../onnx/tensor-proto.ts";
import { encodeModel } from "../../onnx/wire.ts";
import { graphProto, modelProto } from "../../onnx/write.ts";
import { matmul, mul, where } from "../../ops/index.ts";
import { clipMerges } from "../../text/clip-merges.ts";
import { tokenizerJson } from "../../text/tokenizer-json.ts";
import type { Method, WrittenModel } from "../method.ts";
import { encodeImages, encodeTexts, logitScale } from "./network.ts";
import { configOf } from "./port-config.ts";
import { preparationText } from "./port-preparation.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { unitVectors } from "./unit.ts";
import { wholePreparation } from "./whole-preparation.ts";
import { wholeOf, withPositions } from "./whole-weights.ts";
import { unclampedScale } from "./window-scores.ts";
import { endToken, requireVocabulary } from "./words.ts";

type Trained = Parameters<NonNullable<Method["forms"]>[string]>[0];

/** Axes of what goes in and comes out, under the names that the exporter of Hugging Face has for them. */
const axes: Named<AxisNames> = {
  pixel_values: ["image_batch_size", null, null, null],
  input_ids: ["text_batch_size", "sequence_length"],
  attention_mask: ["text_batch_size", "sequence_length"],
  image_embeds: ["image_batch_size", null],
  text_embeds: ["text_batch_size", null],
  logits_per_image: ["image_batch_size", "text_batch_size"],
  logits_per_text: ["text_batch_size", "image_batch_size"],
};

/**
 * The files of a folder: `onnx/model.onnx` (`GroupViTModel`), its towers alone, `onnx/vision_model.onnx` and `onnx/text_model.onnx`, whose
 * vectors have no set length, as those of CLIP's towers there; `config.json`, `preprocessor_config.json`, `tokenizer.json` and
 * `tokenizer_config.json`. Pictures have the size of training; their number, that of texts, and the length of texts are open.
 *
 * Throws InputError for networks with another vocabulary than CLIP's.
 */
export function transformersFiles({ weights, recipe, source, licence }: Trained): WrittenModel {
  const settings = recipe as GroupViTRecipe;
  requireVocabulary(settings);
  const whole = wholeOf(withPositions(weights, settings), settings, source).weights;
  const write = (outputs: (scope: Model["scope"]) => Named<Tensor>) =>
    graphFile(outputs, { settings, weights: whole, licence });
  const config = { ...configOf(settings), "transformers.js_config": { dtype: "fp32" } };
  const files = {
    "config.json": `${JSON.stringify(config, null, 2)}\n`,
    "preprocessor_config.json": preparationText(wholePreparation(settings)),
    ...tokenizerJson(clipMerges, { length: settings.textContext }),
    "onnx/model.onnx": write((scope) => both(scope, settings)),
    "onnx/vision_model.onnx": write((scope) => ({ image_embeds: imageVectors(scope, settings) })),
    "onnx/text_model.onnx": write((scope) => ({ text_embeds: textVectors(scope, settings) })),
  };
  return {
    content: { files },
    notes: [
      `${source}: transformers.js scores whole photographs by words; masks are what tessera export --classes gives.`,
    ],
  };
}

/** How many pictures and texts graphs are built for, before these numbers are opened. */
const [pictures, texts] = [2, 3];

/** Vectors of pictures, [B, C]. */
function imageVectors(scope: Model["scope"], settings: GroupViTRecipe): Tensor {
  const { imageSize } = settings;
  return encodeImages(scope, input("pixel_values", [pictures, 3, imageSize, imageSize]), settings).embedding;
}

/** Vectors of texts, [N, C]. */
function textVectors(scope: Model["scope"], settings: GroupViTRecipe): Tensor {
  const { textContext, textEndToken } = settings;
  const ids = input("input_ids", [texts, textContext], "int64");
  // A text that was cut has lost its end there: whatever stands at the last place, nothing else can be read at it.
  const last = Array.from({ length: textContext }, (_, place) => (place === textContext - 1 ? 1 : 0));
  const end = constant(fromNumbers("int64", [], [textEndToken < 0 ? endToken() : textEndToken]));
  return encodeTexts(scope, where(constant(fromNumbers("bool", [textContext], last)), end, ids), settings).embedding;
}

/** Both towers, and how near they are to each other. */
function both(scope: Model["scope"], settings: GroupViTRecipe): Named<Tensor> {
  const image_embeds = unitVectors(imageVectors(scope, settings));
  const text_embeds = unitVectors(textVectors(scope, settings));
  const scale = settings.scores === "hf" ? unclampedScale(scope) : logitScale(scope);
  const logits = (x: Tensor, y: Tensor) => mul(matmul(x, y, { transposeB: true }), scale);
  return {
    logits_per_image: logits(image_embeds, text_embeds),
    logits_per_text: logits(text_embeds, image_embeds),
    ...{ text_embeds, image_embeds },
  };
}

/** The bytes of a graph, with open numbers of pictures and texts. */
function graphFile(
  outputsOf: (scope: Model["scope"]) => Named<Tensor>,
  { settings, weights, licence }: Pick<Trained, "weights" | "licence"> & { readonly settings: GroupViTRecipe },
): Uint8Array {
  const outputs = outputsOf(new Model().scope);
  const lowered = lower({ outputs }, { device: "cpu", operators: "portable", convBlock: 0 });
  const written = graphProto(lowered, { embed: weights, name: "GroupViTModel" });
  const open = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, axes[name]]));
  const readsTexts = written.inputs.includes("input_ids");
  const model = openAxes(modelProto(written, { metadata: licence === undefined ? {} : { licence } }), {
    ...{ inputs: open(written.inputs), outputs: open(Object.keys(outputs)) },
    ...(readsTexts && { shortened: { input: "input_ids", axis: 1 } }),
    tried: { image_batch_size: 1, text_batch_size: 5, sequence_length: Math.min(7, settings.textContext) },
  });
  if (!readsTexts) return encodeModel(model);
  // Texts are causal and padded behind their end, so that this mask changes nothing; but whoever runs such files feeds it.
  const mask = valueInfo("attention_mask", { dtype: "int64", shape: [-1, -1] });
  const dim = axes.attention_mask.map((name) => ({ dim_param: name ?? "" }));
  const type = { tensor_type: { ...mask.type?.tensor_type, shape: { dim } } };
  return encodeModel({ ...model, graph: { ...model.graph, input: [...model.graph!.input!, { ...mask, type }] } });
}
