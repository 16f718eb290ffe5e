package codegen

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/teff-dev/teff/grain"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// optionNumber is the number of teff.v1.grain and of teff.v1.method.
func optionNumber() int32 { return int32(teffv1.E_Grain.TypeDescriptor().Number()) }

// Field numbers on the way from a descriptor to its Teff options, as source locations
// have them.
const (
	serviceOptionsField = 3
	methodOptionsField  = 4
)

// emptyName is the response of a one-way method.
const emptyName = protoreflect.FullName("google.protobuf.Empty")

// What the wire takes; see docs/protocol.md.
const (
	maxMethodBytes = 128
	maxTimeout     = 24 * time.Hour
)

// payloadBrace is the field number that, as a group, starts with the byte '{'.
const payloadBrace = 15

// at is the path of a field of a service's grain option.
func (s *service) at(field protoreflect.Name) []int32 {
	return optionPath(serviceOptionsField, s.options.ProtoReflect().Descriptor(), field)
}

// at is the path of a field of a method's option.
func (m *method) at(field protoreflect.Name) []int32 {
	return optionPath(methodOptionsField, (*teffv1.MethodOptions)(nil).ProtoReflect().Descriptor(), field)
}

func optionPath(options int32, in protoreflect.MessageDescriptor, field protoreflect.Name) []int32 {
	return []int32{options, optionNumber(), int32(in.Fields().ByName(field).Number())}
}

func (f *file) check(gen *protogen.Plugin, ps *Problems) {
	for _, s := range f.services {
		s.check(gen, ps)
		for _, m := range s.methods {
			m.check(gen, ps)
		}
		s.checkMethodNames(ps)
	}
	for _, m := range f.strays {
		ps.add(m.Desc, []int32{methodOptionsField, optionNumber()}, "%s.%s has (teff.v1.method), but %s is no grain: add option (teff.v1.grain) = {}",
			m.Parent.Desc.Name(), m.Desc.Name(), m.Parent.Desc.Name())
	}
}

func (s *service) check(gen *protogen.Plugin, ps *Problems) {
	s.checkType(ps)
	s.resolveState(gen, ps)
	checkDuration(ps, s.proto.Desc, s.at("idle_after"), "idle_after", s.options.GetIdleAfter())
	if r := s.options.GetReentrancy(); r != teffv1.Reentrancy_REENTRANCY_UNSPECIFIED {
		ps.add(s.proto.Desc, s.at("reentrancy"), "%s is not supported yet", r)
	}
	if p := s.options.GetPlacement(); p != teffv1.Placement_PLACEMENT_UNSPECIFIED {
		ps.add(s.proto.Desc, s.at("placement"), "%s is not supported yet", p)
	}
}

// checkType holds the type's name against the grammar of identities.
func (s *service) checkType(ps *Problems) {
	if s.options.GetName() != "" {
		if err := (grain.ID{Type: s.typ, Key: "x"}).Validate(); err != nil {
			ps.add(s.proto.Desc, s.at("name"), "the grain type's name %q will not do: %s", s.typ, sentence(err))
		}
		return
	}
	if err := (grain.ID{Type: s.typ, Key: "x"}).Validate(); err != nil {
		ps.add(s.proto.Desc, nil, "the service's full name will not do as the grain type's: %s; give it another with the option's name", sentence(err))
	}
}

// resolveState finds the message that the option names: by its full name or else, as
// protobuf would, in the service's package. It must be in the service's file or in
// one that is imported, so that the outcome does not depend on what else is generated.
func (s *service) resolveState(gen *protogen.Plugin, ps *Problems) {
	name := protoreflect.FullName(s.options.GetState())
	if name == "" {
		return
	}
	visible := withImports(s.proto.Desc.ParentFile())
	candidates := []protoreflect.FullName{name}
	if pkg := s.proto.Desc.ParentFile().Package(); pkg != "" {
		candidates = append(candidates, pkg+"."+name)
	}
	for _, candidate := range candidates {
		m := findMessage(gen, candidate)
		if m == nil {
			continue
		}
		if !visible[m.Desc.ParentFile().Path()] {
			ps.add(s.proto.Desc, s.at("state"), "the state message %s is in %s, which is not imported: add import %q",
				candidate, m.Desc.ParentFile().Path(), m.Desc.ParentFile().Path())
			return
		}
		s.state = m
		s.checkImportable(gen, ps, s.proto.Desc, s.at("state"), m)
		return
	}
	ps.add(s.proto.Desc, s.at("state"), "there is no message %s to be the state: write its full name, and import its file", name)
}

func (m *method) check(gen *protogen.Plugin, ps *Problems) {
	desc := m.proto.Desc
	name := desc.FullName()
	switch {
	case desc.IsStreamingClient() && desc.IsStreamingServer():
		ps.add(desc, nil, "%s streams both ways, which a grain cannot: a call is one request and one response", name)
	case desc.IsStreamingClient():
		ps.add(desc, nil, "%s streams its requests, which a grain cannot take: a call is one request and one response", name)
	case desc.IsStreamingServer():
		ps.add(desc, nil, "%s streams its responses, which is not supported yet", name)
	}
	if n := len(desc.Name()); n > maxMethodBytes {
		ps.add(desc, nil, "the name of an rpc of a grain has at most %d bytes, this one has %d: shorten it", maxMethodBytes, n)
	}
	if m.options.GetInterleave() {
		ps.add(desc, m.at("interleave"), "interleave is not supported yet")
	}
	if m.options.GetDedup() != nil {
		ps.add(desc, m.at("dedup"), "dedup is not supported yet")
	}
	if m.options.GetOneWay() && m.proto.Output.Desc.FullName() != emptyName {
		ps.add(desc, m.at("one_way"), "%s is one-way, so its response must be %s, not %s", name, emptyName, m.proto.Output.Desc.FullName())
	}
	checkDuration(ps, desc, m.at("timeout"), "timeout", m.options.GetTimeout())
	if d := m.options.GetTimeout(); d.CheckValid() == nil && d.AsDuration() > maxTimeout {
		ps.add(desc, m.at("timeout"), "timeout must be at most %s, got %s: no caller can wait longer for a call", maxTimeout, d.AsDuration())
	}
	m.service.checkImportable(gen, ps, desc, nil, m.proto.Input)
	m.service.checkImportable(gen, ps, desc, nil, m.proto.Output)
	m.checkBrace(gen, ps)
}

