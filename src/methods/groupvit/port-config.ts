/** `config.json` of the port to Hugging Face's transformers: what a directory says of its network besides the weights. */
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { parseJson } from "../../platform/json.ts";
import type { FoundSettings } from "./found-settings.ts";
import type { GroupViTSettings } from "./settings.ts";

/** Settings that the weights do not tell, but the file does. */
export type ConfiguredSettings = Pick<GroupViTSettings, "heads" | "textHeads" | "assignEps" | "textEndToken">;

/** The end token that stands for `the largest id of the text`, from before ids were counted right. */
const largestId = 2;

/** What the port calls its model; other networks' files have the same fields. */
const modelType = "groupvit";

/** What the port takes where a file leaves a value out. */
const defaults = {
  top: { projection_dim: 256, projection_intermediate_dim: 4096 },
  vision: {
    ...{ hidden_size: 384, intermediate_size: 1536, depths: [6, 3, 3], num_group_tokens: [64, 8, 0] },
    ...{ num_output_groups: [64, 8, 8], num_attention_heads: 6, image_size: 224, patch_size: 16, num_channels: 3 },
    ...{ hidden_act: "gelu", layer_norm_eps: 1e-5, assign_eps: 1, assign_mlp_ratio: [0.5, 4] },
  },
  text: {
    ...{ vocab_size: 49_408, hidden_size: 256, intermediate_size: 1024, num_hidden_layers: 12, num_attention_heads: 4 },
    ...{ max_position_embeddings: 77, hidden_act: "quick_gelu", layer_norm_eps: 1e-5, eos_token_id: largestId },
  },
};

/** An object of a JSON file. Throws InputError, which begins with `where`, for other texts. */
export function jsonObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new InputError(`${where}: expected JSON, got other text. The file is damaged; fetch it again.`);
  }
  if (isObject(value)) return value;
  throw new InputError(`${where}: expected a JSON object, got ${shown(value)}. It is another kind of file.`);
}

/**
 * Reads the text of a `config.json`; values left out are the port's defaults. found: what the weights say, with which the file must
 * agree. Throws InputError, which begins with `where`, where it does not, or asks for what this network does not do.
 */
export function settingsFromConfig(text: string, found: FoundSettings, where: string): ConfiguredSettings {
  const config = jsonObject(text, where);
  const type = config.model_type ?? modelType;
  if (type !== modelType) {
    const remedy = "Put the config.json of these weights beside them.";
    throw new InputError(problem(where, `expected model_type "${modelType}", as the weights are`, shown(type), remedy));
  }
  const top = { ...defaults.top, ...given(config) };
  // Old files have the parts twice, and what is in the second counts.
  const vision = { ...defaults.vision, ...given(config.vision_config), ...given(config.vision_config_dict) };
  const words = { ...defaults.text, ...given(config.text_config), ...given(config.text_config_dict) };
  const agree = (key: string, value: unknown, expected: unknown, why: string) => {
    if (JSON.stringify(value) === JSON.stringify(expected)) return;
    throw new InputError(
      problem(where, `expected ${key} ${shown(expected)}, ${why}`, shown(value), "Take both files of one model."),
    );
  };
  const same = "as the weights have it";
  const only = "which is all that this network does";
  const stages = found.depths.length;
  const last = found.outputGroups.at(-1);
  agree("vision_config.hidden_size", vision.hidden_size, found.width, same);
  agree("vision_config.intermediate_size", vision.intermediate_size, Math.trunc(found.mlpRatio * found.width), same);
  agree("vision_config.depths", vision.depths, found.depths, same);
  agree("vision_config.num_group_tokens", vision.num_group_tokens, found.groupTokens, same);
  // The last stage makes no groups, and what stands there is not used.
  const groups = Array.isArray(vision.num_output_groups)
    ? vision.num_output_groups.slice(0, stages - 1)
    : vision.num_output_groups;
  agree("vision_config.num_output_groups", groups, found.outputGroups, `${same} (and ${last ?? 0} once more)`);
  agree("vision_config.patch_size", vision.patch_size, found.patchSize, same);
  agree("vision_config.image_size", vision.image_size, found.imageSize, same);
  agree("text_config.vocab_size", words.vocab_size, found.textVocabulary, same);
  agree("text_config.hidden_size", words.hidden_size, found.textWidth, same);
  agree("text_config.intermediate_size", words.intermediate_size, 4 * found.textWidth, same);
  agree("text_config.num_hidden_layers", words.num_hidden_layers, found.textLayers, same);
  agree("text_config.max_position_embeddings", words.max_position_embeddings, found.textContext, same);
  agree("projection_dim", top.projection_dim, found.projectionWidth, same);
  agree("projection_intermediate_dim", top.projection_intermediate_dim, found.projectionHidden, same);
  agree("vision_config.num_channels", vision.num_channels, 3, only);
  agree("vision_config.hidden_act", vision.hidden_act, "gelu", only);
  agree("text_config.hidden_act", words.hidden_act, "quick_gelu", only);
  agree("vision_config.layer_norm_eps", vision.layer_norm_eps, 1e-5, only);
  agree("text_config.layer_norm_eps", words.layer_norm_eps, 1e-5, only);
  const number = (key: string, value: unknown, least: number): number => {
    if (typeof value === "number" && value >= least) return value;
    throw new InputError(problem(where, `expected ${key}, a number from ${least}`, shown(value), "Correct the file."));
  };
  const end = number("text_config.eos_token_id", words.eos_token_id, 0);
  return {
    heads: found.depths.map(() => number("vision_config.num_attention_heads", vision.num_attention_heads, 1)),
    textHeads: number("text_config.num_attention_heads", words.num_attention_heads, 1),
    assignEps: number("vision_config.assign_eps", vision.assign_eps, 0),
    textEndToken: end === largestId ? -1 : end,
  };
}

