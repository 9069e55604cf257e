// Parses the command line of the programs in this directory and prints their result.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const usage = `usage: node PROGRAM --host HOST[:PORT] --id-scope SCOPE --registration-id ID
         (--key BASE64 | --cert FILE --cert-key FILE) [--ca FILE] [--transport mqtt|websocket]`;

// device returns the device that the command line describes.
export function device() {
  const text = { type: 'string' };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        host: text, 'id-scope': text, 'registration-id': text, key: text,
        cert: text, 'cert-key': text, ca: text, transport: { type: 'string', default: 'mqtt' },
      },
    }));
  } catch (err) {
    stop(err.message);
  }
  const { host, key, cert, ca, transport } = values;
  if (!host || !values['id-scope'] || !values['registration-id']) stop('--host, --id-scope and --registration-id are required');
  if (!key === !(cert && values['cert-key'])) stop('either --key, or --cert and --cert-key, is required');
  if (!['mqtt', 'websocket'].includes(transport)) stop('--transport must be mqtt or websocket');
  return {
    host, key, transport,
    idScope: values['id-scope'],
    registrationId: values['registration-id'],
    cert: read(cert), certKey: read(values['cert-key']), ca: read(ca),
  };
}

function read(name) {
  try {
    return name && readFileSync(name);
  } catch (err) {
    return stop(err.message);
  }
}

function stop(why) {
  console.error(`${why}\n${usage}`);
  process.exit(2);
}

// report prints the outcome, in the form of the service's last answer, and sets the exit code.
export function report(outcome) {
  console.log(JSON.stringify(outcome));
  process.exitCode = outcome.status === 'assigned' ? 0 : 1;
}
