/** A file, or bytes in memory: `read` gives up to `length` bytes from `offset`, fewer only at the end. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bytes that are in memory already. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** At most so many bytes are read at a time, beside the array that they are for. */
export const pieceBytes = 4 * 2 ** 20;

/** Fills `into` with the bytes from `offset` on, piece by piece. False where the source ends before that. */
export async function readInto(source: ByteSource, offset: number, into: Uint8Array): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const piece = await source.read(offset + at, Math.min(pieceBytes, into.length - at));
    if (piece.length === 0) return false;
    into.set(piece, at);
    at += piece.length;
  }
  return true;
}
