/**
 * The cache of huggingface_hub on disk, as its documentation lays it out ("Understand caching"):
 *
 *     models--OWNER--NAME/blobs/HASH                    the bytes of each file, once
 *     models--OWNER--NAME/snapshots/COMMIT/PATH         links to them
 *     models--OWNER--NAME/refs/REVISION                 the commit that a branch or tag was at
 */
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { isCommit, type Reference } from "./reference.ts";

export interface Places {
  readonly root: string;
  readonly blobs: string;
  readonly refs: string;
  readonly snapshots: string;
  readonly locks: string;
}

export type CachePlatform = Pick<Platform, "exists" | "list" | "readText" | "remove" | "shared">;

/** Where a repository lies in a cache. */
export function placesOf(cache: string, repository: string): Places {
  const name = `models--${repository.replace("/", "--")}`;
  const root = joinPath(cache, name);
  return {
    root,
    blobs: joinPath(root, "blobs"),
    refs: joinPath(root, "refs"),
    snapshots: joinPath(root, "snapshots"),
    locks: joinPath(cache, ".locks", name),
  };
}

/** A commit that lies in the cache, at least in part. */
export interface Snapshot {
  readonly commit: string;
  readonly folder: string;
  /** Files that are there, within the folder. */
  readonly paths: readonly string[];
}

/** The snapshot of a revision; null where there is none, or it has no files. */
export async function cachedSnapshot(
  platform: CachePlatform,
  places: Places,
  revision: string,
): Promise<Snapshot | null> {
  const commit = isCommit(revision) ? revision : await cachedCommit(platform, places, revision);
  if (commit === null || !isCommit(commit)) return null;
  const folder = joinPath(places.snapshots, commit);
  const paths = await platform.shared.filesBelow(folder);
  return paths.length === 0 ? null : { commit, folder, paths };
}

/** The commit that a branch or tag was at when it was last fetched; null where nobody has. */
export async function cachedCommit(platform: CachePlatform, places: Places, revision: string): Promise<string | null> {
  const ref = joinPath(places.refs, revision);
  return (await platform.exists(ref)) === "file" ? (await platform.readText(ref)).trim() : null;
}

/** A model as it lies in the cache. */
export interface CachedModel {
  /** `owner/name` */
  readonly repository: string;
  readonly folder: string;
  /** Bytes on disk, each file counted once. */
  readonly bytes: number;
  readonly revisions: readonly CachedRevision[];
}

export interface CachedRevision extends Snapshot {
  /** Branches and tags that were at it when it was fetched. */
  readonly refs: readonly string[];
  readonly bytes: number;
}

/** All models in a cache, by name; data sets and whatever else lies there are passed over. */
export async function listCache(platform: CachePlatform, cache: string): Promise<CachedModel[]> {
  if ((await platform.exists(cache)) !== "folder") return [];
  const models: CachedModel[] = [];
  for (const name of await platform.list(cache)) {
    const [, owner, rest] = /^models--([^-]+(?:-[^-]+)*)--(.+)$/.exec(name) ?? [];
    if (owner === undefined) continue;
    const model = await cachedModel(platform, cache, `${owner}/${rest}`);
    if (model.revisions.length > 0 || model.bytes > 0) models.push(model); // else what a refusal left of folders
  }
  return models;
}

async function cachedModel(platform: CachePlatform, cache: string, repository: string): Promise<CachedModel> {
  const places = placesOf(cache, repository);
  const refs: [name: string, commit: string][] = [];
  for (const name of await platform.shared.filesBelow(places.refs)) {
    refs.push([name, (await platform.readText(joinPath(places.refs, name))).trim()]);
  }
  const commits = (await platform.exists(places.snapshots)) === "folder" ? await platform.list(places.snapshots) : [];
  const revisions: CachedRevision[] = [];
  for (const commit of commits.filter(isCommit)) {
    const folder = joinPath(places.snapshots, commit);
    const paths = await platform.shared.filesBelow(folder);
    const bytes = total(await onDisk(platform, folder, paths));
    revisions.push({
      commit,
      folder,
      paths,
      bytes,
      refs: refs.filter(([, at]) => at === commit).map(([name]) => name),
    });
  }
  // What no snapshot uses takes room as well: cut-off downloads, and blobs whose snapshot is gone.
  const all = await onDisk(platform, places.blobs, await platform.shared.filesBelow(places.blobs));
  for (const { folder, paths } of revisions)
    for (const [id, size] of await onDisk(platform, folder, paths)) all.set(id, size);
  return { repository, folder: places.root, bytes: total(all), revisions };
}

/** Bytes of files by what they are on disk: several names of one, by links of either kind, count once. */
async function onDisk(
  { shared }: CachePlatform,
  folder: string,
  paths: readonly string[],
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const path of paths) {
    const facts = await shared.fileFacts(joinPath(folder, path));
    if (facts !== null) sizes.set(facts.id, facts.size);
  }
  return sizes;
}

function total(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Removes a model from the cache, or, where `revision` is given, that one and the blobs that no other uses. Returns the bytes
 * that were freed. Throws InputError where it is not there, or a process fetches it.
 */
export async function removeFromCache(
  platform: CachePlatform,
  cache: string,
  { repository, revision }: Pick<Reference, "repository"> & { readonly revision: string | null },
): Promise<number> {
  const places = placesOf(cache, repository);
  const where = revision === null ? repository : `${repository}@${revision}`;
  const missing = new InputError(`${where}: expected a model in ${cache}, got none there. See tessera hub list.`);
  if ((await platform.exists(places.root)) !== "folder") throw missing;
  const release = await takeLocks(platform, places, where);
  try {
    const { bytes, revisions } = await cachedModel(platform, cache, repository);
    const gone = revisions.find(({ commit, refs }) => commit === revision || refs.includes(revision ?? ""));
    if (revision !== null && gone === undefined) throw missing;
    const others = revisions.filter((each) => each !== gone);
    if (gone === undefined || others.length === 0) {
      await platform.remove(places.root);
      return bytes;
    }
    const unused = await onDisk(platform, gone.folder, gone.paths);
    for (const { folder, paths } of others)
      for (const id of (await onDisk(platform, folder, paths)).keys()) unused.delete(id);
    for (const name of gone.refs) await platform.remove(joinPath(places.refs, name));
    await platform.remove(gone.folder);
    // Found among the blobs, since a link may lead out of the cache.
    for (const path of await platform.shared.filesBelow(places.blobs)) {
      const blob = joinPath(places.blobs, path);
      const facts = await platform.shared.fileFacts(blob);
      if (facts !== null && unused.has(facts.id)) await platform.remove(blob);
    }
    return bytes - (await cachedModel(platform, cache, repository)).bytes;
  } finally {
    await release();
  }
}

/** Takes the locks of all downloads of a repository that have one; throws InputError where another process has one of them. */
async function takeLocks({ shared, exists, list }: CachePlatform, { locks }: Places, where: string) {
  const taken: (() => Promise<void>)[] = [];
  const release = async () => {
    for (const each of taken) await each();
  };
  const names = (await exists(locks)) === "folder" ? await list(locks) : [];
  for (const name of names.filter((each) => each.endsWith(lockEnd))) {
    const lock = await shared.takeLock(joinPath(locks, name));
    if (lock === null) {
      await release();
      throw new InputError(
        `${where}: expected a model that nobody fetches, got one that a process does. Wait for its end.`,
      );
    }
    taken.push(lock);
  }
  return release;
}

/** The end of the names of our locks. huggingface_hub's own, `HASH.lock`, are of another kind (flock). */
export const lockEnd = ".tessera.lock";
