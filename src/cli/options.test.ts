import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { classesFrom } from "./options.ts";

const namesOf = async (platform: Parameters<typeof classesFrom>[0], text: string) =>
  (await classesFrom(platform, text))?.map(({ name }) => name);

test("classes are a list of words, whatever files are called like them", async () => {
  const platform = memoryPlatform();
  for (const name of ["sky", "sky, road"]) await platform.writeFile(name, "no classes");
  expect(await namesOf(platform, "sky")).toEqual(["sky"]);
  expect(await namesOf(platform, "sky, road")).toEqual(["sky", "road"]);
});

test("a list longer than a file's name can be is a list", async () => {
  const words = Array.from({ length: 100 }, (_, index) => `class number ${index}`);
  const platform = {
    exists: () => Promise.reject(new Error("a list was looked for among the files")),
    readText: () => Promise.reject(new Error("a list was read")),
  };
  expect(await namesOf(platform, words.join(", "))).toEqual(words);
});

test("a path to a file is no word", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("here/notes.txt", "no classes");
  await expect(namesOf(platform, "here/notes.txt")).rejects.toThrow("here/notes.txt: expected a JSON object");
  expect(await namesOf(platform, "road/pavement")).toEqual(["road/pavement"]);
});

test("what ends in .json is a file", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("own.JSON", '{"classes":[{"name":"sea"},{"name":"sand"}]}');
  expect(await namesOf(platform, "own.JSON")).toEqual(["sea", "sand"]);
  await expect(classesFrom(platform, "none.json")).rejects.toThrow(
    "none.json: expected a classes.json, got no such file. Check the path.",
  );
});

test("classes have other words, and may come in a file, one a line", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("words.txt", "# things\ncat\nsofa=couch, settee\n");
  await platform.writeFile("empty.txt", "\n");
  const words = async (...asked: [string | undefined, string?]) =>
    (await classesFrom(platform, ...asked))?.map(({ name, words = [name] }) => words.join("/"));
  expect(await words("cat, sofa=couch|settee")).toEqual(["cat", "sofa/couch/settee"]);
  expect(await words("cat; sofa=couch, settee")).toEqual(["cat", "sofa/couch/settee"]);
  expect(await words(undefined, "words.txt")).toEqual(["cat", "sofa/couch/settee"]);
  expect(await words(undefined)).toBeUndefined();
  const list = '{"classes": [{"name": "cat"}, {"name": "sofa", "words": ["sofa", "couch"]}]}';
  for (const name of ["classes.json", "list.txt"]) {
    await platform.writeFile(name, list);
    expect(await words(undefined, name)).toEqual(["cat", "sofa/couch"]);
  }
  await expect(words(undefined, "empty.txt")).rejects.toThrow("empty.txt: expected names, one a line, got none.");
  await expect(words("cat", "words.txt")).rejects.toThrow("Leave one of them out.");
  const notes: string[] = [];
  const noted = (text: string) => classesFrom(platform, text, undefined, (line) => notes.push(line));
  expect((await noted("sofa=couch, settee"))?.map(({ name }) => name)).toEqual(["sofa", "settee"]);
  await noted("cat, sofa=couch|settee, lamp");
  expect(notes).toEqual([expect.stringContaining('--classes: "settee" is read as a class of its own. If other words')]);
  await expect(words("Sky, sky")).rejects.toThrow('each once, got "Sky" and "sky".');
  await expect(words("cat, cat")).rejects.toThrow(
    '--classes: expected names with commas between, each once, got "cat" twice.',
  );
});
