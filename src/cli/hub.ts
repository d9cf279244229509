import { oneLine, UsageError } from "../errors.ts";
import { command } from "./command.ts";
import type { Terminal } from "./terminal.ts";

const actions = ["get", "list", "rm"] as const;

export const hubCommand = command({
  name: "hub",
  summary: "fetch published models by name, list and remove what is in the cache",
  positionals: [
    { name: "ACTION", help: "get, list or rm", count: "one" },
    { name: "MODEL", help: "owner/name[@revision][:file] for get, owner/name[@revision] for rm", count: "optional" },
  ],
  options: { all: { kind: "flag", help: "with rm: every model in the cache" } },
  examples: [
    ["tessera hub get timm/resnet50.a1_in1k", "fetches its weights, configuration and card, and prints where they lie"],
    ["tessera hub get lab/net@v1.0:weights.npz", "one file, at a branch, tag or commit"],
    ["tessera hub list", "the models in the cache, whoever fetched them"],
    ["tessera hub rm timm/resnet50.a1_in1k", "frees their room"],
  ],
  notes:
    "The cache is that of Hugging Face's other programs. HF_HOME or HF_HUB_CACHE say where it is, HF_ENDPOINT where the hub is,\n" +
    "HF_TOKEN who asks; HF_HUB_OFFLINE=1 uses the cache alone. Nothing is fetched but by get and where a model is named.",
  async run({ positionals: [action, model], options: { all } }, terminal) {
    if (!actions.some((each) => each === action)) {
      throw new UsageError(`hub: ACTION must be one of ${actions.join(", ")}, got "${action}". Use one of them.`);
    }
    if (all && action !== "rm") throw new UsageError("hub: --all goes with rm alone. Remove it.");
    if (action === "list") {
      if (model !== undefined) throw new UsageError(`hub: list does not take "${model}". Remove it.`);
      return list(terminal);
    }
    if (action === "rm" && all === (model !== undefined)) {
      throw new UsageError("hub: rm takes a MODEL or --all. Write tessera hub rm MODEL.");
    }
    if (action === "rm") return remove(model, terminal);
    if (model === undefined) throw new UsageError("hub: MODEL is missing. Write tessera hub get owner/name.");
    return get(model, terminal);
  },
});

async function get(name: string, terminal: Terminal): Promise<void> {
  const { fetchPublished } = await import("./published.ts");
  const model = await fetchPublished(name, terminal);
  terminal.print(model.weights.join("\n"));
  terminal.result(model);
}

async function list(terminal: Terminal): Promise<void> {
  const { platform, cache, listCache } = await openCache();
  const models = await listCache(platform, cache);
  const rows = models.flatMap(({ repository, bytes, revisions }) => {
    const name = oneLine(repository);
    if (revisions.length === 0) return [[name, "", "", `${tenths(bytes)} MB`, "cut off"]];
    return revisions.map(({ commit, refs, paths, bytes }) => [
      ...[name, oneLine(refs.join(", ")), commit.slice(0, 7), `${tenths(bytes)} MB`],
      paths.length === 1 ? "1 file" : `${paths.length} files`,
    ]);
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 3 ? cell.padStart(widths[i]) : cell.padEnd(widths[i] ?? 0))).join("  "),
  );
  const total = tenths(models.reduce((sum, { bytes }) => sum + bytes, 0));
  const count = models.length === 1 ? "1 model" : `${models.length} models`;
  terminal.print([...lines, `${count}, ${total} MB in ${oneLine(cache)}`].join("\n"));
  terminal.result({ cache, models });
}

async function remove(name: string | undefined, terminal: Terminal): Promise<void> {
  const [{ platform, cache, listCache, removeFromCache }, { parseReference }] = await Promise.all([
    openCache(),
    import("../hub/reference.ts"),
  ]);
  const wanted: { repository: string; revision: string | null }[] = [];
  if (name === undefined) {
    for (const { repository } of await listCache(platform, cache)) wanted.push({ repository, revision: null });
  } else {
    const { repository, revision, file } = parseReference(name);
    if (file !== null)
      throw new UsageError(`hub: rm takes a model or a revision of it, got a file. Write ${repository}.`);
    wanted.push({ repository, revision: name.includes("@") ? revision : null });
  }
  let freed = 0;
  for (const each of wanted) {
    terminal.signal.throwIfAborted();
    freed += await removeFromCache(platform, cache, each);
  }
  const what = name ?? (wanted.length === 1 ? "1 model" : `${wanted.length} models`);
  terminal.print(oneLine(`${what}: removed, ${tenths(freed)} MB freed in ${cache}`));
  terminal.result({ cache, removed: wanted.map(({ repository }) => repository), bytes: freed });
}

async function openCache() {
  const [cache, { hubSettings }, { nodePlatform }] = await Promise.all([
    import("../hub/cache.ts"),
    import("../hub/settings.ts"),
    import("../platform/node.ts"),
  ]);
  return { ...cache, platform: nodePlatform, cache: (await hubSettings(nodePlatform)).cache };
}

/** Bytes as megabytes with one digit behind the point. */
function tenths(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