/** Fields that are there: null is left out, as what is no object. */
function given(value: unknown): Record<string, unknown> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

/**
 * The text of a `config.json` for a network. Throws InputError, which begins with `where`, for networks that the port has no
 * words for.
 */
export function configText(settings: GroupViTSettings, where: string): string {
  requireExpressible(settings, where);
  return `${JSON.stringify(configOf(settings), null, 2)}\n`;
}

/** What a `config.json` says, as far as it has words for a network. */
export function configOf(settings: GroupViTSettings): Readonly<Record<string, unknown>> {
  const { width, depths, groupTokens, outputGroups, heads, imageSize, patchSize, mlpRatio, textWidth } = settings;
  const common = { dropout: 0, attention_dropout: 0, initializer_range: 0.02, initializer_factor: 1 };
  return {
    architectures: ["GroupViTModel"],
    model_type: modelType,
    ...{ initializer_factor: 1, initializer_range: 0.02, logit_scale_init_value: 2.6592, output_segmentation: false },
    projection_dim: settings.projectionWidth,
    projection_intermediate_dim: settings.projectionHidden,
    text_config: {
      model_type: "groupvit_text_model",
      vocab_size: settings.textVocabulary,
      hidden_size: textWidth,
      intermediate_size: 4 * textWidth,
      num_hidden_layers: settings.textLayers,
      num_attention_heads: settings.textHeads,
      max_position_embeddings: settings.textContext,
      ...{ hidden_act: "quick_gelu", layer_norm_eps: 1e-5, ...common },
      ...{ pad_token_id: 1, bos_token_id: 0 },
      eos_token_id: settings.textEndToken < 0 ? largestId : settings.textEndToken,
    },
    vision_config: {
      model_type: "groupvit_vision_model",
      hidden_size: width,
      intermediate_size: Math.trunc(mlpRatio * width),
      depths,
      num_hidden_layers: depths.reduce((sum, depth) => sum + depth, 0),
      num_group_tokens: groupTokens,
      num_output_groups: [...outputGroups.slice(0, depths.length - 1), outputGroups[depths.length - 2] ?? 0],
      num_attention_heads: heads[0],
      ...{ image_size: imageSize, patch_size: patchSize, num_channels: 3 },
      ...{ hidden_act: "gelu", layer_norm_eps: 1e-5, ...common },
      assign_eps: settings.assignEps,
      assign_mlp_ratio: settings.assignMlpRatio,
    },
    torch_dtype: "float32",
  };
}

/** The port has one width, one number of heads, hard groups, and as many group tokens as groups where others follow. */
function requireExpressible(settings: GroupViTSettings, where: string): void {
  const refuse = (expected: string, got: unknown) => {
    const remedy = "Write the official form, or choose another recipe.";
    throw new InputError(problem(where, `expected ${expected} for Hugging Face's GroupViT`, shown(got), remedy));
  };
  const { depths, widthFactors, heads, groupTokens, outputGroups, assignment, sumAssign } = settings;
  const stages = depths.length;
  if (widthFactors.slice(0, stages).some((each) => each !== 1)) refuse("stages of one width", widthFactors);
  if (heads.slice(0, stages).some((each) => each !== heads[0])) refuse("as many heads in every stage", heads);
  if (assignment !== "hard") refuse("hard assignment", assignment);
  if (settings.projectionHidden === 0) refuse("projections of two layers", "one");
  if (sumAssign) refuse("segments divided by how many tokens they are", "sums");
  if (groupTokens[stages - 1] !== 0) refuse("a last stage without group tokens", groupTokens);
  for (let s = 0; s + 2 < stages; s++) {
    if (groupTokens[s] !== outputGroups[s]) refuse("as many group tokens as groups in inner stages", groupTokens);
  }
  if (settings.textEndToken === largestId) refuse("another end token than 2, which means the largest id there", 2);
}
