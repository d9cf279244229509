/**
 * Raw deflate, unpacked to exactly `size` bytes; stops as soon as there is more: a bomb fills no memory. Throws what
 * `damaged(expected, got)` makes where the bytes are others.
 */
export async function inflate(
  packed: Uint8Array,
  size: number,
  damaged: (expected: string, got: string) => Error,
): Promise<Uint8Array> {
  const reader = pieces(packed).pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const data = new Uint8Array(size);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw damaged("deflate's form", "something else");
    });
    if (done) break;
    if (filled + value.length > size) {
      await reader.cancel();
      throw damaged(`${size} bytes`, "more");
    }
    data.set(value, filled);
    filled += value.length;
  }
  if (filled !== size) throw damaged(`${size} bytes`, `${filled}`);
  return data;
}

/** Small pieces, because browsers unpack each whole before we can stop them. */
function pieces(bytes: Uint8Array, length = 16_384): ReadableStream<BufferSource> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(at, at + length))); // copied, in case the memory is shared
      at += length;
    },
  });
}
