// Continue's own autocompletion and chat, outside of an editor: asks what stands on standard input, as JSON, and prints
// what Continue would show. CompletionProvider, its templates and filters, and the providers are Continue's
// (@continuedev/core and @continuedev/openai-adapters); only the editor around it stands below.

import { readFileSync } from "node:fs";
import { CompletionProvider } from "continue/autocomplete/CompletionProvider.js";
import LlamaCpp from "continue/llm/llms/LlamaCpp.js";
import OpenAI from "continue/llm/llms/OpenAI.js";

const asked = JSON.parse(readFileSync(0, "utf8"));
const providers = { openai: OpenAI, "llama.cpp": LlamaCpp };
const llm = new providers[asked.provider](asked.config);
const problems = [];

// What Continue logs is for people; standard output is for the answer.
console.log = console.debug = console.warn = (...said) => console.error(...said);

const files = { [asked.file]: asked.text, ...asked.others };
const editor = {
  readFile: async (uri) => files[uri] ?? "",
  fileExists: async (uri) => uri in files,
  getWorkspaceDirs: async () => ["file:///shop"],
  getClipboardContent: async () => ({ text: "", copiedAt: new Date().toISOString() }),
  getDiff: async () => [],
  getOpenFiles: async () => Object.keys(files),
  getRepoName: async () => undefined,
  getUniqueId: async () => "test",
  getIdeInfo: async () => ({ ideType: "vscode" }),
  onDidChangeActiveTextEditor: () => {},
};

async function complete() {
  const config = { tabAutocompleteOptions: { debounceDelay: 0, useCache: false } };
  const provider = new CompletionProvider(
    { loadConfig: async () => ({ config }) },
    editor,
    async () => llm,
    (error) => problems.push(String(error?.message ?? error)),
    async () => [],
  );
  const outcome = await provider.provideInlineCompletionItems({
    completionId: "test",
    filepath: asked.file,
    pos: asked.position,
    isUntitledFile: false,
    manuallyPassFileContents: asked.text,
    recentlyVisitedRanges: [],
    recentlyEditedRanges: Object.entries(asked.others ?? {}).map(([filepath, text]) => ({
      filepath,
      lines: text.split("\n"),
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      timestamp: Date.now(),
      symbols: new Set(),
    })),
  });
  return { text: outcome?.completion ?? "", prompt: outcome?.prompt ?? "" };
}

async function chat() {
  let text = "";
  for await (const message of llm.streamChat(asked.messages, new AbortController().signal)) text += message.content;
  return { text };
}

async function models() {
  return { models: await llm.listModels() };
}

({ complete, chat, models })[asked.what]()
  .catch((error) => void problems.push(String(error?.message ?? error)))
  .then((answer) => process.stdout.write(JSON.stringify({ ...answer, problems }), () => process.exit(0)));
