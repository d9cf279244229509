/** Digest of bytes in hexadecimal: what tells one file from another. */
export async function hexDigest(bytes: Uint8Array, algorithm: "SHA-1" | "SHA-256" = "SHA-256"): Promise<string> {
  const digest = await crypto.subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
