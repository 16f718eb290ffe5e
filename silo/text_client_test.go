package silo_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// textClient calls grains as a program would that has neither an SDK nor a NATS library:
// it writes NATS's text protocol into a socket. Nothing of internal/wire helps it, so
// that what it gets is what docs/protocol.md promises and not what the code agrees on
// with itself.
type textClient struct {
	t     testing.TB
	conn  net.Conn
	in    *bufio.Reader
	inbox string
	asked int
}

// textMsg is a message as it came.
type textMsg struct {
	subject string
	reply   string
	status  string // the server's, behind NATS/1.0
	header  map[string][]string
	payload string
}

// textPatience is how long a test waits for what surely comes. What is promised within a
// second is measured.
const textPatience = 20 * time.Second

// dialText connects to the silo's NATS server.
func dialText(t testing.TB, s *silo.Silo) *textClient {
	t.Helper()
	return dialTextAs(t, s.URL(), "", "_INBOX.text."+strconv.FormatInt(time.Now().UnixNano(), 36))
}

// dialTextAs connects as a user, whose password is the name, with an inbox of his own.
func dialTextAs(t testing.TB, url, user, inbox string) *textClient {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &textClient{t: t, conn: conn, in: bufio.NewReader(conn), inbox: inbox}
	if info := c.line(); !strings.HasPrefix(info, "INFO ") {
		t.Fatalf("the server begins with %q", info)
	}
	c.write(fmt.Sprintf(`CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"user":%q,"pass":%q}`+"\r\n", user, user))
	c.sub(c.inbox + ".*")
	return c
}

func (c *textClient) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// sub subscribes; the server has done it before it reads what is written next.
func (c *textClient) sub(subject string) {
	c.asked++
	c.write(fmt.Sprintf("SUB %s %d\r\n", subject, c.asked))
}

// send publishes. Each header is a line, as in "Teff-Timeout: 2s".
func (c *textClient) send(subject, reply, payload string, header ...string) {
	c.t.Helper()
	if reply != "" {
		subject += " " + reply
	}
	if len(header) == 0 {
		c.write(fmt.Sprintf("PUB %s %d\r\n%s\r\n", subject, len(payload), payload))
		return
	}
	block := "NATS/1.0\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n"
	c.write(fmt.Sprintf("HPUB %s %d %d\r\n%s%s\r\n", subject, len(block), len(block)+len(payload), block, payload))
}

// ask sends a request and waits for its answer.
func (c *textClient) ask(subject, payload string, header ...string) textMsg {
	c.t.Helper()
	reply := c.newInbox()
	c.send(subject, reply, payload, header...)
	return c.answer(reply)
}

func (c *textClient) newInbox() string {
	c.asked++
	return fmt.Sprint(c.inbox, ".", c.asked)
}

// answer waits for the message on that subject, which must be the next one.
func (c *textClient) answer(subject string) textMsg {
	c.t.Helper()
	msg, err := c.next()
	if err != nil {
		c.t.Fatalf("no answer on %s: %v", subject, err)
	}
	if msg.subject != subject {
		c.t.Fatalf("got %+v, want the answer on %s", msg, subject)
	}
	return msg
}

// next returns the next message; an error is what the server complains of, or the end of
// the connection.
func (c *textClient) next() (textMsg, error) {
	c.t.Helper()
	for {
		line, err := c.readLine()
		if err != nil {
			return textMsg{}, err
		}
		verb, args, _ := strings.Cut(line, " ")
		switch verb {
		case "PING":
			c.write("PONG\r\n")
		case "PONG", "+OK", "INFO":
		case "-ERR":
			return textMsg{}, fmt.Errorf("the server says %s", args)
		case "MSG", "HMSG":
			return c.message(verb == "HMSG", strings.Fields(args))
		default:
			return textMsg{}, fmt.Errorf("the server says %q", line)
		}
	}
}

// message reads what follows MSG or HMSG, whose arguments are the subject, the
// subscription, perhaps a reply subject, and one or two sizes.
func (c *textClient) message(headed bool, args []string) (textMsg, error) {
	sizes := 1
	if headed {
		sizes = 2
	}
	msg := textMsg{subject: args[0], header: make(map[string][]string)}
	if len(args) > 2+sizes {
		msg.reply = args[2]
	}
	total, err := strconv.Atoi(args[len(args)-1])
	if err != nil {
		return msg, err
	}
	head := 0
	if headed {
		if head, err = strconv.Atoi(args[len(args)-2]); err != nil {
			return msg, err
		}
	}
	data := make([]byte, total+len("\r\n"))
	if _, err := io.ReadFull(c.in, data); err != nil {
		return msg, err
	}
	msg.payload = string(data[head:total])
	if headed {
		lines := strings.Split(strings.TrimSuffix(string(data[:head]), "\r\n\r\n"), "\r\n")
		msg.status = strings.TrimSpace(strings.TrimPrefix(lines[0], "NATS/1.0"))
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ":")
			msg.header[name] = append(msg.header[name], strings.TrimSpace(value))
		}
	}
	return msg, nil
}

func (c *textClient) readLine() (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(textPatience)); err != nil {
		return "", err
	}
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func (c *textClient) line() string {
	c.t.Helper()
	line, err := c.readLine()
	if err != nil {
		c.t.Fatal(err)
	}
	return line
}

// one returns the header's only value.
func (m textMsg) one(t testing.TB, name string) string {
	t.Helper()
	values := m.header[name]
	if len(values) != 1 {
		t.Fatalf("%d values of %s in %+v", len(values), name, m)
	}
	return values[0]
}

// wantError fails the test unless the message is an error with the code, as the protocol
// has it: a number that parses, the code's name, one sentence, and the mark or none.
func (m textMsg) wantError(t testing.TB, code grain.Code, notExecuted bool, says string) {
	t.Helper()
	if got := m.one(t, "Teff-Code"); got != code.String() {
		t.Errorf("got %s (%+v), want %s", got, m, code)
	}
	if n, err := strconv.Atoi(m.one(t, "Nats-Service-Error-Code")); err != nil || n != code.Number() {
		t.Errorf("the number is %d (%v), want %d", n, err, code.Number())
	}
	if text := m.one(t, "Nats-Service-Error"); text == "" || !strings.Contains(text, says) {
		t.Errorf("the sentence is %q, want one with %q", text, says)
	}
	if notExecuted != (len(m.header["Teff-Not-Executed"]) == 1 && m.header["Teff-Not-Executed"][0] == "1") {
		t.Errorf("the mark is %q, want it: %t", m.header["Teff-Not-Executed"], notExecuted)
	}
}

// wantSuccess fails the test unless the message is a response with that payload.
func (m textMsg) wantSuccess(t testing.TB, payload string) {
	t.Helper()
	for _, name := range []string{"Nats-Service-Error-Code", "Nats-Service-Error", "Teff-Code"} {
		if len(m.header[name]) > 0 {
			t.Fatalf("got an error: %+v", m)
		}
	}
	if m.status != "" || m.payload != payload {
		t.Errorf("got %q (status %q), want %q", m.payload, m.status, payload)
	}
}
