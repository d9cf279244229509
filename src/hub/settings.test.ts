import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { InputError } from "../errors.ts";
import { hubSettings } from "./settings.ts";

test.each([
  [{}, "/home/.cache/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/xdg" }, "/xdg/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/xdg", HF_HOME: "/hf/" }, "/hf/hub"],
  [{ HF_HOME: "~/hf" }, "/home/hf/hub"],
  [{ HF_HOME: "$DISK/hf", DISK: "/d" }, "/d/hf/hub"],
  [{ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
  [{ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new/" }, "/new"],
  [{ HF_HOME: "" }, "/home/.cache/huggingface/hub"],
])("%j: the cache is %s", async (environment, cache) => {
  expect((await hubSettings(memoryPlatform(), environment)).cache).toBe(cache);
});

test("without variables the hub is huggingface.co, without a token", async () => {
  expect(await hubSettings(memoryPlatform())).toMatchObject({
    ...{ endpoint: "https://huggingface.co", token: null, offline: false, timeoutMs: 10_000 },
  });
});

test("the token is that of the variable, else the one that a login has saved", async () => {
  const platform = memoryPlatform();
  platform.files.set("/hf/token", new TextEncoder().encode("hf_saved\n"));
  const tokenOf = async (environment: Record<string, string>) =>
    (await hubSettings(platform, { HF_HOME: "/hf", ...environment })).token;
  expect(await tokenOf({})).toBe("hf_saved");
  expect(await tokenOf({ HF_TOKEN: " hf_given " })).toBe("hf_given");
  expect(await tokenOf({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).toBeNull();
});

test("who has no home folder needs none where the cache is named", async () => {
  const homeless = {
    ...memoryPlatform(),
    home() {
      throw new InputError("HOME: expected the user's home folder, got none.");
    },
  };
  expect((await hubSettings(homeless, { HF_HOME: "/hf" })).cache).toBe("/hf/hub");
  expect((await hubSettings(homeless, { XDG_CACHE_HOME: "/xdg" })).cache).toBe("/xdg/huggingface/hub");
  await expect(hubSettings(homeless, {})).rejects.toThrow(InputError);
});

test("a token that cannot be one is said by where it is from", async () => {
  const platform = memoryPlatform();
  platform.files.set("/hf/token", new TextEncoder().encode("two words"));
  await expect(hubSettings(platform, { HF_HOME: "/hf" })).rejects.toThrow(/^\/hf\/token: expected a token, got text/);
  await expect(hubSettings(platform, { HF_HOME: "/hf", HF_TOKEN: "a b" })).rejects.toThrow(
    /^HF_TOKEN: expected a token/,
  );
});

test.each([
  ["hub.example", 'got "hub.example"'],
  ["file:///etc", 'got "file:///etc"'],
  ["https://hub.example/?a=b", "with more behind its path"],
  ["https://hub.example/#a", "with more behind its path"],
  ["https://lab:secret@hub.example", "got one with a user's name or password"],
  ["https://secret@hub.example", "got one with a user's name or password"],
])("the hub cannot be at %s", async (endpoint, message) => {
  const settings = hubSettings(memoryPlatform(), { HF_ENDPOINT: endpoint });
  await expect(settings).rejects.toThrow(InputError);
  await expect(settings).rejects.toThrow(message);
  await expect(settings).rejects.not.toThrow("secret");
});

test("the hub may be below a path", async () => {
  expect((await hubSettings(memoryPlatform(), { HF_ENDPOINT: "https://lab.example/hf//" })).endpoint).toBe(
    "https://lab.example/hf",
  );
});

test.each([
  [{ HF_HUB_OFFLINE: "1" }, true],
  [{ HF_HUB_OFFLINE: "True" }, true],
  [{ TRANSFORMERS_OFFLINE: "yes" }, true],
  [{ HF_HUB_OFFLINE: "0" }, false],
])("%j: offline %s", async (environment, offline) => {
  expect((await hubSettings(memoryPlatform(), environment)).offline).toBe(offline);
});
