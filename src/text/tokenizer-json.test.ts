import { expect, test } from "vitest";
import { clipMerges } from "./clip-merges.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import { tokenizerFromFiles } from "./tokenizer-files.ts";
import { tokenizerJson } from "./tokenizer-json.ts";

// What transformers.js makes of it: test/whole/transformers-js.test.ts.
test("a written tokenizer is read as the same one", async () => {
  const files = tokenizerJson(clipMerges, { length: 77 });
  const [own, read] = [await clipTokenizer(), tokenizerFromFiles(files, "folder")];
  expect([read.size, read.start, read.end]).toEqual([49_408, 49_406, 49_407]);
  for (const text of ["a photo of a cat.", "isn't it 1,234 naïve 😀?", "internationalisation"]) {
    expect(read.encode(text)).toEqual(own.encode(text));
  }
  expect(JSON.parse(files["tokenizer_config.json"])).toMatchObject({
    ...{ tokenizer_class: "CLIPTokenizer", model_max_length: 77, pad_token: "<|endoftext|>" },
  });
});
