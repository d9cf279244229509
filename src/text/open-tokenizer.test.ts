import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import { openTokenizer } from "./open-tokenizer.ts";

test("a folder's own tokenizer is taken, and CLIP's where it has none", async () => {
  const platform = memoryPlatform();
  const clip = await clipTokenizer();
  expect(await openTokenizer(platform, "bare", { size: 49_408 })).toBe(clip);
  const symbols = ["a</w>", "<|startoftext|>", "<|endoftext|>", "b", "b a</w>".replace(" ", "")];
  const vocabulary = Object.fromEntries(symbols.map((symbol, id) => [symbol, id]));
  await platform.writeFile("model/vocab.json", JSON.stringify(vocabulary));
  await platform.writeFile("model/merges.txt", "#version: 0.2\nb a</w>\n");
  const own = await openTokenizer(platform, "model", { size: 5 });
  expect([...own.contextIds("ba a", 6)].map(Number)).toEqual([1, 4, 0, 2, 0, 0]);
  await expect(openTokenizer(platform, "model", { size: 49_408 })).rejects.toThrow(
    "model: expected a vocabulary of 49408 symbols, got 5. Fetch the files of the model again.",
  );
  await expect(openTokenizer(platform, "bare", { size: 96 })).rejects.toThrow(
    "bare: expected a vocabulary of 96 symbols, got 49408. Put the model's tokenizer.json beside its weights.",
  );
});
