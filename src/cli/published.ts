/** Published models by name, for every command that takes one: the licence first, a bar meanwhile. */
import type { FetchedModel } from "../hub/fetch.ts";
import type { Terminal } from "./terminal.ts";

/** Fetches `owner/name[@revision][:file]` or takes it from the cache. Throws InputError. */
export async function fetchPublished(name: string, terminal: Terminal): Promise<FetchedModel> {
  const [{ fetchModel }, { nodePlatform }] = await Promise.all([
    import("../hub/fetch.ts"),
    import("../platform/node.ts"),
  ]);
  const progress = terminal.progress("fetching");
  const model = await fetchModel(name, {
    platform: nodePlatform,
    signal: terminal.signal,
    onLicence: (licence) => terminal.note(`${name}: licence ${licence}`),
    onProgress(done, total, file) {
      // Without a terminal, a line at the end would say nothing that the result does not.
      if (done < total) progress.update(Math.floor(done / 1e5) / 10, Math.ceil(total / 1e5) / 10, `MB  ${file}`);
    },
  }).finally(() => progress.end());
  if (model.source === "cache") {
    const commit = model.commit.slice(0, 7);
    terminal.note(`${name}: taken from the cache, commit ${commit}; the hub was not asked or did not answer.`);
  }
  return model;
}

/** Paths of files, fetched where a name is no path, and the licence of those that were; undefined where none was. */
export async function filesOf(
  names: readonly string[],
  terminal: Terminal,
): Promise<{ readonly files: readonly string[]; readonly licence: string | undefined }> {
  const [{ isReference }, { nodePlatform }, { checkpointIndex }] = await Promise.all([
    import("../hub/reference.ts"),
    import("../platform/node.ts"),
    import("../weights/checkpoint-path.ts"),
  ]);
  const files: string[] = [];
  const licences = new Set<string>();
  for (const name of names) {
    // folder/ckpt reads like owner/name.
    if (!(await isReference(nodePlatform, name)) || (await checkpointIndex(nodePlatform, name)) !== null) {
      files.push(name);
      continue;
    }
    const model = await fetchPublished(name, terminal);
    files.push(...model.weights);
    licences.add(licenceText(model));
  }
  return { files, licence: licences.size === 0 ? undefined : [...licences].join("; ") };
}

/** What a run keeps of a fetched model's licence: with whose it is. */
export function licenceText({ licence, repository, commit }: FetchedModel): string {
  return `${licence} (${repository}@${commit.slice(0, 7)})`;
}
