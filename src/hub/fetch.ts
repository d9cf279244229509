/** A published model by its name: from the hub into the cache that Python users have, or from there. */
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type CachePlatform, cachedSnapshot, placesOf } from "./cache.ts";
import { chooseWeights, companionsOf, isIndex, shardsOf } from "./choose.ts";
import { type Connection, HubSilent } from "./connection.ts";
import { downloadBlob } from "./download.ts";
import { licenceOfReadme, notStated } from "./licence.ts";
import { isCommit, parseReference, type Reference } from "./reference.ts";
import { describeRepository, type HubFile, nameOf, type Repository } from "./repository.ts";
import { type Environment, type HubSettings, hubSettings } from "./settings.ts";

export type HubPlatform = CachePlatform & Pick<Platform, "rename" | "writeFile">;

export interface FetchOptions {
  readonly platform: HubPlatform;
  /** HF_HOME, HF_TOKEN and their like; by default those of the process. */
  readonly environment?: Environment;
  readonly signal?: AbortSignal;
  /** Called once, before anything is fetched. */
  readonly onLicence?: (licence: string) => void;
  /** Bytes of all files that had to be fetched, and which one is being. */
  readonly onProgress?: (done: number, total: number, file: string) => void;
}

export interface FetchedModel {
  /** `owner/name` */
  readonly repository: string;
  /** As it was asked for: a branch, tag or commit. */
  readonly revision: string;
  /** What it was at: 40 hexadecimal digits. */
  readonly commit: string;
  /** As the model's card has it, such as `apache-2.0`; `not stated` where it says nothing. */
  readonly licence: string;
  /** The snapshot: files lie in it by the names that they have in the repository. */
  readonly folder: string;
  /** Paths of the weights: one file, or all parts of weights in parts. */
  readonly weights: readonly string[];
  /** Paths of all files: weights, and what there is of config.json, README.md and licences. */
  readonly files: readonly string[];
  /** Path of config.json; null where there is none. */
  readonly config: string | null;
  /** `cache`: the hub was not asked, or did not answer. */
  readonly source: "hub" | "cache";
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
  if (settings.offline || (isCommit(reference.revision) && reference.file !== null)) {
    const model = await known();
    if (typeof model !== "string") return model;
    if (settings.offline) {
      throw new InputError(
        `${name}: expected a model in the cache ${settings.cache} while HF_HUB_OFFLINE is set, got ${model}. Unset it once, to fetch the model.`,
      );
    }
  }
  const connection: Connection = { ...settings, signal };
  let repository: Repository;
  try {
    repository = await describeRepository(connection, reference);
  } catch (error) {
    if (!(error instanceof HubSilent)) throw error;
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
  { commit, licence, files }: Repository,
  { platform, onLicence, onProgress }: FetchOptions,
): Promise<FetchedModel> {
  const where = nameOf(reference);
  const paths = files.map(({ path }) => path);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const chosen = chooseWeights(paths, reference.file, where);
  onLicence?.(licence);
  const places = placesOf(settings.cache, reference.repository);
  const folder = joinPath(places.snapshots, commit);
  const fetchAll = async (wanted: readonly string[]) => {
    const missing: HubFile[] = [];
    for (const path of wanted) {
      const file = byPath.get(path);
      if (file === undefined) throw new InputError(`${where}: expected ${path}, which its index names, got none.`);
      const there = await platform.shared.fileFacts(joinPath(folder, path));
      if (there?.size !== file.size) missing.push(file);
    }
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    let before = 0;
    for (const file of missing) {
      const { path, size, hash } = file;
      await downloadBlob({
        ...{ platform, connection, places, file, commit, repository: reference.repository },
        purpose: { where: `${where}:${path}`, repository: reference.repository },
        onBytes: (done) => onProgress?.(before + done, total, path),
      });
      await platform.shared.link(joinPath(folder, path), joinPath(places.blobs, hash));
      before += size;
      onProgress?.(before, total, path);
    }
  };
  const companions = companionsOf(paths, chosen);
  if (isIndex(chosen)) await fetchAll([chosen]);
  const weights = isIndex(chosen) ? await shardsIn(platform, folder, chosen, where) : [chosen];
  await fetchAll([...weights, ...companions]);
  if (reference.revision !== commit) await platform.writeFile(joinPath(places.refs, reference.revision), commit);
  return modelOf(reference, { commit, folder, licence, source: "hub" }, weights, [chosen, ...companions]);
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
  const chosen = chooseWeights(paths, file, nameOf(reference));
  const weights = isIndex(chosen) ? await shardsIn(platform, folder, chosen, nameOf(reference)) : [chosen];
  const absent = weights.find((path) => !paths.includes(path));
  if (absent !== undefined) return `one without ${absent}`;
  const card = joinPath(folder, "README.md");
  const licence = paths.includes("README.md") ? licenceOfReadme(await platform.readText(card)) : notStated;
  const companions = companionsOf(paths, chosen);
  return modelOf(reference, { commit, folder, licence, source: "cache" }, weights, [chosen, ...companions]);
}

async function shardsIn(platform: HubPlatform, folder: string, index: string, where: string): Promise<string[]> {
  return shardsOf(await platform.readText(joinPath(folder, index)), index, where);
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
