package main

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	rawSubject = "bench.echo"
	rawTimeout = 30 * time.Second // as Teff's default
)

// rawNATS is what a program does without Teff: a request to a subscription that answers
// in its callback, with nats.go as it comes.
func rawNATS() contender {
	return contender{name: "raw", answer: answerRaw, dial: dialRaw}
}

func answerRaw(args []string) (string, func(), error) {
	nc, err := nats.Connect(args[0])
	if err != nil {
		return "", nil, err
	}
	_, err = nc.Subscribe(rawSubject, func(m *nats.Msg) {
		if err := m.Respond(m.Data); err != nil {
			logger().Error("respond", "error", err)
		}
	})
	if err != nil {
		return "", nil, err
	}
	return rawSubject, nc.Close, nc.Flush()
}

func dialRaw(server, reached string) (call, func(), error) {
	nc, err := nats.Connect(server)
	if err != nil {
		return nil, nil, err
	}
	data := []byte(payload())
	return func(int) error {
		m, err := nc.RequestMsg(&nats.Msg{Subject: reached, Data: data}, rawTimeout)
		if err != nil {
			return err
		}
		if len(m.Data) != len(data) {
			return fmt.Errorf("%d bytes came back of %d", len(m.Data), len(data))
		}
		return nil
	}, nc.Close, nil
}
