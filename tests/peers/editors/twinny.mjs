// Twinny's own completion outside of VS Code: asks what stands on standard input, as JSON, and prints what Twinny would
// show. Provider, templates, request, reading of the stream and formatting are Twinny's source; vscode.mjs is the
// editor around it.

import { readFileSync } from "node:fs";
import { FileInteractionCache } from "twinny/extension/file-interaction";
import { CompletionProvider } from "twinny/extension/providers/completion";
import { InlineCompletionTriggerKind, Position, show } from "vscode";

const asked = JSON.parse(readFileSync(0, "utf8"));
const said = [];
console.log = console.error = (...words) => void said.push(words.join(" "));

// The defaults of its package.json.
const settings = {
  enabled: true,
  enabledLanguages: { "*": true },
  autoSuggestEnabled: true,
  contextLength: 100,
  debounceWait: 0,
  temperature: 0.2,
  multilineCompletionsEnabled: true,
  maxLines: 40,
  fileContextEnabled: false,
  completionCacheEnabled: false,
  numPredictFim: 512,
  enableSubsequentCompletions: true,
  keepAlive: "5m",
  ...asked.settings,
};

const position = new Position(asked.position.line, asked.position.character);
const document = show(asked.documents, position, settings);
const context = { globalState: { get: () => asked.provider } };
const provider = new CompletionProvider({ text: "" }, new FileInteractionCache(), {}, context);
const kind = { triggerKind: InlineCompletionTriggerKind.Automatic };
const failed = new Promise((resolve) => {
  const onError = provider.onError;
  provider.onError = (error) => {
    onError(error);
    resolve([]);
  };
});

Promise.race([provider.provideInlineCompletionItems(document, position, kind), failed]).then((items) => {
  const text = (items ?? []).map((item) => item.insertText).join("");
  process.stdout.write(JSON.stringify({ text, said }), () => process.exit(0));
});
