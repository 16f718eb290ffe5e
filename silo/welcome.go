package silo

import (
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Welcome tells a person where the silo is and gives a command to paste.
func (s *Silo) Welcome(w io.Writer) {
	where := "outside"
	if s.server != nil {
		where = "embedded"
	}
	types := strings.Join(s.typeNames(), ", ")
	if types == "" {
		types = "no grains"
	}
	fmt.Fprintf(w, "teff: hosting %s\n", types)
	fmt.Fprintf(w, "teff: NATS at %s (%s), cluster %s\n", s.URL(), where, s.cfg.Cluster)
	switch {
	case s.cfg.Mesh != nil:
		fmt.Fprintf(w, "teff: node %s of a mesh of %d peers; its files are in %s\n", s.cfg.Mesh.Node, len(s.cfg.Mesh.Peers), s.cfg.DataDir)
	case s.storeID != "":
		fmt.Fprintf(w, "teff: state in %s\n", s.cfg.DataDir)
	}
	if line := s.tryLine(); line != "" {
		fmt.Fprintf(w, "teff: try: %s\n", line)
	}
}

// tryLine is a call of the first method of the first type.
func (s *Silo) tryLine() string {
	if len(s.sorted) == 0 || s.sorted[0].kind.Service.Desc.Methods().Len() == 0 {
		return ""
	}
	service := s.sorted[0].kind.Service
	m := service.Desc.Methods().Get(0)
	cluster := ""
	if s.cfg.Cluster != defaultCluster {
		cluster = " --cluster " + s.cfg.Cluster
	}
	return fmt.Sprintf("teff call --nats %s%s %s/alice %s '%s'", s.URL(), cluster, service.Type, m.Name(), example(m.Input()))
}

// example is a request in JSON, with something in each plain field.
func example(m protoreflect.MessageDescriptor) string {
	var parts []string
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if f.HasOptionalKeyword() || f.ContainingOneof() != nil || f.Cardinality() == protoreflect.Repeated {
			continue
		}
		var value string
		switch f.Kind() {
		case protoreflect.StringKind:
			value = `"x"`
		case protoreflect.BoolKind:
			value = "true"
		case protoreflect.MessageKind, protoreflect.GroupKind, protoreflect.EnumKind, protoreflect.BytesKind:
			continue
		default:
			value = "5"
		}
		parts = append(parts, fmt.Sprintf("%q:%s", f.JSONName(), value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}
