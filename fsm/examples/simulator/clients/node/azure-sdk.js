// Registers a device with Microsoft's device SDK. The SDK has no option for the CA's
// certificate: name the file in the environment variable NODE_EXTRA_CA_CERTS.

import { createRequire } from 'node:module';
import { device, report } from './device.js';

const require = createRequire(import.meta.url); // the SDK is CommonJS
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt, MqttWs } = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

// The SDK's WebSocket always goes to port 443. This one goes to the port in the host's name.
class MqttWsAnyPort extends MqttWs {
  _getConnectionUri(request) {
    return `wss://${request.provisioningHost}/$iothub/websocket`;
  }
}

function transport(d) {
  if (d.transport === 'mqtt') return new Mqtt(); // takes HOST:PORT as it is
  return d.host.includes(':') ? new MqttWsAnyPort() : new MqttWs();
}

const d = device();
const security = d.key
  ? new SymmetricKeySecurityClient(d.registrationId, d.key)
  : new X509Security(d.registrationId, { cert: d.cert.toString(), key: d.certKey.toString() });
const client = ProvisioningDeviceClient.create(d.host, d.idScope, transport(d), security);
try {
  const registrationState = await client.register();
  report({ status: registrationState.status, registrationState });
} catch (err) {
  // If the service refused, err.result is its answer.
  report({ ...err.result, error: err.name, errorText: err.message });
}
