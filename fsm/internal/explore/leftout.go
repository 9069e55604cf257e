package explore

// Registration lists the fields that the key of a registration.Registration
// omits, and the reasons.
var Registration = map[string]Reduction{
	"Registration.cfg":         {Why: "it does not change"},
	"Registration.requests":    {Why: "it is an unlimited counter and appears only in the $rid, which the steps read"},
	"Registration.ignored":     {Why: "it is an unlimited counter and decides nothing"},
	"Registration.operationID": {IsSet, "the value of the ID does not matter"},
	"Registration.last":        {IsSet, "it appears only in the text of an error"},
	"Registration.result":      {IsSet, "it decides nothing and never changes, which is checked"},
	"Registration.err":         {ErrorKind, "the rest of an error decides nothing and never changes, which is checked"},
}
