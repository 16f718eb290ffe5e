package wire

// Version is the version of the contract. Whoever speaks it ignores headers that it
// does not know.
const Version = 1

// QueueGroup is the queue group in which silos listen, so that each message reaches
// one of them.
const QueueGroup = "teff"

// The headers of requests. Names are compared as they are spelled here.
const (
	HeaderTimeout     = "Teff-Timeout"    // the remaining time; see ParseTimeout
	HeaderRequestID   = "Teff-Request-Id" // the caller's name of the logical request
	HeaderChain       = "Teff-Chain"      // the calls that led to this one; between silos only
	HeaderCancel      = "Teff-Cancel"     // the reply subject of the call to cancel
	HeaderOrigin      = "Teff-Origin"     // the reply subject at the door, for Teff-Cancel; between silos only
	HeaderContentType = "Content-Type"    // the codec; see DetectCodec
	HeaderMetaPrefix  = "Teff-Meta-"      // begins the names of application metadata
)

// The headers of replies that are errors.
const (
	HeaderServiceErrorCode = "Nats-Service-Error-Code" // a number, as in HTTP
	HeaderServiceError     = "Nats-Service-Error"      // one sentence
	HeaderCode             = "Teff-Code"               // the code's canonical name
	HeaderNotExecuted      = "Teff-Not-Executed"       // "1": the method did not begin
	HeaderStatus           = "Status"                  // the server's own: "503", nobody listens
)

// Header is a message's headers; it converts to and from nats.Header.
type Header = map[string][]string

// first returns the header's first value, without the white space around it.
func first(h Header, name string) (string, bool) {
	values := h[name]
	if len(values) == 0 {
		return "", false
	}
	return trim(values[0]), true
}

// trim takes off the white space that header parsers may leave. Unlike
// strings.TrimSpace it leaves what is not white space in a header.
func trim(value string) string {
	for value != "" && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for value != "" && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	return value
}
