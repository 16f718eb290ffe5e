package main

import (
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A digest is a schema without what only compilers need, for people and for programs.
type digest struct {
	Type      string        `json:"type"`
	Service   string        `json:"service"`
	File      string        `json:"file"`
	Comment   string        `json:"comment,omitempty"`
	State     string        `json:"state,omitempty"`
	IdleAfter string        `json:"idleAfter,omitempty"`
	Mailbox   uint32        `json:"mailbox,omitempty"`
	Methods   []methodInfo  `json:"methods"`
	Messages  []messageInfo `json:"messages"`
	Enums     []enumInfo    `json:"enums"`
}

type methodInfo struct {
	Name       string `json:"name"`
	Comment    string `json:"comment,omitempty"`
	Request    string `json:"request"`
	Response   string `json:"response"`
	ReadOnly   bool   `json:"readOnly"`
	Idempotent bool   `json:"idempotent"`
	OneWay     bool   `json:"oneWay"`
	Immutable  bool   `json:"immutable"`
	Timeout    string `json:"timeout,omitempty"`
}

type messageInfo struct {
	Name    string      `json:"name"`
	Comment string      `json:"comment,omitempty"`
	Fields  []fieldInfo `json:"fields"`
}

type fieldInfo struct {
	Name     string `json:"name"`
	JSONName string `json:"jsonName"`
	Number   int32  `json:"number"`
	Type     string `json:"type"`            // as proto writes it, such as map<string, int64>
	Label    string `json:"label,omitempty"` // repeated, optional or required
	Oneof    string `json:"oneof,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

type enumInfo struct {
	Name    string      `json:"name"`
	Comment string      `json:"comment,omitempty"`
	Values  []valueInfo `json:"values"`
}

type valueInfo struct {
	Name    string `json:"name"`
	Number  int32  `json:"number"`
	Comment string `json:"comment,omitempty"`
}

// digester collects the messages and enums that methods lead to, in that order.
type digester struct {
	digest
	seen map[protoreflect.FullName]bool
}

func digestOf(s *schema) digest {
	d := digester{seen: make(map[protoreflect.FullName]bool)}
	d.digest = digest{
		Type:     s.typ,
		Service:  string(s.service.FullName()),
		File:     s.service.ParentFile().Path(),
		Comment:  comment(s.service),
		State:    s.stateName(),
		Mailbox:  s.options.GetMailbox(),
		Messages: []messageInfo{},
		Enums:    []enumInfo{},
		Methods:  make([]methodInfo, len(s.methods)),
	}
	d.IdleAfter = duration(s.options.GetIdleAfter().AsDuration())
	for i, m := range s.methods {
		d.Methods[i] = methodInfo{
			Name:       string(m.Name()),
			Comment:    comment(m),
			Request:    string(m.Input().FullName()),
			Response:   string(m.Output().FullName()),
			ReadOnly:   m.readOnly,
			Idempotent: m.idempotent,
			OneWay:     m.oneWay,
			Immutable:  m.immutable,
			Timeout:    duration(m.timeout),
		}
		d.message(m.Input())
		d.message(m.Output())
	}
	return d.digest
}

// stateName is the state message's full name, which the option may give without package.
func (s *schema) stateName() string {
	state := s.options.GetState()
	if pkg := s.service.ParentFile().Package(); state != "" && pkg != "" && !strings.Contains(state, ".") {
		return string(pkg) + "." + state
	}
	return state
}

// duration is empty where nothing is declared.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (d *digester) message(m protoreflect.MessageDescriptor) {
	if d.seen[m.FullName()] || isWellKnown(m) {
		return
	}
	d.seen[m.FullName()] = true
	info := messageInfo{Name: string(m.FullName()), Comment: comment(m), Fields: make([]fieldInfo, m.Fields().Len())}
	for i := range info.Fields {
		info.Fields[i] = field(m.Fields().Get(i))
	}
	d.Messages = append(d.Messages, info)
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if f.IsMap() {
			f = f.MapValue()
		}
		switch {
		case f.Message() != nil:
			d.message(f.Message())
		case f.Enum() != nil:
			d.enum(f.Enum())
		}
	}
}

func (d *digester) enum(e protoreflect.EnumDescriptor) {
	if d.seen[e.FullName()] || e.FullName().Parent() == "google.protobuf" {
		return
	}
	d.seen[e.FullName()] = true
	info := enumInfo{Name: string(e.FullName()), Comment: comment(e), Values: make([]valueInfo, e.Values().Len())}
	for i := range info.Values {
		v := e.Values().Get(i)
		info.Values[i] = valueInfo{string(v.Name()), int32(v.Number()), comment(v)}
	}
	d.Enums = append(d.Enums, info)
}

func field(f protoreflect.FieldDescriptor) fieldInfo {
	info := fieldInfo{
		Name:     string(f.Name()),
		JSONName: f.JSONName(),
		Number:   int32(f.Number()),
		Type:     fieldType(f),
		Comment:  comment(f),
	}
	switch o := f.ContainingOneof(); {
	case f.IsMap():
	case f.IsList():
		info.Label = "repeated"
	case f.Cardinality() == protoreflect.Required:
		info.Label = "required"
	case f.HasOptionalKeyword():
		info.Label = "optional"
	case o != nil && !o.IsSynthetic():
		info.Oneof = string(o.Name())
	}
	return info
}

func fieldType(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "map<" + fieldType(f.MapKey()) + ", " + fieldType(f.MapValue()) + ">"
	case f.Message() != nil:
		return string(f.Message().FullName())
	case f.Enum() != nil:
		return string(f.Enum().FullName())
	default:
		return f.Kind().String()
	}
}

// comment is what the proto file says above d.
func comment(d protoreflect.Descriptor) string {
	return strings.TrimSpace(d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments)
}