// checkBrace refuses a request whose bytes could be taken for JSON: a payload that
// comes without a Content-Type is JSON when it starts with '{'.
func (m *method) checkBrace(gen *protogen.Plugin, ps *Problems) {
	refuse := func(field protoreflect.FieldDescriptor) {
		ps.add(m.proto.Desc, nil, "the request %s of %s has a group with number %d, %s: its first byte would be '{', which marks JSON; give it another number",
			m.proto.Input.Desc.FullName(), m.proto.Desc.FullName(), payloadBrace, field.FullName())
	}
	if f := m.proto.Input.Desc.Fields().ByNumber(payloadBrace); f != nil && f.Kind() == protoreflect.GroupKind {
		refuse(f)
	}
	for _, x := range extensionsOf(gen) {
		if x.Desc.Number() == payloadBrace && x.Desc.Kind() == protoreflect.GroupKind && x.Extendee == m.proto.Input {
			refuse(x.Desc)
		}
	}
}

// checkImportable refuses a message of a Go package that the grains' package cannot
// import.
func (s *service) checkImportable(gen *protogen.Plugin, ps *Problems, at protoreflect.Descriptor, path []int32, m *protogen.Message) {
	home := gen.FilesByPath[m.Desc.ParentFile().Path()]
	if home.GoPackageName == "main" && home.GoImportPath != s.file.importPath {
		ps.add(at, path, "the Go code of %s is in package main (go_package of %s), which %s cannot import: give it another package",
			m.Desc.FullName(), home.Desc.Path(), s.file.pkg)
	}
	if parent, ok := internalTo(string(home.GoImportPath)); ok && !within(string(s.file.importPath), parent) {
		ps.add(at, path, "the Go code of %s is in %s, which %s cannot import: it is internal to %s",
			m.Desc.FullName(), string(home.GoImportPath), string(s.file.importPath), parent)
	}
}

// internalTo returns the package whose tree alone may import an internal one.
func internalTo(importPath string) (parent string, ok bool) {
	elements := strings.Split(importPath, "/")
	for i := len(elements) - 1; i > 0; i-- {
		if elements[i] == "internal" {
			return strings.Join(elements[:i], "/"), true
		}
	}
	return "", false
}

// within says that importPath is parent, or below it.
func within(importPath, parent string) bool {
	return importPath == parent || strings.HasPrefix(importPath, parent+"/")
}

func checkDuration(ps *Problems, desc protoreflect.Descriptor, path []int32, field string, d *durationpb.Duration) {
	if d == nil {
		return
	}
	if err := d.CheckValid(); err != nil {
		ps.add(desc, path, "%s is no duration: seconds %d, nanos %d", field, d.GetSeconds(), d.GetNanos())
		return
	}
	if d.AsDuration() <= 0 {
		ps.add(desc, path, "%s must be longer than zero, got %s: leave it out for the silo's default", field, d.AsDuration())
	}
}

// checkExtensions refuses an option of somebody else's that has the number of ours: it
// would be read as ours, and no program could link both.
func checkExtensions(gen *protogen.Plugin, ps *Problems) {
	ours := []protoreflect.ExtensionType{teffv1.E_Grain, teffv1.E_Method}
	for _, x := range extensionsOf(gen) {
		for _, our := range ours {
			o := our.TypeDescriptor()
			if x.Desc.Number() == o.Number() && x.Desc.ContainingMessage().FullName() == o.ContainingMessage().FullName() && x.Desc.FullName() != o.FullName() {
				ps.add(x.Desc, nil, "the number %d of %s is taken by %s: give it another", o.Number(), x.Desc.FullName(), o.FullName())
			}
		}
	}
}

// checkTypes refuses two grain types of one name, anywhere in the request.
func checkTypes(files []*file, ps *Problems) {
	owner := make(map[string]*service)
	for _, f := range ordered(files) {
		for _, s := range f.services {
			first, taken := owner[s.typ]
			if !taken {
				owner[s.typ] = s
				continue
			}
			var at []int32
			if s.options.GetName() != "" {
				at = s.at("name")
			}
			ps.add(s.proto.Desc, at, "the grain type %s is already that of the service %s in %s", s.typ, first.proto.Desc.FullName(), first.file.proto.Desc.Path())
		}
	}
}

// ordered puts the files that are only imported first, so that a clash is told of one
// that is generated.
func ordered(files []*file) []*file {
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b *file) int {
		switch {
		case a.proto.Generate == b.proto.Generate:
			return 0
		case b.proto.Generate:
			return -1
		default:
			return 1
		}
	})
	return sorted
}
