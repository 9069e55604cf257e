// Registers a device from Node.js, as a web page would:
//
//	node register.js WASM_EXEC_JS MAIN_WASM URL ID_SCOPE REGISTRATION_ID
//
// The device's key is in the environment, as DPS_KEY. Node.js has a WebSocket of its own
// from version 22 on, and from 20.10 on with --experimental-websocket. Older ones take
// that of the package ws.
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
  go.run(instance); // it returns when the program ends, which this one never does
  const assignment = await dpsRegister({ url, idScope, registrationId, key: process.env.DPS_KEY });
  console.log(JSON.stringify(assignment));
}

main().then(() => process.exit(0), (err) => {
  console.error(err.message);
  process.exit(1);
});
