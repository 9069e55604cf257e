// Registers a device from Node.js, as a web page would:
//
//	node register.js WASM_EXEC_JS MAIN_WASM URL ID_SCOPE REGISTRATION_ID
//
// The environment variable DPS_KEY must contain the device's key. Node.js 22 and later have
// a WebSocket, and so does Node.js 20.10 and later with --experimental-websocket. With older
// versions, the program uses the package ws.
'use strict';
const fs = require('fs');
const path = require('path');

globalThis.WebSocket ??= require('ws');
globalThis.crypto ??= require('crypto');

const [wasmExec, program, url, idScope, registrationId] = process.argv.slice(2);
require(path.resolve(wasmExec));

async function main() {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(program), go.importObject);
  go.run(instance); // not awaited, because the program does not end
  const assignment = await dpsRegister({ url, idScope, registrationId, key: process.env.DPS_KEY });
  console.log(JSON.stringify(assignment));
}

main().then(() => process.exit(0), (err) => {
  console.error(err.message);
  process.exit(1);
});
