package fsm_test

import (
	"fmt"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// hubAPIVersion is the api-version that the documentation of IoT Hub shows for
// MQTT. It is not an api-version of the Device Provisioning Service.
const hubAPIVersion = "2021-04-12"

// hubConnect returns the CONNECT packet with which an assigned device connects
// to its IoT hub, on port 8883 of the host a.AssignedHub. The key is the one
// with which the device registered.
func hubConnect(a fsm.Assignment, key []byte, expiry time.Time) (*packet.Connect, error) {
	token := sastoken.Sign(key, sastoken.HubResource(a.AssignedHub, a.DeviceID), "", expiry)
	password, err := token.AppendPassword(nil)
	return &packet.Connect{
		CleanSession: true,
		KeepAlive:    240,
		ClientID:     []byte(a.DeviceID),
		Username:     []byte(a.AssignedHub + "/" + a.DeviceID + "/?api-version=" + hubAPIVersion),
		Password:     password,
	}, err
}

// After its assignment, a device of an enrollment group connects to its IoT
// hub. The same derived key serves for both the registration and the hub. The
// device now uses the device ID that the service assigned, which may differ
// from the registration ID.
func Example_hub() {
	const scope, device, groupKey = "0ne00000A1B", "sn-007", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	service, _ := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{
		{Group: "line 4", PrimaryKey: groupKey, Outcome: dpstest.Outcome{AssignedHub: "contoso.azure-devices.net", DeviceID: "pump:7"}},
	}})
	group, _ := sastoken.DecodeKey(groupKey)
	key := sastoken.DeriveKey(group, device)

	m, _ := fsm.New(fsm.Config{IDScope: scope, RegistrationID: device})
	link := dpstest.Link{Password: func(now time.Time) []byte {
		password, _ := sastoken.Sign(key, sastoken.Resource(scope, device), sastoken.KeyName, now.Add(time.Hour)).AppendPassword(nil)
		return password
	}}
	link.Run(m, service, now)
	assignment, err := m.Result()
	if err != nil {
		fmt.Println(err)
		return
	}
	connect, err := hubConnect(assignment, key, now.Add(time.Hour))
	fmt.Println(connect, err)
	token, err := sastoken.Parse(connect.Password)
	fmt.Println(token, err)
	// Output:
	// CONNECT client="pump:7" user="contoso.azure-devices.net/pump:7/?api-version=2021-04-12" password=*** clean=true keepalive=240s <nil>
	// SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Fpump%3A7&sig=REDACTED&se=1795352400 <nil>
}
