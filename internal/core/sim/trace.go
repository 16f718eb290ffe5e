package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

func shardName(s membership.Shard) string { return fmt.Sprintf("%s/%d", s.Type, s.Partition) }

// tracef adds a line to the trace: when, who, and what.
func (w *world) tracef(h *host, format string, args ...any) {
	if !w.opts.Trace {
		return
	}
	who := "-"
	if h != nil {
		who = h.incarnation
	}
	w.lines = append(w.lines, fmt.Sprintf("%6d %12v %-4s %s", w.counts.Steps, time.Duration(w.now), who, fmt.Sprintf(format, args...)))
}

func (w *world) traceEvent(h *host, e membership.Event) {
	if _, tick := e.(membership.Tick); tick || !w.opts.Trace {
		return
	}
	w.tracef(h, "<- %T %s", e, describe(e))
}

func (w *world) traceEffect(h *host, e membership.Effect) {
	if w.opts.Trace {
		w.tracef(h, "-> %T %s", e, describe(e))
	}
}

// describe says what is worth knowing of an event or effect.
func describe(x any) string {
	switch x := x.(type) {
	case membership.Seen:
		return fmt.Sprintf("%q @%d %s", x.Key, x.Revision, record(x.Record))
	case membership.Had:
		return fmt.Sprintf("#%d %s @%d %s", x.Op, outcome(x.Outcome), x.Revision, record(x.Record))
	case membership.Wrote:
		return fmt.Sprintf("#%d %s @%d", x.Op, outcome(x.Outcome), x.Revision)
	case membership.Write:
		return fmt.Sprintf("#%d %q expecting @%d %s", x.Op, x.Key, x.Expect, record(x.Record))
	case membership.Delete:
		return fmt.Sprintf("#%d %q expecting @%d", x.Op, x.Key, x.Expect)
	case membership.Read:
		return fmt.Sprintf("#%d %q", x.Op, x.Key)
	case membership.Changed:
		return viewName(x.View)
	default:
		return fmt.Sprintf("%+v", x)
	}
}

func outcome(o membership.Outcome) string {
	return [...]string{"?", "ok", "conflict", "unknown"}[o]
}

func record(r membership.Record) string {
	switch {
	case r.View != nil:
		return viewName(r.View)
	case r.Beat == nil:
		return "nothing"
	case r.Beat.Dead:
		return "dead"
	default:
		return fmt.Sprintf("beat %d", r.Beat.Number)
	}
}

func viewName(v *membership.View) string {
	var b strings.Builder
	fmt.Fprintf(&b, "view %d.%d open=%v [", v.Generation, v.Epoch, v.Open)
	for _, m := range v.Members {
		fmt.Fprintf(&b, " %s:%d", m.Incarnation, m.State)
	}
	b.WriteString(" ]")
	for _, typ := range slices.Sorted(maps.Keys(v.Tables)) {
		t := v.Tables[typ]
		fmt.Fprintf(&b, " %s %q -> %q since %d", typ, t.Owner, t.Next, t.Since)
	}
	return b.String()
}
