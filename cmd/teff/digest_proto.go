package main

import (
	"fmt"
	"strings"
)

// proto writes the digest for people, as a proto file would have it. Names of the
// service's own package are short.
func (d digest) proto() string {
	w := &protoWriter{}
	if i := strings.LastIndexByte(d.Service, '.'); i >= 0 {
		w.pkg = d.Service[:i+1]
	}
	w.comment("", d.Comment)
	w.printf("service %s {\n", d.Service)
	for _, o := range d.options() {
		w.printf("  // %s\n", o)
	}
	for i, m := range d.Methods {
		if i > 0 && m.Comment != "" || i == 0 && len(d.options()) > 0 {
			w.printf("\n")
		}
		w.comment("  ", m.Comment)
		w.printf("  rpc %s(%s) returns (%s);", m.Name, w.short(m.Request), w.short(m.Response))
		if o := m.options(); len(o) > 0 {
			w.printf(" // %s", strings.Join(o, ", "))
		}
		w.printf("\n")
	}
	w.printf("}\n")
	for _, m := range d.Messages {
		w.message(m)
	}
	for _, e := range d.Enums {
		w.enum(e)
	}
	return w.String()
}

// options are what the service declares of itself as a grain.
func (d digest) options() []string {
	var all []string
	if d.Type != d.Service {
		all = append(all, "type: "+d.Type)
	}
	if d.State != "" {
		all = append(all, "state: "+d.State)
	}
	if d.IdleAfter != "" {
		all = append(all, "idle after: "+d.IdleAfter)
	}
	if d.Mailbox != 0 {
		all = append(all, fmt.Sprintf("mailbox: %d", d.Mailbox))
	}
	return all
}

// options are what the method declares of itself.
func (m methodInfo) options() []string {
	var all []string
	for _, o := range []struct {
		on   bool
		text string
	}{
		{m.ReadOnly, "read-only"},
		{m.Idempotent, "idempotent"},
		{m.OneWay, "one-way"},
		{m.Immutable, "immutable"},
		{m.Timeout != "", "timeout " + m.Timeout},
	} {
		if o.on {
			all = append(all, o.text)
		}
	}
	return all
}

// protoWriter writes proto text.
type protoWriter struct {
	strings.Builder
	pkg string // with its final dot
}

func (w *protoWriter) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func (w *protoWriter) comment(indent, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		w.printf("%s//%s\n", indent, strings.TrimRight(" "+strings.TrimPrefix(line, " "), " "))
	}
}

// short leaves out the service's package, where a type's name begins: also within map<>.
func (w *protoWriter) short(name string) string {
	if value, ok := strings.CutPrefix(name, "map<"); ok {
		key, value, _ := strings.Cut(strings.TrimSuffix(value, ">"), ", ")
		return "map<" + key + ", " + w.short(value) + ">"
	}
	return strings.TrimPrefix(name, w.pkg)
}

func (w *protoWriter) message(m messageInfo) {
	w.printf("\n")
	w.comment("", m.Comment)
	if len(m.Fields) == 0 {
		w.printf("message %s {}\n", w.short(m.Name))
		return
	}
	w.printf("message %s {\n", w.short(m.Name))
	oneof, indent := "", "  "
	for _, f := range m.Fields {
		if f.Oneof != oneof {
			if oneof != "" {
				w.printf("  }\n")
			}
			if oneof, indent = f.Oneof, "  "; oneof != "" {
				w.printf("  oneof %s {\n", oneof)
				indent = "    "
			}
		}
		w.comment(indent, f.Comment)
		w.printf("%s", indent)
		if f.Label != "" {
			w.printf("%s ", f.Label)
		}
		w.printf("%s %s = %d;\n", w.short(f.Type), f.Name, f.Number)
	}
	if oneof != "" {
		w.printf("  }\n")
	}
	w.printf("}\n")
}

func (w *protoWriter) enum(e enumInfo) {
	w.printf("\n")
	w.comment("", e.Comment)
	w.printf("enum %s {\n", w.short(e.Name))
	for _, v := range e.Values {
		w.comment("  ", v.Comment)
		w.printf("  %s = %d;\n", v.Name, v.Number)
	}
	w.printf("}\n")
}
