package codegen

import "strings"

// names are what a service's generated code declares at package level, beside the
// methods' constants.
type names struct {
	service       string // the interface
	name          string
	of            string
	kind          string
	unimplemented string
	ref           string
	methods       string
	table         string
	param         string // the type parameter of kind; declared in its scope only
}

// The unexported names cannot clash with those of another service, since no suffix
// ends in another; with other code of the package they may.
func (s *service) names() names {
	exported := s.proto.GoName
	private := strings.ToLower(exported[:1]) + exported[1:]
	param := "G"
	if exported == param {
		param = "Grain"
	}
	return names{
		service:       exported,
		name:          exported + "Name",
		of:            exported + "Of",
		kind:          exported + "Kind",
		unimplemented: "Unimplemented" + exported,
		ref:           private + "Ref",
		methods:       private + "Methods",
		table:         private + "Table",
		param:         param,
	}
}

// constant is the name of the constant that holds the method's name.
func (m *method) constant() string {
	return m.service.proto.GoName + m.proto.GoName + "Method"
}
