import type { Named } from "../array/ndarray.ts";

/** Up to `length` bytes from `offset`; fewer at the end. */
type ReadRange = (offset: number, length: number) => Uint8Array;

/** A model may carry this much metadata; more is not read. */
const maxBytes = 16 * 2 ** 20;
/** Fields of `ModelProto` and of its key-value pairs in ONNX. */
const metadataField = 14;
const keyField = 1;

/**
 * The metadata of an ONNX model, which neither package of ONNX Runtime gives out. Steps over the fields of the file
 * without reading the graph. What does not parse ends the walk: whether the model is sound is for ONNX Runtime to say.
 */
export function readMetadata(read: ReadRange, size = Number.POSITIVE_INFINITY): Named<string> {
  const metadata: Record<string, string> = {};
  for (let offset = 0; offset < size; ) {
    const field = fieldAt(read(offset, 20), 0);
    if (field === null) break;
    const start = offset + field.start;
    if (field.number === metadataField && field.length <= maxBytes) {
      const [key, value] = pair(read(start, field.length));
      metadata[key] = value;
    }
    offset = start + field.length;
  }
  return metadata;
}

/** The field that starts at `at`: where its content starts, and how long that is. */
function fieldAt(bytes: Uint8Array, at: number): { number: number; start: number; length: number } | null {
  const tag = varint(bytes, at);
  if (tag === null) return null;
  const number = Math.floor(tag.value / 8);
  const kind = tag.value % 8;
  if (kind === 1) return { number, start: tag.end, length: 8 };
  if (kind === 5) return { number, start: tag.end, length: 4 };
  const next = varint(bytes, tag.end);
  if (next === null) return null;
  if (kind === 0) return { number, start: next.end, length: 0 };
  return kind === 2 ? { number, start: next.end, length: next.value } : null;
}

function varint(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; i < 10 && at + i < bytes.length; i++) {
    value += (bytes[at + i] & 127) * 2 ** (7 * i);
    if (bytes[at + i] < 128) return { value, end: at + i + 1 };
  }
  return null;
}

function pair(bytes: Uint8Array): [string, string] {
  const texts: [string, string] = ["", ""];
  for (let at = 0; at < bytes.length; ) {
    const field = fieldAt(bytes, at);
    if (field === null) break;
    const text = new TextDecoder().decode(bytes.subarray(field.start, field.start + field.length));
    texts[field.number === keyField ? 0 : 1] = text;
    at = field.start + field.length;
  }
  return texts;
}
