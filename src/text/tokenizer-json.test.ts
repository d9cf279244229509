import { expect, test } from "vitest";
import { clipMerges } from "./clip-merges.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import { tokenizerJson } from "./tokenizer-json.ts";

// What transformers.js makes of it: test/whole/transformers-js.test.ts.
test("a written tokenizer has the ids of CLIP's", async () => {
  const files = tokenizerJson(clipMerges, { length: 77 });
  const own = await clipTokenizer();
  const { model, added_tokens: added } = JSON.parse(files["tokenizer.json"]) as {
    model: { vocab: Record<string, number>; merges: string[] };
    added_tokens: { content: string; id: number }[];
  };
  expect(Object.keys(model.vocab)).toHaveLength(own.size);
  expect(model.merges).toHaveLength(48_894);
  expect(added.map(({ id }) => id)).toEqual([own.start, own.end]);
  for (const word of ["cat", "photo", "internationalisation"]) {
    for (const id of own.encode(word)) expect(model.vocab[own.decode([id]).replace(" ", "</w>")]).toBe(id);
  }
  expect(JSON.parse(files["tokenizer_config.json"])).toMatchObject({
    ...{ tokenizer_class: "CLIPTokenizer", model_max_length: 77, pad_token: "<|endoftext|>" },
  });
});
