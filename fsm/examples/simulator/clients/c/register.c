// Registers a device with libmosquitto and prints the service's last answer.
//
//	cc -o register register.c -lmosquitto
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int rid;                          // the $rid of the last request
static char topic[1024], body[64 << 10]; // its answer
static int subscribed, answered;

static void die(const char *why) {
	fprintf(stderr, "register: %s\n", why);
	exit(1);
}

static void on_connect(struct mosquitto *m, void *ctx, int code) {
	if (code != 0)
		die(mosquitto_connack_string(code));
	mosquitto_subscribe(m, NULL, "$dps/registrations/res/#", 1);
}

static void on_subscribe(struct mosquitto *m, void *ctx, int id, int n, const int *qos) {
	if (qos[0] > 1)
		die("the subscription was refused");
	subscribed = 1;
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg) {
	const char *found = strstr(msg->topic, "$rid=");
	if (!found || atoi(found + strlen("$rid=")) != rid)
		return; // not the answer to this request
	snprintf(topic, sizeof topic, "%s", msg->topic);
	snprintf(body, sizeof body, "%.*s", msg->payloadlen, (char *)msg->payload);
	answered = 1;
}

// run serves the connection until *done is set or the seconds have passed. It returns *done.
static int run(struct mosquitto *m, const int *done, int seconds) {
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		int rc = mosquitto_loop(m, 100, 1);
		if (rc != MOSQ_ERR_SUCCESS)
			die(mosquitto_strerror(rc));
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!*done && (now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
	return *done;
}

// until serves the connection until *done is set. It exits after a timeout.
static void until(struct mosquitto *m, const int *done) {
	if (!run(m, done, 60))
		die("the service did not answer within 60 s");
}

// ask sends a request and waits for its answer. The request is a query if there is an operation
// ID, and a registration otherwise.
static void ask(struct mosquitto *m, const char *id, const char *operation) {
	char name[512], request[256];
	rid++;
	if (*operation)
		snprintf(name, sizeof name, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=%d&operationId=%s", rid, operation);
	else
		snprintf(name, sizeof name, "$dps/registrations/PUT/iotdps-register/?$rid=%d", rid);
	snprintf(request, sizeof request, "{\"registrationId\":\"%s\"}", id);
	answered = 0;
	mosquitto_publish(m, NULL, name, strlen(request), request, 1, false);
	until(m, &answered);
}

int main(int argc, char **argv) {
	if (argc != 7 && argc != 8) {
		fprintf(stderr, "usage: %s HOST PORT CA-FILE ID-SCOPE REGISTRATION-ID (TOKEN | CERT-FILE KEY-FILE)\n", argv[0]);
		return 2;
	}
	char *ca = argv[3], *scope = argv[4], *id = argv[5];
	int x509 = argc == 8, rc;
	char user[512], operation[256] = "";
	snprintf(user, sizeof user, "%s/registrations/%s/api-version=2019-03-31", scope, id);

	mosquitto_lib_init();
	struct mosquitto *m = mosquitto_new(id, true, NULL); // MQTT 3.1.1, clean session
	mosquitto_username_pw_set(m, user, x509 ? NULL : argv[6]);
	mosquitto_tls_set(m, ca, NULL, x509 ? argv[6] : NULL, x509 ? argv[7] : NULL, NULL);
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	if ((rc = mosquitto_connect(m, argv[1], atoi(argv[2]), 60)) != MOSQ_ERR_SUCCESS)
		die(mosquitto_strerror(rc));
	until(m, &subscribed);
	for (;;) {
		ask(m, id, operation);
		int status = 0, wait = 3, never = 0;
		const char *found = strstr(topic, "retry-after=");
		sscanf(topic, "$dps/registrations/res/%d", &status);
		if (found)
			sscanf(found, "retry-after=%d", &wait);
		if (status < 300 && strstr(body, "\"status\":\"assigning\"") && (found = strstr(body, "\"operationId\":\"")))
			sscanf(found, "\"operationId\":\"%255[^\"]", operation);
		else if (status < 429)
			break; // otherwise the service is busy, so repeat the request
		run(m, &never, wait);
	}
	mosquitto_disconnect(m);
	puts(body);
	return strstr(body, "\"status\":\"assigned\"") == NULL;
}
