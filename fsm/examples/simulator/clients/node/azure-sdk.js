// Registers a device with Microsoft's device SDK. The SDK does not have an option for the
// CA: set the environment variable NODE_EXTRA_CA_CERTS to the name of the CA file.

import { createRequire } from 'node:module';
import { device, report } from './device.js';

const require = createRequire(import.meta.url); // the SDK is CommonJS
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt, MqttWs } = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

// The SDK's WebSocket always uses port 443. This one uses the port in --host.
class MqttWsAnyPort extends MqttWs {
  _getConnectionUri(request) {
    return `wss://${request.provisioningHost}/$iothub/websocket`;
  }
}

function transport(d) {
  if (d.transport === 'mqtt') return new Mqtt(); // accepts HOST:PORT
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
