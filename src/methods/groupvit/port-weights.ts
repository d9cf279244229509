/** Names of the port to Hugging Face's transformers (`GroupViTModel`), against ours; any number of stages and blocks. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { renaming } from "../../weights/rename.ts";

const stage = "vision_model.encoder.stages.@";
const layer = `${stage}.layers.@`;
const grouping = `${stage}.downsample`;
const textLayer = "text_model.encoder.layers.@";

const { ours, theirs } = renaming([
  ["logitScale", "logit_scale"],
  ["image.positions", "vision_model.embeddings.position_embeddings"],
  ["image.patches", "vision_model.embeddings.patch_embeddings.projection"],
  ["image.patchNorm", "vision_model.embeddings.layernorm"],
  ["image.norm", "vision_model.layernorm"],
  ["image.stage#.groupTokens", `${stage}.group_token`],
  ["image.stage#.tokenProjector.mixer.hidden", `${stage}.group_projector.1.fc1`],
  ["image.stage#.tokenProjector.mixer.out", `${stage}.group_projector.1.fc2`],
  ["image.stage#.tokenProjector.norm", `${stage}.group_projector.0`],
  ["image.stage#.layer#.norm1", `${layer}.layer_norm1`],
  ["image.stage#.layer#.attention.query", `${layer}.self_attn.q_proj`],
  ["image.stage#.layer#.attention.key", `${layer}.self_attn.k_proj`],
  ["image.stage#.layer#.attention.value", `${layer}.self_attn.v_proj`],
  ["image.stage#.layer#.attention.out", `${layer}.self_attn.out_proj`],
  ["image.stage#.layer#.norm2", `${layer}.layer_norm2`],
  ["image.stage#.layer#.mlp.hidden", `${layer}.mlp.fc1`],
  ["image.stage#.layer#.mlp.out", `${layer}.mlp.fc2`],
  ["image.stage#.grouping.tokenNorm", `${grouping}.norm_tokens`],
  ["image.stage#.grouping.inputNorm", `${grouping}.norm_x`],
  ["image.stage#.grouping.tokenMixer.hidden", `${grouping}.mlp_inter.fc1`],
  ["image.stage#.grouping.tokenMixer.out", `${grouping}.mlp_inter.fc2`],
  ["image.stage#.grouping.projectedNorm", `${grouping}.norm_post_tokens`],
  ["image.stage#.grouping.cross.attention.query", `${grouping}.pre_assign_attn.attn.q_proj`],
  ["image.stage#.grouping.cross.attention.key", `${grouping}.pre_assign_attn.attn.k_proj`],
  ["image.stage#.grouping.cross.attention.value", `${grouping}.pre_assign_attn.attn.v_proj`],
  ["image.stage#.grouping.cross.attention.out", `${grouping}.pre_assign_attn.attn.out_proj`],
  ["image.stage#.grouping.cross.mlpNorm", `${grouping}.pre_assign_attn.norm2`],
  ["image.stage#.grouping.cross.mlp.hidden", `${grouping}.pre_assign_attn.mlp.fc1`],
  ["image.stage#.grouping.cross.mlp.out", `${grouping}.pre_assign_attn.mlp.fc2`],
  ["image.stage#.grouping.cross.norm", `${grouping}.pre_assign_attn.norm_post`],
  ["image.stage#.grouping.assignment.query", `${grouping}.assign.q_proj`],
  ["image.stage#.grouping.assignment.key", `${grouping}.assign.k_proj`],
  ["image.stage#.grouping.assignment.value", `${grouping}.assign.v_proj`],
  ["image.stage#.grouping.assignment.out", `${grouping}.assign.proj`],
  ["image.stage#.grouping.segmentNorm", `${grouping}.norm_new_x`],
  ["image.stage#.grouping.segmentMlp.hidden", `${grouping}.mlp_channels.fc1`],
  ["image.stage#.grouping.segmentMlp.out", `${grouping}.mlp_channels.fc2`],
  ["text.tokens", "text_model.embeddings.token_embedding"],
  ["text.positions", "text_model.embeddings.position_embedding.weight"],
  ["text.layer#.norm1", `${textLayer}.layer_norm1`],
  ["text.layer#.attention.query", `${textLayer}.self_attn.q_proj`],
  ["text.layer#.attention.key", `${textLayer}.self_attn.k_proj`],
  ["text.layer#.attention.value", `${textLayer}.self_attn.v_proj`],
  ["text.layer#.attention.out", `${textLayer}.self_attn.out_proj`],
  ["text.layer#.norm2", `${textLayer}.layer_norm2`],
  ["text.layer#.mlp.hidden", `${textLayer}.mlp.fc1`],
  ["text.layer#.mlp.out", `${textLayer}.mlp.fc2`],
  ["text.norm", "text_model.final_layer_norm"],
  ["imageProjection.hidden", "visual_projection.0"],
  ["imageProjection.norm", "visual_projection.1"],
  ["imageProjection.out", "visual_projection.3"],
  ["textProjection.hidden", "text_projection.0"],
  ["textProjection.norm", "text_projection.1"],
  ["textProjection.out", "text_projection.3"],
]);

/** What the port calls our weight `name`; undefined for what it does not have, such as the scale of the multi-label loss. */
const portName = theirs;

/** What we call the port's tensor `name`; undefined for another network's. */
export const ourPortName = ours;

/** Places counted from 0, which old exports hold beside the weights. */
export function isPositionIds(name: string): boolean {
  return /(^|\.)embeddings\.position_ids$/.test(name);
}

/** Weights under the port's names. Those that it has no place for are told, the first part of the result is without them. */
export function portTensors(weights: Named<NdArray>): { tensors: Record<string, NdArray>; without: string[] } {
  const tensors: Record<string, NdArray> = {};
  const without: string[] = [];
  for (const [name, array] of Object.entries(weights)) {
    const found = portName(name);
    if (found === undefined) without.push(name);
    else if (Object.hasOwn(tensors, found))
      throw new InputError(`${name}: expected one weight for ${found}, got two. Leave one out.`);
    else tensors[found] = array;
  }
  return { tensors, without };
}
