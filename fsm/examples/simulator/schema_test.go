package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("enrollments.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("enrollments.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

const (
	key16 = "AAECAwQFBgcICQoLDA0ODw=="
	key15 = "AAECAwQFBgcICQoLDA0O"
	key64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
	key65 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A="
)

// config, enrollment, fault, outcome and choice return a document that contains
// the given members.
func config(members string) string { return `{"idScope": "0ne00000A1B", ` + members + `}` }

func enrollment(members string) string { return config(`"enrollments": [{` + members + `}]`) }

func fault(members string) string {
	return enrollment(`"registrationId": "a", "primaryKey": "` + key16 + `", "faults": [{` + members + `}]`)
}

func outcome(members string) string {
	return enrollment(`"registrationId": "a", "primaryKey": "` + key16 + `", "outcome": {` + members + `}`)
}

func choice(members string) string { return config(`"choices": {` + members + `}`) }

// goodDocuments returns documents that the schema and the program accept.
func goodDocuments() []string {
	all := []string{
		`{"idScope": "0ne00000A1B"}`,
		`{"$schema": "enrollments.schema.json", "idScope": "0ne00000A1B", "retryAfter": "none", "assignedHub": "h", "registrationsPerMinute": -1, "pollsPer10s": 5, "remember": 0, "enrollments": []}`,
		enrollment(`"registrationId": "a.b_c:d-", "primaryKey": "` + key64 + `", "secondaryKey": "` + strings.TrimRight(key16, "=") + `", "x509": false`),
		enrollment(`"group": "g", "prefix": "sn-", "primaryKey": "` + key16 + `"`),
		enrollment(`"registrationId": "a", "x509": true, "authority": "CA", "thumbprints": ["` + strings.Repeat("aB", 20) + `", "` + strings.Repeat("00:", 31) + `ff"]`),
		enrollment(`"group": "g", "x509": true, "authority": "CA"`),
		outcome(`"status": "failed", "polls": 2, "atOnce": true, "retryAfter": 1.5, "assignedHub": "h", "deviceId": "d", "substatus": "s", "errorCode": 1, "errorMessage": "m", "payload": null, "x509": {}, "symmetricKey": [], "issuedCertificateChain": ["AA=="]`),
		choice(`"connectTimeout": 0.5, "usernameCode": 5, "idScopeCode": 4, "clientIdCode": 3, "tokenSkew": -1, "literalPlus": true, "apiVersions": ["2019-03-31", "2021-10-01-preview"], "otherTopic": "ignore", "operationCode": 404000, "certificateHangUp": true, "quotaWindow": "clock"`),
	}
	return append(all, goodFaults()...)
}

// goodFaults returns documents with each field of a fault, alone and combined.
func goodFaults() (all []string) {
	for _, members := range []string{
		`"at": "connect", "nth": 2, "hangUp": true`, `"at": "connect", "hangUpAfter": true`, `"at": "query", "silence": true`, `"at": "register", "noPuback": true`,
		`"at": "ping", "delay": 0.5`, `"at": "unsubscribe", "silence": true`, `"at": "connect", "returnCode": 5`, `"at": "subscribe", "returnCode": 128`, `"at": "register", "status": 429`,
		`"at": "query", "body": ""`, `"at": "query", "retryAfter": "soon"`, `"at": "query", "requestId": ""`, `"at": "register", "answerFirst": true`, `"at": "register", "reversed": true`,
		`"at": "register", "repeat": 1000`, `"at": "query", "stale": true`, `"at": "query", "qos": 0`, `"at": "ping", "raw": "c000"`,
		`"at": "register", "status": 503, "hangUp": true, "delay": 2`, `"at": "register", "status": 503, "silence": true, "noPuback": true`, `"at": "query", "silence": true, "raw": "00", "delay": 1`,
		`"at": "register", "status": 429, "body": "x", "retryAfter": 7, "qos": 1`, `"at": "ping", "repeat": 0, "stale": false, "status": 0, "silence": true`,
	} {
		all = append(all, fault(members))
	}
	return all
}

// badDocuments returns documents that the schema and the program reject.
func badDocuments() []string {
	all := []string{
		`[]`, `{}`, `{"idScope": ""}`, `{"idScope": 1}`, `{"idScope": "a/b"}`, `{"idScope": "` + strings.Repeat("a", 65) + `"}`, `{"IDScope": "0ne00000A1B"}`,
		config(`"enrolments": []`), config(`"enrollments": {}`), config(`"enrollments": null`), config(`"retryAfter": true`), config(`"retryAfter": "a&b"`), config(`"remember": -1`), config(`"pollsPer10s": 1.5`),
		enrollment(``), enrollment(`"registrationId": "a"`), enrollment(`"registrationId": "a", "group": "b", "x509": true`), enrollment(`"registrationId": "a b", "x509": true`),
		enrollment(`"registrationId": "a.", "x509": true`), enrollment(`"registrationId": "a", "prefix": "a", "x509": true`), enrollment(`"registrationId": "a", "x509": true, "primaryKey": "` + key16 + `"`),
		enrollment(`"registrationId": "a", "primaryKey": "` + key15 + `"`), enrollment(`"registrationId": "a", "primaryKey": "` + key65 + `"`), enrollment(`"registrationId": "a", "primaryKey": "***"`),
		enrollment(`"registrationId": "a", "secondaryKey": "` + key16 + `"`), enrollment(`"registrationId": "a", "x509": "true"`), enrollment(`"registrationId": "a", "x509": true, "thumbprints": ["00"]`),
		enrollment(`"group": "a", "x509": true, "thumbprints": ["` + strings.Repeat("00", 20) + `"]`), enrollment(`"group": "a", "primaryKey": "` + key16 + `", "authority": "CA"`),
		outcome(`"polls": -1`), outcome(`"polls": "1"`), outcome(`"status": 200`), outcome(`"retryAfter": {}`), outcome(`"issuedCertificateChain": [1]`), outcome(`"atonce": true`),
		choice(`"connectTimeout": -1`), choice(`"usernameCode": 6`), choice(`"idScopeCode": -1`), choice(`"clientIdCode": 300`), choice(`"tokenSkew": 1e9`), choice(`"apiVersions": ["latest"]`),
		choice(`"otherTopic": "drop"`), choice(`"operationCode": 200`), choice(`"quotaWindow": "sliding"`), choice(`"literalPlus": 1`),
	}
	return append(all, badFaults()...)
}

func badFaults() (all []string) {
	for _, members := range []string{
		``, `"status": 429`, `"at": "register"`, `"at": "register", "nth": 1`, `"at": "regsiter", "silence": true`, `"at": "register", "nth": -1, "silence": true`, `"at": "register", "silent": true`,
		`"at": "register", "status": 99`, `"at": "register", "status": 600`, `"at": "register", "returnCode": 5`, `"at": "connect", "returnCode": 6`, `"at": "subscribe", "returnCode": 1`, `"at": "ping", "returnCode": 1`,
		`"at": "register", "repeat": 1001`, `"at": "register", "delay": -1`, `"at": "register", "qos": 3`, `"at": "register", "raw": "0"`, `"at": "register", "raw": "xx"`, `"at": "register", "requestId": "` + strings.Repeat("x", 257) + `"`,
		`"at": "connect", "status": 429`, `"at": "connect", "body": ""`, `"at": "subscribe", "retryAfter": 3`, `"at": "ping", "repeat": 1`, `"at": "unsubscribe", "noPuback": true`, `"at": "connect", "qos": 0`, `"at": "connect", "requestId": "1"`,
		`"at": "ping", "answerFirst": true`, `"at": "ping", "reversed": true`, `"at": "ping", "stale": true`,
		`"at": "register", "hangUp": true, "body": ""`, `"at": "register", "hangUp": true, "silence": true`, `"at": "register", "hangUp": true, "hangUpAfter": true`, `"at": "register", "hangUp": true, "status": 200`,
		`"at": "register", "hangUp": true, "noPuback": true`, `"at": "connect", "hangUp": true, "returnCode": 1`, `"at": "register", "hangUp": true, "raw": "00"`,
		`"at": "register", "silence": true, "retryAfter": 3`, `"at": "register", "silence": true, "status": 200`, `"at": "register", "silence": true, "delay": 1`, `"at": "register", "noPuback": true, "answerFirst": true`,
		`"at": "register", "retryAfter": ""`, `"at": "register", "body": null`, `"at": null`,
	} {
		all = append(all, fault(members))
	}
	return all
}

// The schema and the program accept the same documents.
func TestSchemaAndProgramAgree(t *testing.T) {
	compiled := compiledSchema(t)
	examples, err := os.ReadFile("enrollments.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(text string, good bool) {
		t.Helper()
		if _, err := (&options{trust: "ca.pem"}).decode([]byte(text)); (err == nil) != good {
			t.Errorf("the program accepts the document: want %t, got %v\n%s", good, err, text)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(doc); (err == nil) != good {
			t.Errorf("the schema accepts the document: want %t, got %v\n%s", good, err, text)
		}
	}
	for _, text := range append(goodDocuments(), string(examples)) {
		check(text, true)
	}
	for _, text := range badDocuments() {
		check(text, false)
	}
}

// steps returns the names of the steps that a fault can disturb.
func steps() (all []string) {
	for s := dpstest.Step(1); s.String() != fmt.Sprint("step ", byte(s)); s++ {
		all = append(all, s.String())
	}
	return all
}

// The schema and the program accept the same steps, and the same fields at each
// of them.
func TestSchemaAndProgramAgreeAtEachStep(t *testing.T) {
	compiled := compiledSchema(t)
	for _, step := range append(steps(), "", "no-such-step", "step 1") {
		for _, members := range []string{
			`"hangUp": true`, `"hangUpAfter": true`, `"silence": true`, `"noPuback": true`, `"delay": 1`, `"returnCode": 1`, `"returnCode": 6`, `"returnCode": 128`,
			`"status": 200`, `"status": 400`, `"body": ""`, `"retryAfter": 1`, `"requestId": ""`, `"answerFirst": true`, `"reversed": true`, `"repeat": 1`, `"stale": true`,
			`"qos": 0`, `"raw": "00"`, `"nth": 2`, `"hangUp": true, "status": 400`, `"hangUp": true, "returnCode": 1`, `"silence": true, "status": 400, "noPuback": true`,
		} {
			text := fault(`"at": "` + step + `", ` + members)
			_, program := (&options{trust: "ca.pem"}).decode([]byte(text))
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(doc); (err == nil) != (program == nil) {
				t.Errorf("%s at %q: the program returns %v, the schema %v", members, step, program, err)
			}
			if known := slices.Contains(steps(), step); members == `"hangUp": true` && (program == nil) != known {
				t.Errorf("%s at %q: %v", members, step, program)
			}
		}
	}
}

// The schema contains exactly the fields of the configuration, each with a
// description.
func TestSchemaHasEachField(t *testing.T) {
	var doc struct {
		Properties map[string]json.RawMessage
		Defs       map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &doc); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		of   reflect.Type
		have map[string]json.RawMessage
	}{
		{reflect.TypeFor[document](), doc.Properties},
		{reflect.TypeFor[dpstest.Enrollment](), doc.Defs["enrollment"].Properties},
		{reflect.TypeFor[dpstest.Outcome](), doc.Defs["outcome"].Properties},
		{reflect.TypeFor[dpstest.Fault](), doc.Defs["fault"].Properties},
		{reflect.TypeFor[dpstest.Choices](), doc.Defs["choices"].Properties},
	} {
		var want []string
		for _, field := range reflect.VisibleFields(test.of) {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(test.have))); d != "" {
			t.Errorf("%v: %s", test.of, d)
		}
		for name, text := range test.have {
			var property struct{ Description string }
			if err := json.Unmarshal(text, &property); err != nil || len(property.Description) < 10 {
				t.Errorf("%v: %s does not have a description", test.of, name)
			}
		}
	}
}

// Each field of a fault occurs in at least one document of goodFaults.
func TestSchemaTableHasEachFault(t *testing.T) {
	all := fmt.Sprint(goodFaults())
	for _, field := range reflect.VisibleFields(reflect.TypeFor[dpstest.Fault]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); !strings.Contains(all, `"`+name+`"`) {
			t.Errorf("%q does not occur in the documents of goodFaults", name)
		}
	}
}
