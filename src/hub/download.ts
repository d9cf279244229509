/** One file of a repository into the cache: resumed, checked, and there only when it is whole. */
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { PartFile } from "../platform/shared-files.ts";
import { lockEnd, type Places } from "./cache.ts";
import { HubUnavailable, pause } from "./connection.ts";
import { hashOf, type Request, receive, wrongHash } from "./receive.ts";

export interface Download extends Omit<Request, "from"> {
  readonly platform: Pick<Platform, "remove" | "rename" | "shared">;
  readonly places: Places;
  /** Bytes of the file that are there. */
  onBytes(done: number): void;
}

/** Between two looks at what another process fetches. */
const lookMs = 200;

/** A part that nobody has written to for so long belongs to nobody. */
const idleMs = 60_000;

/**
 * Makes sure that the blob of a file is there, whole. Throws InputError; what was fetched until then stays as a part, from which
 * the next call goes on, where the connection is to blame.
 */
export async function downloadBlob(download: Download): Promise<void> {
  const { platform, connection, places, file, purpose } = download;
  const { shared } = platform;
  const blob = joinPath(places.blobs, file.hash);
  // Not huggingface_hub's own HASH.incomplete: it adds to the end of that one, under a lock that Node cannot take.
  const part = `${blob}.tessera.incomplete`;
  const isThere = async () => (await shared.fileFacts(blob))?.size === file.size;
  const lock = await lockUnless(isThere, download, part);
  if (lock === null) return;
  try {
    await copyTheirPart(download, blob, part);
    const first = await fetchPart(download, part);
    // What was put together, maybe of what somebody left, is fetched in one piece once more.
    const isWhole = first.whole || (first.pieced && (await fetchPart(download, part)).whole);
    if (!isWhole) throw wrongHash(purpose, file);
    await platform.rename(part, blob);
    const theirs = await shared.fileFacts(`${blob}.incomplete`);
    if (theirs !== null && Date.now() - theirs.changed > idleMs) await platform.remove(`${blob}.incomplete`);
  } finally {
    await lock();
  }
  connection.signal?.throwIfAborted();
}

/** The lock of a file's download, waited for; null when the file is there, fetched by whoever had it. */
async function lockUnless(
  isThere: () => Promise<boolean>,
  { platform: { shared }, connection: { signal }, places, file, onBytes }: Download,
  part: string,
): Promise<(() => Promise<void>) | null> {
  for (;;) {
    signal?.throwIfAborted();
    if (await isThere()) return null;
    const lock = await shared.takeLock(joinPath(places.locks, `${file.hash}${lockEnd}`));
    if (lock !== null) {
      if (!(await isThere())) return lock;
      await lock();
      return null;
    }
    onBytes((await shared.fileFacts(part))?.size ?? 0);
    await pause(lookMs, signal);
  }
}

/**
 * What huggingface_hub has of a file that was cut off. A process may be writing it, so it is copied: being written from its
 * start on, it is right as far as it goes.
 */
async function copyTheirPart({ platform: { shared }, file }: Download, blob: string, part: string): Promise<void> {
  if ((await shared.fileFacts(part)) !== null) return;
  const theirs = await shared.fileFacts(`${blob}.incomplete`);
  if (theirs !== null && theirs.size > 0 && theirs.size <= file.size) await shared.copyFile(`${blob}.incomplete`, part);
}

/** Fetches what the part lacks. Where its bytes are not the file's it is removed, and `whole` is false. */
async function fetchPart(
  download: Download,
  part: string,
): Promise<{ readonly whole: boolean; readonly pieced: boolean }> {
  const { platform, connection, file } = download;
  const sizeNow = async () => (await platform.shared.fileFacts(part))?.size ?? 0;
  const had = await sizeNow();
  try {
    const { pieced } = await fillPart(download, part, had);
    const { algorithm, prefix } = hashOf(file);
    const whole = (await platform.shared.hashFile(part, algorithm, prefix, connection.signal)) === file.hash;
    if (!whole) await platform.remove(part);
    return { whole, pieced };
  } catch (error) {
    const size = await sizeNow();
    // A refusal before a byte came says nothing against those that are there: their name is their hash.
    const goesOn = error instanceof HubUnavailable || connection.signal?.aborted === true || size === had;
    if (!goesOn || size === 0) await platform.remove(part);
    throw error;
  }
}

async function fillPart(download: Download, path: string, had: number): Promise<{ readonly pieced: boolean }> {
  const { platform, file, onBytes } = download;
  if (had === file.size && had > 0) return { pieced: true };
  // Opened when there is something to write: a refusal leaves nothing behind.
  let opened: PartFile | undefined;
  const open = async () => {
    opened ??= await platform.shared.openPart(path);
    return opened;
  };
  try {
    if (had > file.size) await (await open()).truncate(0);
    if (file.size === 0) await open();
    return await receive(
      { ...download, from: had > file.size ? 0 : had },
      {
        async write(bytes, position) {
          await (await open()).write(bytes, position);
          onBytes(position + bytes.length);
        },
        async restart() {
          await (await open()).truncate(0);
        },
      },
    );
  } finally {
    await opened?.close();
  }
}
