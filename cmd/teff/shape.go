package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// isWellKnown says that JSON has a form of its own for the message.
func isWellKnown(d protoreflect.MessageDescriptor) bool {
	return d.FullName().Parent() == "google.protobuf"
}

// shapeDepth is how deep messages are written out in a shape.
const shapeDepth = 2

// shape tells what the JSON of a message looks like, in one line, such as
// {"amount": int64, "transferId"?: string}.
func shape(d protoreflect.MessageDescriptor) string { return shapeOf(d, shapeDepth) }

func shapeOf(d protoreflect.MessageDescriptor, depth int) string {
	if isWellKnown(d) {
		return wellKnownShape(d)
	}
	if depth == 0 && d.Fields().Len() > 0 {
		return string(d.Name())
	}
	var parts []string
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		optional := ""
		if f.HasOptionalKeyword() || f.ContainingOneof() != nil {
			optional = "?"
		}
		parts = append(parts, fmt.Sprintf("%q%s: %s", f.JSONName(), optional, fieldShape(f, depth)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func fieldShape(f protoreflect.FieldDescriptor, depth int) string {
	switch {
	case f.IsMap():
		return fmt.Sprintf("{%s: %s}", scalarShape(f.MapKey(), depth), scalarShape(f.MapValue(), depth))
	case f.IsList():
		return "[" + scalarShape(f, depth) + "]"
	default:
		return scalarShape(f, depth)
	}
}

func scalarShape(f protoreflect.FieldDescriptor, depth int) string {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return shapeOf(f.Message(), depth-1)
	case protoreflect.EnumKind:
		return enumShape(f.Enum())
	case protoreflect.BytesKind:
		return "base64"
	default:
		return f.Kind().String()
	}
}

func enumShape(d protoreflect.EnumDescriptor) string {
	const few = 6
	if d.Values().Len() > few {
		return string(d.Name())
	}
	var names []string
	for i := range d.Values().Len() {
		names = append(names, fmt.Sprintf("%q", d.Values().Get(i).Name()))
	}
	return strings.Join(names, "|")
}

// wellKnownShape is JSON's own form.
func wellKnownShape(d protoreflect.MessageDescriptor) string {
	switch d.Name() {
	case "Duration":
		return `"1.5s"`
	case "Timestamp":
		return `"2006-01-02T15:04:05Z"`
	case "FieldMask":
		return `"a,b.c"`
	case "Any":
		return `{"@type": string, ...}`
	case "Empty":
		return "{}"
	case "Struct":
		return "{...}"
	case "ListValue":
		return "[...]"
	case "Value":
		return "any JSON"
	default: // the wrappers: StringValue is a string
		return strings.ToLower(strings.TrimSuffix(string(d.Name()), "Value")) + "|null"
	}
}
