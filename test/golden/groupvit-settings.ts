/** The networks that GroupViT's goldens are computed with: settings as a case or a file beside tells them, and weights. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { isObject } from "../../src/errors.ts";
import { type ReadGroupViT, readGroupViT } from "../../src/methods/groupvit/files.ts";
import { settingsFromConfig } from "../../src/methods/groupvit/port-config.ts";
import { type GroupViTSettings, publishedGroupViT } from "../../src/methods/groupvit/settings.ts";
import { readWeights, type WeightFile } from "../../src/weights/read-weights.ts";
import { caseEntries } from "./cases.ts";
import { NotInThisSet } from "./groupvit.ts";
import type { Goldens } from "./manifest.ts";

type Config = Readonly<Record<string, unknown>>;

/** A config's words for what grouping does, and the authors' defaults. */
interface AssignmentConfig {
  /** Of the blocks' MLPs, or both of a grouping block's. */
  readonly mlp_ratio?: number | readonly number[];
  readonly assign_mlp_ratio?: readonly number[];
  readonly assign_eps?: number;
  readonly gumbel_tau?: number;
  readonly sum_assign?: boolean;
  readonly hard_assignment?: boolean;
}

interface ImageConfig extends AssignmentConfig {
  readonly img_size: number;
  readonly patch_size: number;
  readonly embed_dim: number;
  readonly embed_factors?: readonly number[];
  readonly depths: readonly number[];
  readonly num_heads?: readonly number[];
  readonly heads?: number;
  readonly num_group_tokens: readonly number[];
  readonly num_output_groups: readonly number[];
  readonly drop_path_rate?: number;
  readonly pos_embed_type?: string;
}

/** How a manifest's config says that tokens are given to groups; the published way where it says nothing. */
export function assignmentSettings(config: Config): GroupViTSettings {
  const {
    mlp_ratio: ratio,
    assign_mlp_ratio,
    assign_eps,
    gumbel_tau,
    sum_assign,
    hard_assignment,
  } = config as AssignmentConfig;
  const usual = publishedGroupViT;
  return {
    ...usual,
    mlpRatio: typeof ratio === "number" ? ratio : usual.mlpRatio,
    assignMlpRatio: assign_mlp_ratio ?? (typeof ratio === "object" ? ratio : usual.assignMlpRatio),
    assignEps: assign_eps ?? usual.assignEps,
    gumbelTau: gumbel_tau ?? usual.gumbelTau,
    sumAssign: sum_assign ?? usual.sumAssign,
    assignment: hard_assignment === false ? "soft" : "hard",
  };
}

/** Our settings for the image encoder that a manifest describes; without stochastic depth, unless it says some. */
export function imageSettings(config: Config): GroupViTSettings {
  const image = config as unknown as ImageConfig;
  const { depths } = image;
  return {
    ...assignmentSettings(config),
    imageSize: image.img_size,
    patchSize: image.patch_size,
    width: image.embed_dim,
    widthFactors: image.embed_factors ?? depths.map(() => 1),
    heads: image.num_heads ?? depths.map(() => image.heads!),
    depths,
    groupTokens: image.num_group_tokens,
    outputGroups: image.num_output_groups,
    dropPath: image.drop_path_rate ?? 0,
    position: image.pos_embed_type === "fourier" ? "sinusoidal" : "learned",
  };
}

/** The same for a whole model. */
export function modelSettings(config: Config): GroupViTSettings {
  const { image, text, projector, num_prompts_K, share_temperature } = config as {
    image: Config;
    text: { context_length: number; width: number; heads: number; layers: number; vocab_size: number };
    projector: { hidden: number; out: number };
    num_prompts_K?: number;
    share_temperature?: boolean;
  };
  return {
    ...imageSettings(image),
    textContext: text.context_length,
    textWidth: text.width,
    textHeads: text.heads,
    textLayers: text.layers,
    textVocabulary: text.vocab_size,
    projectionHidden: projector.hidden,
    projectionWidth: projector.out,
    prompts: num_prompts_K ?? 0,
    sharedTemperature: share_temperature ?? false,
  };
}

const describesModel = (config: unknown): config is Config =>
  isObject(config) && ["image", "text", "projector"].every((part) => isObject(config[part]));

/** Names of the files of a whole model in a set, in the authors' form and in the port's. */
export function checkpointNames({ folder, manifest }: Goldens): { official: string | null; port: string | null } {
  const names = Object.keys((manifest.other_files as Named<string> | undefined) ?? {});
  const there = [...names, "checkpoint_hf/"].filter((name) => existsSync(join(folder, name)));
  const port = there.find((name) => name.endsWith("/") && existsSync(join(folder, name, "model.safetensors")));
  return { official: there.find((name) => name.endsWith(".pth")) ?? null, port: port?.slice(0, -1) ?? null };
}

/** A file of weights beside the goldens. */
export const readFile = (folder: string, name: string): Promise<WeightFile> =>
  readWeights(readFileSync(join(folder, name)), name);

/** The set's whole model in the authors' form. */
export async function readOfficial(goldens: Goldens): Promise<ReadGroupViT> {
  const { official } = checkpointNames(goldens);
  if (official === null) throw new NotInThisSet("this set has no checkpoint in the authors' form (.pth)");
  return required(readGroupViT([await readFile(goldens.folder, official)]));
}

/** The set's whole model in the port's form. */
export async function readPort(goldens: Goldens): Promise<ReadGroupViT> {
  const { port } = checkpointNames(goldens);
  if (port === null) throw new NotInThisSet("this set has no checkpoint in the port's form (model.safetensors)");
  const file = await readFile(goldens.folder, `${port}/model.safetensors`);
  return required(readGroupViT([file], besidePort(goldens, port)));
}

/** Texts beside the port's weights. */
export function besidePort({ folder }: Goldens, port: string): Record<string, string> {
  const names = ["config.json", "preprocessor_config.json"].filter((name) => existsSync(join(folder, port, name)));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, port, name), "utf8")]));
}

export function required(found: ReadGroupViT | null): ReadGroupViT {
  if (found === null) throw new Error("golden groupvit: expected a GroupViT's files, got another network's.");
  return found;
}

/** What the manifest says of the whole model: in `config`, or in another case's, as a set has one such model. */
export function describedSettings({ manifest }: Goldens, config: unknown = {}): GroupViTSettings | null {
  const described = [config, ...caseEntries(manifest).map((entry) => entry.config)].find(describesModel);
  return described === undefined ? null : modelSettings(described);
}

/** The whole model that a case with this config is computed with: both forms of its file have the same weights. */
export async function tinyModel(
  goldens: Goldens,
  config: Config = {},
): Promise<{ settings: GroupViTSettings; weights: Named<NdArray> }> {
  const { official, port } = checkpointNames(goldens);
  const { settings, weights } = official === null ? await readPort(goldens) : await readOfficial(goldens);
  if (isObject(config.vision_config)) {
    const own = settingsFromConfig(JSON.stringify(config), settings, "golden groupvit: config");
    return { settings: { ...settings, ...own }, weights };
  }
  const described = describedSettings(goldens, config);
  if (described !== null) return { settings: described, weights };
  // A file in the authors' form does not tell its heads.
  if (port === null) throw new NotInThisSet("this set does not tell the settings of its model");
  return { settings: (await readPort(goldens)).settings, weights };
}
