package main

// The exit codes. They are a promise to scripts: 2 and 3 mean that nothing was executed,
// 4 that nobody knows.
const (
	exitOK          = 0
	exitCoded       = 1 // the call ended with an error that the grain or its silo made; init or generate failed
	exitUsage       = 2 // the command line, the type, the method or the JSON is wrong
	exitUnreachable = 3 // NATS cannot be reached, or no silo answers or takes the call
	exitUnknown     = 4 // the call may have had its effect
)

const exitHelp = `Exit codes:

	0  it went well
	1  the call ended with an error of the grain; init or generate failed
	2  a mistake in the command, the type, the method or the JSON; nothing was executed
	3  NATS cannot be reached, or no silo answers; nothing was executed
	4  the outcome is unknown: the call may have had its effect
`
