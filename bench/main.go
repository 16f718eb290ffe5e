package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures, or plays the part that its arguments name.
func run(args []string) error {
	if len(args) > 0 {
		return play(args)
	}
	stop, err := profile("callers")
	if err != nil {
		return err
	}
	defer stop()
	return measureAll(settingsFrom(os.Getenv))
}

// settings are what the environment says.
type settings struct {
	json, check bool
	only        string
	callers     []int // of remote calls
	rounds      int
	round       time.Duration // of one side, after its warming up
}

func settingsFrom(env func(string) string) settings {
	s := settings{
		json:    env("JSON") != "",
		check:   env("CHECK") != "",
		only:    env("ONLY"),
		callers: []int{1, 16, 256, maxCallers},
		rounds:  7,
		round:   700 * time.Millisecond,
	}
	if env("QUICK") != "" {
		s.rounds, s.round = 3, 200*time.Millisecond
	}
	if n, err := strconv.Atoi(env("CALLERS")); err == nil && n > 0 && n <= maxCallers {
		s.callers = []int{n}
	}
	return s
}

// A suite is rows that are measured together.
type suite struct {
	name    string // the beginning of its rows' cases
	measure func(settings) ([]row, error)
}

func suites() []suite {
	return []suite{
		{"remote", measureRemote},
		{"local", measureLocal},
		{"durable", measureDurable},
	}
}

var errMissed = errors.New("a must is missed")

func measureAll(s settings) error {
	out := newPrinter(os.Stdout, s.json)
	missed := false
	for _, suite := range suites() {
		if !strings.Contains(suite.name, s.only) {
			continue
		}
		rows, err := suite.measure(s)
		if err != nil {
			return fmt.Errorf("%s: %w", suite.name, err)
		}
		for _, r := range rows {
			missed = missed || r.OK != nil && !*r.OK
		}
		if err := out.print(rows); err != nil {
			return err
		}
	}
	if s.check && missed {
		return errMissed
	}
	return nil
}
