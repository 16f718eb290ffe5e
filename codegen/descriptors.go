package codegen

import (
	"errors"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/teff-dev/teff/grain"
)

// withImports returns the paths of the file and of all that it imports, directly or
// not.
func withImports(f protoreflect.FileDescriptor) map[string]bool {
	seen := make(map[string]bool)
	var walk func(protoreflect.FileDescriptor)
	walk = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			walk(f.Imports().Get(i).FileDescriptor)
		}
	}
	walk(f)
	return seen
}

// everyMessage calls visit for the messages of the file, nested ones included.
func everyMessage(f *protogen.File, visit func(*protogen.Message)) {
	var walk func([]*protogen.Message)
	walk = func(messages []*protogen.Message) {
		for _, m := range messages {
			visit(m)
			walk(m.Messages)
		}
	}
	walk(f.Messages)
}

// findMessage finds a message by its full name; nil if there is none.
func findMessage(gen *protogen.Plugin, name protoreflect.FullName) *protogen.Message {
	var found *protogen.Message
	for _, f := range gen.Files {
		everyMessage(f, func(m *protogen.Message) {
			if m.Desc.FullName() == name && !m.Desc.IsMapEntry() {
				found = m
			}
		})
	}
	return found
}

// extensionsOf returns all extensions in the request, nested ones included.
func extensionsOf(gen *protogen.Plugin) []*protogen.Extension {
	var all []*protogen.Extension
	for _, f := range gen.Files {
		all = append(all, f.Extensions...)
		everyMessage(f, func(m *protogen.Message) { all = append(all, m.Extensions...) })
	}
	return all
}

// sentence is an error's text without its code.
func sentence(err error) string {
	if coded, ok := errors.AsType[*grain.Error](err); ok {
		return coded.Message()
	}
	return err.Error()
}
