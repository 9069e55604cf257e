// Registers a device with MQTT.js alone, without an SDK.

import { createHmac } from 'node:crypto';
import mqtt from 'mqtt';
import { device, report } from './device.js';

const d = device();

// token returns a SAS token, which is the MQTT password. The signature covers sr exactly as it
// is sent.
function token(lifetime = 3600) {
  const sr = encodeURIComponent(`${d.idScope}/registrations/${d.registrationId}`);
  const se = Math.floor(Date.now() / 1000) + lifetime; // in seconds
  const sig = createHmac('sha256', Buffer.from(d.key, 'base64')).update(`${sr}\n${se}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=registration`;
}

const url = d.transport === 'websocket' ? `wss://${d.host}/$iothub/websocket` : `mqtts://${d.host}`;
const client = mqtt.connect(url, {
  protocolVersion: 4, // MQTT 3.1.1
  clean: true,
  clientId: d.registrationId,
  username: `${d.idScope}/registrations/${d.registrationId}/api-version=2019-03-31`,
  password: d.key && token(),
  cert: d.cert,
  key: d.certKey,
  ca: d.ca,
  reconnectPeriod: 0, // a lost connection is an error
});
const lost = new Promise((_, reject) => {
  client.on('error', reject);
  client.on('close', () => reject(new Error('the connection was closed')));
  setTimeout(() => reject(new Error('the registration did not end within 60 s')), 60_000).unref();
});

// ask sends a request and returns its answer: the status in the topic, the number of seconds
// to wait, and the body. The answer may arrive before the PUBACK.
const waiting = new Map(); // the functions to call with the answers, by $rid
client.on('message', (topic, body) => {
  const [, status, properties] = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/.exec(topic) ?? [];
  const got = new URLSearchParams(properties);
  waiting.get(got.get('$rid'))?.({ code: Number(status), wait: Number(got.get('retry-after')) || 3, body });
});
let requests = 0;
async function ask(operation, properties = '') {
  const rid = String(++requests);
  const answer = new Promise((resolve) => waiting.set(rid, resolve));
  const body = JSON.stringify({ registrationId: d.registrationId });
  await client.publishAsync(`$dps/registrations/${operation}/?$rid=${rid}${properties}`, body, { qos: 1 });
  const { code, wait, body: text } = await answer;
  waiting.delete(rid);
  return { code, wait, body: JSON.parse(text) };
}

async function register() {
  await new Promise((resolve) => client.once('connect', resolve));
  await client.subscribeAsync('$dps/registrations/res/#', { qos: 1 });
  for (let operation; ;) {
    const { code, wait, body } = operation
      ? await ask('GET/iotdps-get-operationstatus', `&operationId=${encodeURIComponent(operation)}`)
      : await ask('PUT/iotdps-register');
    if (code < 300 && body.status !== 'assigning') return body;
    if (code < 300) operation = body.operationId;
    else if (code < 429) return body; // the service refused; otherwise it is busy, so repeat the request
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}

try {
  report(await Promise.race([register(), lost]));
} catch (err) {
  report({ error: err.name, errorText: err.message });
}
client.end(); // with a DISCONNECT
