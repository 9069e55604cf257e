#!/usr/bin/env python3
"""Registers a device with paho-mqtt (1.6 or 2) and prints the service's last answer."""

import argparse
import base64
import hashlib
import hmac
import json
import queue
import sys
import time
from urllib.parse import parse_qs, quote

import paho.mqtt.client as mqtt


def token(scope, registration_id, key, lifetime=3600):
    """Returns a SAS token, which is the MQTT password. The signature covers sr exactly as it is sent."""
    sr = quote(f"{scope}/registrations/{registration_id}", safe="")
    se = int(time.time()) + lifetime  # in seconds
    digest = hmac.digest(base64.b64decode(key), f"{sr}\n{se}".encode(), hashlib.sha256)
    sig = quote(base64.b64encode(digest), safe="")
    return f"SharedAccessSignature sr={sr}&sig={sig}&se={se}&skn=registration"


def connect(args):
    """Returns a client that has subscribed, and the queue of its events."""
    options = {"client_id": args.registration_id, "protocol": mqtt.MQTTv311, "clean_session": True}
    if args.transport == "websocket":
        options["transport"] = "websockets"
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho-mqtt 2
        options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
    client = mqtt.Client(**options)
    user = f"{args.id_scope}/registrations/{args.registration_id}/api-version=2019-03-31"
    client.username_pw_set(user, args.key and token(args.id_scope, args.registration_id, args.key))
    client.tls_set(ca_certs=args.ca, certfile=args.cert, keyfile=args.cert_key)
    client.ws_set_options(path="/$iothub/websocket")
    events = queue.Queue()
    client.on_connect = lambda _c, _u, _f, code, *_: events.put(code)
    client.on_subscribe = lambda _c, _u, _id, codes, *_: events.put(codes[0])
    client.on_message = lambda _c, _u, message: events.put(message)
    client.on_disconnect = lambda *_: events.put(None)
    host, port = args.host.rsplit(":", 1)
    client.connect(host, int(port), keepalive=60)
    client.loop_start()
    code = event(events)
    if code != 0:
        sys.exit(f"register: the connection was refused: {code}")
    client.subscribe("$dps/registrations/res/#", qos=1)
    code = event(events)
    if code not in (0, 1):
        sys.exit(f"register: the subscription was refused: {code}")
    return client, events


def event(events):
    """Returns the next event of the client. Exits if the connection was closed."""
    try:
        got = events.get(timeout=60)
    except queue.Empty:
        sys.exit("register: the service did not answer within 60 s")
    if got is None:
        sys.exit("register: the connection was closed")
    return got


def register(client, events, registration_id):
    """Returns the service's last answer."""
    operation, rid = None, 0
    while True:
        rid += 1
        if operation:
            topic = f"GET/iotdps-get-operationstatus/?$rid={rid}&operationId={quote(operation, safe='')}"
        else:
            topic = f"PUT/iotdps-register/?$rid={rid}"
        client.publish(f"$dps/registrations/{topic}", json.dumps({"registrationId": registration_id}), qos=1)
        while True:
            message = event(events)
            path, _, query = message.topic.partition("?")
            if parse_qs(query).get("$rid") == [str(rid)]:
                break
        code, body = int(path.split("/")[3]), json.loads(message.payload)
        if code < 300 and body["status"] != "assigning":
            return body
        if code < 300:
            operation = body["operationId"]
        elif code < 429:  # otherwise the service is busy, so repeat the request
            return body
        wait = parse_qs(query).get("retry-after", [""])[0]
        time.sleep(int(wait) if wait.isdecimal() else 3)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--host", required=True, metavar="HOST:PORT")
    p.add_argument("--id-scope", required=True)
    p.add_argument("--registration-id", required=True)
    p.add_argument("--key", help="in base64")
    p.add_argument("--cert", metavar="FILE")
    p.add_argument("--cert-key", metavar="FILE")
    p.add_argument("--ca", metavar="FILE")
    p.add_argument("--transport", choices=["mqtt", "websocket"], default="mqtt")
    args = p.parse_args()
    try:
        client, events = connect(args)
    except (OSError, mqtt.WebsocketConnectionError) as err:  # such as an untrusted certificate
        sys.exit(f"register: {err}")
    answer = register(client, events, args.registration_id)
    client.disconnect()
    client.loop_stop()
    print(json.dumps(answer))
    sys.exit(answer.get("status") != "assigned")


main()
