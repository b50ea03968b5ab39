// Bundles one script of this folder with the editor's own source: node bundle.mjs SCRIPT MADE
//
// MADE is what tools/peers.py makes (build/peers/editors): node_modules, continue/ and twinny/. The result is
// MADE/SCRIPT.cjs. Packages that are not installed, which other providers, windows and indexes want, become empty
// modules: a use of one ends in an error that names what is missing.

import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [script, made] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(path.join(made, "package.json"))("esbuild");

const notInstalled = {
  name: "not-installed",
  setup(bundle) {
    bundle.onResolve({ filter: /^[^./]/ }, async ({ path: name, pluginData, ...from }) => {
      if (pluginData === "asked") return undefined;
      const found = await bundle.resolve(name, { ...from, pluginData: "asked" });
      return found.errors.length ? { path: name, namespace: "not-installed" } : found;
    });
    bundle.onLoad({ filter: /.*/, namespace: "not-installed" }, () => ({ contents: "module.exports = {};" }));
  },
};

await build({
  entryPoints: [path.join(here, `${script}.mjs`)],
  outfile: path.join(made, `${script}.cjs`),
  bundle: true,
  platform: "node",
  format: "cjs",
  logLevel: "error",
  nodePaths: [path.join(made, "node_modules")],
  alias: {
    continue: path.join(made, "continue", "core", "dist"),
    "@continuedev/openai-adapters": path.join(made, "continue", "openai-adapters", "dist", "index.js"),
    twinny: path.join(made, "twinny", "src"),
    vscode: path.join(here, "vscode.mjs"),
    sqlite: path.join(here, "sqlite.mjs"),
    "@tiptap/react": path.join(here, "tiptap.mjs"),
  },
  plugins: [notInstalled],
});
