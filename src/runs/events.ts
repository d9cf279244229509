/**
 * TensorBoard event files: TFRecord framing around `Event` messages (tensorflow/core/util/event.proto, summary.proto),
 * of which scalar curves need only a few fields.
 */
import protobuf from "protobufjs/light.js";

/** Value of one curve at one step. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** One record of an event file. */
export interface EventRecord {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly scalars: readonly Scalar[];
}

const { Field, Type } = protobuf;
const valueType = new Type("Value").add(new Field("tag", 1, "string")).add(new Field("simpleValue", 2, "float"));
const summaryType = new Type("Summary").add(new Field("value", 1, "Value", "repeated")).add(valueType);
const eventType = new Type("Event")
  .add(new Field("wallTime", 1, "double"))
  .add(new Field("step", 2, "int64"))
  .add(new Field("fileVersion", 3, "string"))
  .add(new Field("summary", 5, "Summary"))
  .add(summaryType);
new protobuf.Root().add(eventType);

/** What every event file starts with. */
export function eventFileHeader(time: number): Uint8Array {
  return frame(eventType.encode(eventType.create({ wallTime: time, fileVersion: "brain.Event:2" })).finish());
}

/** One record with the values of several curves at one step. */
export function eventRecord({ step, time, scalars }: EventRecord): Uint8Array {
  const value = scalars.map(({ tag, value }) => ({ tag, simpleValue: value }));
  return frame(eventType.encode(eventType.create({ wallTime: time, step, summary: { value } })).finish());
}

/** The records of an event file up to the first damaged or half-written one; the header has no scalars and is left out. */
export function readEventRecords(bytes: Uint8Array): EventRecord[] {
  const records: EventRecord[] = [];
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  while (position + 16 <= bytes.length) {
    const length = Number(data.getBigUint64(position, true));
    const end = position + 12 + length;
    if (end + 4 > bytes.length) break;
    const body = bytes.subarray(position + 12, end);
    const intact =
      data.getUint32(position + 8, true) === maskedChecksum(bytes.subarray(position, position + 8)) &&
      data.getUint32(end, true) === maskedChecksum(body);
    if (!intact) break;
    const event = eventType.toObject(eventType.decode(body), { longs: Number, defaults: true }) as {
      wallTime: number;
      step: number;
      summary: { value: { tag: string; simpleValue?: number }[] } | null;
    };
    const scalars = (event.summary?.value ?? []).map(({ tag, simpleValue = 0 }) => ({ tag, value: simpleValue }));
    if (scalars.length > 0) records.push({ step: event.step, time: event.wallTime, scalars });
    position = end + 4;
  }
  return records;
}

/** TFRecord: length (8 bytes), its checksum, the message, its checksum. */
function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 16);
  const data = new DataView(bytes.buffer);
  data.setBigUint64(0, BigInt(message.length), true);
  data.setUint32(8, maskedChecksum(bytes.subarray(0, 8)), true);
  bytes.set(message, 12);
  data.setUint32(12 + message.length, maskedChecksum(message), true);
  return bytes;
}

/** CRC-32C (Castagnoli) of every byte value, polynomial 0x1EDC6F41 with its bits reversed. */
const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

/** CRC-32C, rotated and offset as TFRecord asks, so that checksums of checksums stay useful. */
export function maskedChecksum(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) sum = checksums[(sum ^ bytes[i]) & 0xff] ^ (sum >>> 8);
  sum = ~sum >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
