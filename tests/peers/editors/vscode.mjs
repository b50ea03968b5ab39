// As much of VS Code's API as Twinny's completion needs: one document, one cursor, the settings' defaults.

export class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

export class Range {
  constructor(...place) {
    const [start, end] = place.length === 4 ? [new Position(place[0], place[1]), new Position(place[2], place[3])] : place;
    Object.assign(this, { start, end });
  }
}

export class InlineCompletionItem {
  constructor(insertText, range) {
    Object.assign(this, { insertText, range });
  }
}

export const InlineCompletionTriggerKind = { Invoke: 0, Automatic: 1 };
export const ColorThemeKind = {};

export class Uri {
  constructor(fsPath) {
    this.fsPath = fsPath;
  }

  static file(path) {
    return new Uri(path);
  }

  toString() {
    return `file://${this.fsPath}`;
  }
}

class Document {
  constructor({ file, language, text }) {
    this.fileName = file;
    this.languageId = language;
    this.uri = Uri.file(file);
    this.isUntitled = false;
    this.lines = text.split("\n");
    this.lineCount = this.lines.length;
  }

  // As there, a place behind a line's or the text's end is that end.
  #offset({ line, character }) {
    if (line >= this.lines.length) return this.lines.join("\n").length;
    const before = this.lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
    return before + Math.min(character, this.lines[line].length);
  }

  getText(range) {
    const text = this.lines.join("\n");
    return range ? text.slice(this.#offset(range.start), this.#offset(range.end)) : text;
  }

  lineAt(place) {
    const line = typeof place === "number" ? place : place.line;
    const text = this.lines[line];
    return { text, range: new Range(line, 0, line, text.length) };
  }
}

const nothing = { dispose() {} };
const settings = {};

export const workspace = {
  name: "shop",
  textDocuments: [],
  workspaceFolders: [{ uri: Uri.file("/shop") }],
  getConfiguration: () => settings,
  onDidChangeConfiguration: () => nothing,
  onDidCloseTextDocument: () => nothing,
  openTextDocument: async (uri) => workspace.textDocuments.find((each) => each.fileName === uri.fsPath),
};

export const window = {
  activeTextEditor: undefined,
  terminals: [],
  createOutputChannel: () => ({ appendLine() {}, append() {}, show() {} }),
  showInformationMessage: async () => undefined,
  showErrorMessage: async () => undefined,
};

export const commands = { executeCommand: async () => undefined };
export const env = { language: "en" };

// Opens documents, the first of them in the editor with the cursor at a position.
export function show(documents, position, configuration) {
  Object.assign(settings, configuration, { get: (name, otherwise) => settings[name] ?? otherwise });
  workspace.textDocuments = documents.map((each) => new Document(each));
  const [document] = workspace.textDocuments;
  window.activeTextEditor = { document, selection: { active: position } };
  return document;
}
