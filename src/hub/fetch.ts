/** A published model by its name: from the hub into the cache that Python users have, or from there. */
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type CachePlatform, cachedCommit, cachedSnapshot, placesOf } from "./cache.ts";
import { chooseWeights, companionsOf, holdsWeights, isIndex, shardsOf } from "./choose.ts";
import { type Connection, HubUnavailable } from "./connection.ts";
import { downloadBlob } from "./download.ts";
import { type FetchedFrom, type FetchWatcher, fetchFiles, type Keeper } from "./fetch-files.ts";
import { licenceOfReadme, notStated } from "./licence.ts";
import { parseReference, type Reference } from "./reference.ts";
import { describeRepository, nameOf, type Repository } from "./repository.ts";
import { type Environment, type HubSettings, hubSettings } from "./settings.ts";

export type HubPlatform = CachePlatform & Pick<Platform, "environment" | "home" | "rename" | "writeFile">;

export interface FetchOptions extends FetchWatcher {
  readonly platform: HubPlatform;
  /** HF_HOME, HF_TOKEN and their like; by default those of the process. */
  readonly environment?: Environment;
}

export interface FetchedModel extends FetchedFrom {
  /** The snapshot: files lie in it by the names that they have in the repository. */
  readonly folder: string;
  /** Paths of the weights: one file, or all parts of weights in parts. */
  readonly weights: readonly string[];
  /** Paths of all files: weights, and what there is of config.json, README.md and licences. */
  readonly files: readonly string[];
  /** Path of config.json; null where there is none. */
  readonly config: string | null;
}

/**
 * Fetches the weights of `owner/name[@revision][:file]` into the standard Hugging Face cache, unless they lie there. One file
 * of weights is chosen where none is named. Files are checked by size and hash. Where the hub does not answer, or
 * HF_HUB_OFFLINE is set, the cache is used as it is.
 *
 * Throws InputError: no such model, no access, a server that does not send what it lists, a full disk, offline and not in the cache.
 */
export async function fetchModel(name: string, options: FetchOptions): Promise<FetchedModel> {
  const reference = parseReference(name);
  const { platform, environment, signal, onLicence } = options;
  const settings = await hubSettings(platform, environment);
  const known = async () => {
    const model = await fromCache(platform, settings, reference);
    if (typeof model !== "string") onLicence?.(model.licence);
    return model;
  };
  if (settings.offline) {
    const model = await known();
    if (typeof model !== "string") return model;
    throw new InputError(
      `${name}: expected a model in the cache ${settings.cache} while HF_HUB_OFFLINE is set, got ${model}. Unset it once, to fetch the model.`,
    );
  }
  const connection: Connection = { ...settings, signal };
  let repository: Repository;
  try {
    repository = await describeRepository(connection, reference);
  } catch (error) {
    if (!(error instanceof HubUnavailable)) throw error;
    const model = await known();
    if (typeof model === "string") throw error;
    return model;
  }
  return fromHub(connection, settings, reference, repository, options);
}

async function fromHub(
  connection: Connection,
  settings: HubSettings,
  reference: Reference,
  repository: Repository,
  options: FetchOptions,
): Promise<FetchedModel> {
  const { platform } = options;
  const { commit, licence } = repository;
  const { revision } = reference;
  const places = placesOf(settings.cache, reference.repository);
  const folder = joinPath(places.snapshots, commit);
  const keeper: Keeper = {
    has: async ({ path, size }) => (await platform.shared.fileFacts(joinPath(folder, path)))?.size === size,
    async fetch(file, purpose, onBytes) {
      await downloadBlob({ platform, connection, places, file, commit, purpose, onBytes });
      await platform.shared.link(joinPath(folder, file.path), joinPath(places.blobs, file.hash));
    },
    text: (path) => platform.readText(joinPath(folder, path)),
  };
  const { weights, all } = await fetchFiles(reference, repository, keeper, options);
  // A cache that may not be written to serves as well.
  if (revision !== commit && (await cachedCommit(platform, places, revision)) !== commit) {
    await platform.writeFile(joinPath(places.refs, revision), commit);
  }
  return modelOf(reference, { commit, folder, licence, source: "hub" }, weights, all);
}

/** The model as it lies in the cache, or what is missing there. */
async function fromCache(
  platform: HubPlatform,
  { cache }: HubSettings,
  reference: Reference,
): Promise<FetchedModel | string> {
  const places = placesOf(cache, reference.repository);
  const snapshot = await cachedSnapshot(platform, places, reference.revision);
  if (snapshot === null) return "none";
  const { commit, folder, paths } = snapshot;
  const { file } = reference;
  if (file !== null && !paths.includes(file)) return `one without ${file}`;
  if (file === null && !paths.some(holdsWeights)) return "one without weights";
  const chosen = chooseWeights(paths, file, nameOf(reference));
  const weights = isIndex(chosen)
    ? shardsOf(await platform.readText(joinPath(folder, chosen)), chosen, nameOf(reference))
    : [chosen];
  const absent = weights.find((path) => !paths.includes(path));
  if (absent !== undefined) return `one without ${absent}`;
  const card = joinPath(folder, "README.md");
  const licence = paths.includes("README.md") ? licenceOfReadme(await platform.readText(card)) : notStated;
  const companions = companionsOf(paths, chosen);
  return modelOf(reference, { commit, folder, licence, source: "cache" }, weights, [chosen, ...companions]);
}

function modelOf(
  { repository, revision }: Reference,
  found: Pick<FetchedModel, "commit" | "folder" | "licence" | "source">,
  weights: readonly string[],
  others: readonly string[],
): FetchedModel {
  const pathOf = (path: string) => joinPath(found.folder, path);
  const files = [...new Set([...weights, ...others])];
  const config = files.find((path) => path === "config.json" || path.endsWith("/config.json"));
  return {
    ...{ repository, revision, ...found },
    weights: weights.map(pathOf),
    files: files.map(pathOf),
    config: config === undefined ? null : pathOf(config),
  };
}
