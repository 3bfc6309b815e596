// Starts `xen-balancer rules serve` beside the editor; all that is known about rules is known there.

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const LANGUAGE = "xen-balancer-rules";

let client;

function activate() {
  const program = workspace.getConfiguration(LANGUAGE).get("program");
  const server = { command: program, args: ["rules", "serve"] };
  client = new LanguageClient(LANGUAGE, "xen-balancer rules", server, { documentSelector: [{ language: LANGUAGE }] });
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
