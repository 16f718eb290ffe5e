package codegen

import (
	"path"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// reserved are names of methods that mean something else on a grain or on a ref.
func reserved(goName string) string {
	switch goName {
	case "OnActivate":
		return "a grain that has it is told when it enters memory"
	case "OnDeactivate":
		return "a grain that has it is told when it leaves memory"
	case "GrainID":
		return "every ref has it, to name its grain"
	default:
		return ""
	}
}

// checkMethodNames refuses reserved names, and rpcs that are one method in Go.
func (s *service) checkMethodNames(ps *Problems) {
	first := make(map[string]*method, len(s.methods))
	for _, m := range s.methods {
		name, desc := m.proto.GoName, m.proto.Desc
		if why := reserved(name); why != "" {
			ps.add(desc, nil, "an rpc cannot be called %s, in Go %s: %s", desc.Name(), name, why)
		}
		if other := first[name]; other != nil {
			ps.add(desc, nil, "the rpcs %s and %s of %s would both be the method %s in Go: rename one",
				other.proto.Desc.Name(), desc.Name(), s.proto.Desc.FullName(), name)
			continue
		}
		first[name] = m
	}
}

// declarations are what the files of one Go package declare at package level.
type declarations map[string]declaration

type declaration struct {
	what string                  // such as "the service bank.v1.Account"
	desc protoreflect.Descriptor // where
}

// checkNames refuses grains whose generated names clash: with each other's, with those
// of the messages in the same Go package, or with the name that an import would get.
func checkNames(files []*file, ps *Problems) {
	packages := make(map[protogen.GoImportPath]declarations)
	for _, f := range files {
		if packages[f.importPath] == nil {
			packages[f.importPath] = make(declarations)
		}
		if f.importPath == f.proto.GoImportPath {
			packages[f.importPath].addFile(f.proto)
		}
	}
	for _, f := range ordered(files) {
		for _, s := range f.services {
			packages[f.importPath].addService(s, ps)
		}
	}
	for _, f := range files {
		if f.proto.Generate {
			packages[f.importPath].checkImports(f, ps)
		}
	}
}

// addService notes the service's names, and refuses it at the first one that is taken.
func (d declarations) addService(s *service, ps *Problems) {
	n := s.names()
	all := []string{n.service, n.name, n.of, n.kind, n.unimplemented, n.ref, n.methods, n.table}
	at := make([]protoreflect.Descriptor, len(all))
	for i := range all {
		at[i] = s.proto.Desc
	}
	for _, m := range s.methods {
		all, at = append(all, m.constant()), append(at, protoreflect.Descriptor(m.proto.Desc))
	}
	told := false
	for i, name := range all {
		first, taken := d[name]
		if !taken {
			d[name] = declaration{"the service " + string(s.proto.Desc.FullName()), s.proto.Desc}
			continue
		}
		if told || first.desc == s.proto.Desc {
			continue // two rpcs with one name in Go are told already
		}
		told = true
		ps.add(at[i], nil, "the Go code of the service %s would declare %s, as does that of %s in %s: rename one",
			s.proto.Desc.FullName(), name, first.what, first.desc.ParentFile().Path())
	}
}

// addFile notes what protoc-gen-go declares for the file's messages and enums.
func (d declarations) addFile(f *protogen.File) {
	d[f.GoDescriptorIdent.GoName] = declaration{"the file", f.Desc}
	addEnum := func(e *protogen.Enum) {
		what := declaration{"the enum " + string(e.Desc.FullName()), e.Desc}
		d[e.GoIdent.GoName], d[e.GoIdent.GoName+"_name"], d[e.GoIdent.GoName+"_value"] = what, what, what
		for _, v := range e.Values {
			d[v.GoIdent.GoName] = what
		}
	}
	addExtension := func(x *protogen.Extension) {
		d["E_"+x.GoIdent.GoName] = declaration{"the extension " + string(x.Desc.FullName()), x.Desc}
	}
	for _, e := range f.Enums {
		addEnum(e)
	}
	for _, x := range f.Extensions {
		addExtension(x)
	}
	everyMessage(f, func(m *protogen.Message) {
		what := declaration{"the message " + string(m.Desc.FullName()), m.Desc}
		d[m.GoIdent.GoName] = what
		for _, e := range m.Enums {
			addEnum(e)
		}
		for _, x := range m.Extensions {
			addExtension(x)
		}
		for _, o := range m.Oneofs {
			d["is"+o.GoIdent.GoName] = what
			for _, field := range o.Fields {
				d[field.GoIdent.GoName] = what
			}
		}
		for _, field := range m.Fields {
			if field.Desc.HasDefault() {
				d["Default_"+m.GoIdent.GoName+"_"+field.GoName] = what
			}
		}
	})
}

// checkImports refuses a Go package of messages that would be imported under a name that
// the grains' package declares: Go allows only one of them.
func (d declarations) checkImports(f *file, ps *Problems) {
	told := make(map[protogen.GoImportPath]bool)
	for _, s := range f.services {
		imports := []protogen.GoImportPath{f.proto.GoImportPath}
		if s.state != nil {
			imports = append(imports, s.state.GoIdent.GoImportPath)
		}
		for _, m := range s.methods {
			imports = append(imports, m.proto.Input.GoIdent.GoImportPath, m.proto.Output.GoIdent.GoImportPath)
		}
		for _, imported := range imports {
			name := path.Base(string(imported))
			first, taken := d[name]
			if !taken || imported == f.importPath || told[imported] {
				continue
			}
			told[imported] = true
			ps.add(s.proto.Desc, nil, "the Go package %s would be imported as %s, which the Go code of %s declares: rename one",
				string(imported), name, first.what)
		}
	}
}
