import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { isReference, parseReference } from "./reference.ts";

test.each([
  ["lab/net", "lab/net", "main", null],
  ["timm/resnet50.a1_in1k", "timm/resnet50.a1_in1k", "main", null],
  ["lab/net@v1.0", "lab/net", "v1.0", null],
  ["lab/net@refs/pr/7", "lab/net", "refs/pr/7", null],
  ["lab/net:onnx/model.onnx", "lab/net", "main", "onnx/model.onnx"],
  [
    "lab/net@0123456789012345678901234567890123456789:a b.npz",
    "lab/net",
    "0123456789012345678901234567890123456789",
    "a b.npz",
  ],
])("%s is a name", (text, repository, revision, file) => {
  expect(parseReference(text)).toEqual({ repository, revision, file });
});

test.each([
  ...["", "net", "/net", "lab/", "a/b/c", "../net", "./net", "lab/..", "lab/.net", "lab/net.", "lab/a--b", "la b/net"],
  ...[
    "lab/net@",
    "lab/net:",
    "lab/net@../x",
    "lab/net@-x",
    "lab/net@a..b",
    "lab/net@a/../b",
    "lab/net@x^",
    "lab/net@x#y",
  ],
  ...[
    "lab/net:../x",
    "lab/net:/x",
    "lab/net:a//b",
    "lab/net:a\\b",
    "lab/net:a/./b",
    "lab/net:a\nb",
    "lab/net:a\u009bb",
    "lab/net:a\u202eb",
    "C:\\models\\net",
  ],
  ...["https://huggingface.co/lab/net", `lab/${"n".repeat(100)}`],
])("%j is none", (text) => {
  expect(() => parseReference(text)).toThrow(/expected a model's name, got something else\. Write owner\/name/);
});

test("a path that exists is no name, and neither is a file of weights that does not", async () => {
  const platform = memoryPlatform();
  platform.files.set("lab/net/weights.npz", new Uint8Array(1));
  expect(await isReference(platform, "lab/net")).toBe(false);
  expect(await isReference(platform, "lab/other")).toBe(true);
  expect(await isReference(platform, "weights/resnet50.pth")).toBe(false);
  expect(await isReference(platform, "lab/other:resnet50.pth")).toBe(true);
  expect(await isReference(platform, "./lab/other")).toBe(false);
});
