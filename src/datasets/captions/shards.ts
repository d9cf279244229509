/** WebDataset: tar archives in which files of one name, `000012.jpg` and `000012.txt`, are a pair. */

import { InputError, isObject, problem } from "../../errors.ts";
import { photographEndings } from "../../image/endings.ts";
import type { ByteSource } from "../../platform/byte-source.ts";
import { parseJson } from "../../platform/json.ts";
import type { Platform } from "../../platform/platform.ts";
import { BadPairs } from "./bad-pairs.ts";
import { Column } from "./columns.ts";
import { captionFields, fieldOf, type Pairs, pathBelow, sentencesFrom, utf8 } from "./pairs.ts";
import { type TarEntry, tarEntries } from "./tar.ts";

/** Longer captions, and descriptions around them, are no captions. */
const mostCaptionBytes = 2 ** 20;

/** Files of one name that stand behind one another. */
interface Group {
  readonly key: string;
  image?: TarEntry;
  text?: TarEntry;
  json?: TarEntry;
  /** Why it is no pair, whatever else it has. */
  fault?: string;
}

/**
 * Indexes archives: 37 bytes a pair and its name, whatever photographs and captions weigh. Every caption is read once, and
 * photographs are not. Throws InputError for a broken archive.
 */
export async function shardPairs(platform: Platform, shards: readonly string[]): Promise<Pairs> {
  const ids: string[] = [];
  const shardOf = new Column(4);
  const [imageAt, imageSize] = [new Column(8), new Column(8)];
  const [captionAt, captionSize] = [new Column(8), new Column(4)];
  const isJson = new Column(4);
  const bad = new BadPairs();
  const prefixes = prefixesOf(shards);
  for (const [number, shard] of shards.entries()) {
    await platform.withFile(shard, async (file) => {
      const seen = new Set<string>();
      for await (const group of groupsOf(tarEntries(file, shard))) {
        const place = `${shard}: ${group.key}`;
        const caption = group.text ?? group.json;
        const id = prefixes[number] + flat(group.key);
        const fault = seen.has(id) ? "the name occurs twice" : await faultOf(file, group);
        seen.add(id);
        if (fault !== undefined || group.image === undefined || caption === undefined) {
          bad.add(fault ?? "the caption is missing", place);
          continue;
        }
        ids.push(id);
        shardOf.push(number);
        imageAt.push(group.image.offset);
        imageSize.push(group.image.size);
        captionAt.push(caption.offset);
        captionSize.push(caption.size);
        isJson.push(caption === group.json ? 1 : 0);
      }
    });
  }
  const source = (index: number) => `${shards[shardOf.at(index)]}: ${ids[index]}`;
  return {
    ids,
    bad,
    source,
    read: (index) =>
      platform.withFile(shards[shardOf.at(index)], async (file) => {
        const where = source(index);
        const bytes = await file.read(imageAt.at(index), imageSize.at(index));
        const text = await file.read(captionAt.at(index), captionSize.at(index));
        const captions = captionsIn(text, isJson.at(index) === 1);
        if (Array.isArray(captions)) return { image: { bytes, where }, captions };
        throw new InputError(problem(where, "expected the caption that was there before", "another", "Start again."));
      }),
  };
}

async function* groupsOf(entries: AsyncIterable<TarEntry>): AsyncGenerator<Group, void, undefined> {
  let group: Group | undefined;
  for await (const entry of entries) {
    if (!entry.isFile && entry.name.endsWith("/")) continue; // a folder
    const slash = entry.name.lastIndexOf("/") + 1;
    const dot = entry.name.indexOf(".", slash);
    if (dot <= slash) continue; // hidden, or of no kind
    const [key, kind] = [entry.name.slice(0, dot), entry.name.slice(dot + 1).toLowerCase()];
    const isImage = photographEndings.has(kind);
    if (!isImage && !["txt", "caption", "json"].includes(kind)) continue;
    if (group?.key !== key) {
      if (group !== undefined) yield group;
      group = { key };
    }
    if (pathBelow(entry.name) === undefined) group.fault = "the path leads out of the archive";
    else if (!entry.isFile) group.fault = "a file is a link";
    if (isImage) {
      if (group.image !== undefined) group.fault ??= "there are two photographs of one name";
      group.image ??= entry;
    } else if (kind === "json") group.json ??= entry;
    else group.text ??= entry;
  }
  if (group !== undefined) yield group;
}

/** What keeps a group from being a pair. */
async function faultOf(file: ByteSource, group: Group): Promise<string | undefined> {
  const caption = group.text ?? group.json;
  if (group.fault !== undefined) return group.fault;
  if (group.image === undefined) return "the photograph is missing";
  if (group.image.size === 0) return "the photograph is empty";
  if (caption === undefined) return "the caption is missing";
  if (caption.size > mostCaptionBytes) return "the caption is longer than 1 MiB";
  const captions = captionsIn(await file.read(caption.offset, caption.size), caption === group.json);
  return "fault" in captions ? captions.fault : undefined;
}

function captionsIn(bytes: Uint8Array, isJson: boolean): readonly string[] | { readonly fault: string } {
  const text = utf8(bytes);
  if (text === undefined) return { fault: "the caption is not UTF-8" };
  if (!isJson) return sentencesFrom(text.replace(/\s+/g, " "));
  try {
    const value = parseJson(text);
    return isObject(value) ? sentencesFrom(fieldOf(value, captionFields)) : { fault: "the description is no object" };
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: "the description is broken JSON" };
    throw error;
  }
}

/** Ids are names of files in other places. */
function flat(key: string): string {
  return key.replace(/^(\.\/)+/, "").replaceAll("/", "-");
}

/** What makes names of one archive unlike those of the others: its own name, or its number where two are called the same. */
function prefixesOf(shards: readonly string[]): readonly string[] {
  if (shards.length === 1) return [""];
  const stems = shards.map((path) => path.slice(path.lastIndexOf("/") + 1).replace(/\.tar$/i, ""));
  return new Set(stems).size === stems.length ? stems.map((stem) => `${stem}-`) : stems.map((_, at) => `${at}-`);
}
