import { expect, test } from "vitest";
import { eventFileHeader, eventRecord, maskedChecksum, readEventRecords } from "./events.ts";

const record = {
  step: 3_000_000_000,
  time: 1_700_000_000.5,
  scalars: [
    { tag: "loss/total", value: 0.5 },
    { tag: "b", value: 0 },
  ],
};

test("CRC-32C gives the check value of its catalogue (0xe3069283 for the digits 1 to 9), masked", () => {
  const sum = 0xe3069283;
  const masked = (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
  expect(maskedChecksum(new TextEncoder().encode("123456789"))).toBe(masked);
});

test("records come back as they were written, zeros included", () => {
  const file = Buffer.concat([eventFileHeader(1), eventRecord(record), eventRecord({ ...record, step: 0 })]);
  expect(readEventRecords(file)).toEqual([record, { ...record, step: 0 }]);
});

test("the bytes of a record are those of the protocol: wall time, step, summary with tag and value", () => {
  const bytes = eventRecord({ step: 2, time: 1, scalars: [{ tag: "a", value: 1 }] });
  const body = [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 2, 0x2a, 10, 0x0a, 8, 0x0a, 1, 0x61, 0x15, 0, 0, 0x80, 0x3f];
  expect([...bytes.subarray(12, -4)]).toEqual(body);
});

test("reading stops before a half-written record", () => {
  const file = Buffer.concat([eventFileHeader(1), eventRecord(record), eventRecord(record)]);
  expect(readEventRecords(file.subarray(0, file.length - 1))).toEqual([record]);
});

test("reading stops before a damaged record", () => {
  const first = eventRecord(record);
  const file = Buffer.concat([first, eventRecord(record)]);
  file[first.length + 14] ^= 1;
  expect(readEventRecords(file)).toEqual([record]);
});
