#!/bin/sh
# Registers a device with the mosquitto programs and prints the service's last answer.
#
# None of the mosquitto clients can send a request and receive its answer on one connection:
# mosquitto_sub and mosquitto_pub use a connection each, and mosquitto_rr cannot subscribe to a
# filter with '#'. Therefore, the script starts a mosquitto broker that keeps the connection of
# the device, as a bridge, and the clients connect to this broker. It renames the topics:
#
#	requests/…  is  $dps/registrations/…      answers/…  is  $dps/registrations/res/…
set -eu
if [ $# -lt 5 ]; then
	echo "usage: $0 HOST:PORT CA-FILE ID-SCOPE REGISTRATION-ID (TOKEN | CERT-FILE KEY-FILE)" >&2
	exit 2
fi
address=$1 ca=$2 scope=$3 id=$4
if [ $# -eq 5 ]; then
	proof="remote_password $5"
else
	proof="bridge_certfile $5
bridge_keyfile $6"
fi
PATH=$PATH:/usr/sbin # where Debian installs the broker
dir=$(mktemp -d)
cat >"$dir/conf" <<EOF
listener 0 $dir/socket
allow_anonymous true
log_type error
log_type warning
connection_messages false
user $(id -un)
connection dps
address $address
bridge_cafile $ca
bridge_protocol_version mqttv311
bridge_attempt_unsubscribe false
try_private false
notifications_local_only true
notification_topic connected
remote_clientid $id
remote_username $scope/registrations/$id/api-version=2019-03-31
$proof
cleansession true
topic # out 1 requests/ \$dps/registrations/
topic # in 1 answers/ \$dps/registrations/res/
EOF
mosquitto -c "$dir/conf" >"$dir/log" 2>&1 &
broker=$!
trap 'kill $broker 2>/dev/null; wait $broker || :; rm -rf "$dir"' EXIT

# listen OPTIONS: prints answers. The session is kept (-c), so that no answer is lost between
# two calls.
listen() { mosquitto_sub --unix "$dir/socket" -i ear -c -q 1 -t 'answers/#' "$@"; }

# ask REQUEST PROPERTIES: sends a request and sets $answer to the topic and the body.
rid=0
ask() {
	rid=$((rid + 1))
	mosquitto_pub --unix "$dir/socket" -q 1 -m "{\"registrationId\":\"$id\"}" \
		-t "requests/$1/?\$rid=$rid${2:-}"
	while :; do # mosquitto_sub exits before its PUBACK, so an earlier answer is repeated
		answer=$(listen -C 1 -W 60 -F '%t %p') || { echo "the service did not answer within 60 s" >&2; exit 1; }
		case $answer in "answers/"*"?\$rid=$rid"[\&\ ]*) return ;; esac
	done
}

tries=0
until [ "$(mosquitto_sub --unix "$dir/socket" -t connected -C 1 -W 1 2>/dev/null)" = 1 ]; do
	tries=$((tries + 1))
	if [ $tries -gt 50 ]; then
		echo "cannot connect to $address; the log of the broker:" >&2
		cat "$dir/log" >&2
		exit 1
	fi
	sleep 0.2
done
listen -E # exits when the subscription is acknowledged

operation=
while :; do
	if [ -z "$operation" ]; then
		ask PUT/iotdps-register
	else
		ask GET/iotdps-get-operationstatus "&operationId=$operation"
	fi
	wait=$(printf '%s\n' "$answer" | sed -n 's/^[^ ]*retry-after=\([0-9][0-9]*\).*/\1/p')
	case $answer in
	answers/2*'"status":"assigning"'*)
		operation=$(printf '%s\n' "$answer" | sed 's/.*"operationId":"\([^"]*\)".*/\1/')
		;;
	answers/429/* | answers/5*) ;; # the service is busy, so repeat the request
	*) break ;;
	esac
	sleep "${wait:-3}"
done
printf '%s\n' "${answer#* }"
case $answer in *'"status":"assigned"'*) ;; *) exit 1 ;; esac
