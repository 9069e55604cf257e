package explore

// Registration says what the key of a registration.Registration leaves out, and why.
var Registration = map[string]Reduction{
	"Registration.cfg":         {Why: "it does not change"},
	"Registration.requests":    {Why: "it counts without end, and shows only in the $rid, which the steps look up"},
	"Registration.ignored":     {Why: "it counts without end, and decides nothing"},
	"Registration.operationID": {IsSet, "one id is as good as another"},
	"Registration.last":        {IsSet, "it shows in the text of an error only"},
	"Registration.result":      {IsSet, "it decides nothing, and never changes, as is checked"},
	"Registration.err":         {ErrorKind, "what else an error has decides nothing, and never changes, as is checked"},
}
