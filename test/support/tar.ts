/** Tar archives for tests, written after POSIX. */

export interface TarFile {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** Of the header: "0" a file, "2" a link, "5" a folder … */
  readonly type?: string;
  /** What the header says, where it is not the content's. */
  readonly size?: number;
}

/** Header and content of one entry, filled up to whole blocks. */
export function tarEntry({ name, content = "", type = "0", size }: TarFile): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, "utf8");
  header.write("0000644\0", 100);
  header.write(`${(size ?? bytes.length).toString(8).padStart(11, "0")}\0`, 124);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  return summed(header, bytes);
}

/** The same with the sum of the header's bytes. */
export function summed(header: Buffer, content: Buffer): Buffer {
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A pax record before the entry that it describes. */
export function pax(fields: Readonly<Record<string, string>>): Buffer {
  const records = Object.entries(fields).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + 1;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  });
  return tarEntry({ name: "PaxHeader/x", content: records.join(""), type: "x" });
}

export function tar(...parts: readonly (TarFile | Buffer)[]): Buffer {
  const entries = parts.map((part) => (Buffer.isBuffer(part) ? part : tarEntry(part)));
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}
