package app

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a terminal, and returns it and what it would show once it is closed.
func terminal(t *testing.T) (tty *os.File, shown func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine lends no terminal: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(master) // ends with an error when the other end is closed
		text <- string(all)
	}()
	return tty, func() string {
		if err := tty.Close(); err != nil {
			t.Error(err)
		}
		return <-text
	}
}

func TestATerminalHasABar(t *testing.T) {
	tty, shown := terminal(t)
	c := newCommand("sample", "", nil, io.Discard, tty)
	p := c.Progress("digging", 40)
	for range 40 {
		p.Step()
	}
	p.End()
	got := shown()
	if want := regexp.MustCompile(`digging 100% \|█+\| \(40/40[^\r\n]*\r\nsample: digging: \S+s\r\n$`); !want.MatchString(got) {
		t.Errorf("it shows %q, want %s at the end", got, want)
	}
	if strings.Contains(got, "to do") {
		t.Errorf("there is a bar, and a line as well: %q", got)
	}
}
