package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// maxDepth is how deep messages may nest in a request; a silo takes no more either.
const maxDepth = 100

// readRequest returns the request's JSON: the argument's, stdin's for "-", or that of
// the empty message.
func readRequest(arg string, stdin io.Reader) ([]byte, error) {
	text := []byte(arg)
	if arg == "-" {
		var err error
		if text, err = io.ReadAll(stdin); err != nil {
			return nil, usage("cannot read the request from stdin: %w", err)
		}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return []byte("{}"), nil
	}
	var any json.RawMessage
	if err := json.Unmarshal(text, &any); err != nil {
		f := usage("the request is not JSON: %s", jsonReason(text, err))
		return nil, f.hint(`write it in single quotes, such as '{"amount": 5}', or give - and write it to stdin`)
	}
	return text, nil
}

// jsonReason says what is wrong with JSON, and where.
func jsonReason(text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err.Error()
	}
	before := string(text[:min(max(int(syntax.Offset)-1, 0), len(text))])
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s (line %d, column %d)", syntax, line, column)
}

// encode makes the request's payload of its JSON.
func (m *method) encode(text []byte, types resolver) ([]byte, error) {
	if path, near := unknownField(text, m.Input(), ""); path != "" {
		f := usage("%s is not a field of the request of %s", path, m)
		if near != "" {
			f.hint("did you mean %s?", near)
		}
		return nil, f.hint("the request is %s", shape(m.Input()))
	}
	request := dynamicpb.NewMessage(m.Input())
	err := protojson.UnmarshalOptions{Resolver: types, RecursionLimit: maxDepth}.Unmarshal(text, request)
	if err != nil {
		return nil, usage("the request is not a %s: %s", m.Input().FullName(), reason(err)).
			hint("the request is %s", shape(m.Input()))
	}
	payload, err := proto.Marshal(request)
	if err != nil {
		return nil, usage("the request of %s cannot be encoded: %s", m, reason(err))
	}
	return payload, nil
}

// reason is what protobuf says, without the spaces that it varies at random.
func reason(err error) string {
	return strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: ")
}

// unknownField finds a field that the message does not have, and one whose name is like
// it. What is wrong in other ways is protojson's to tell.
func unknownField(text []byte, d protoreflect.MessageDescriptor, path string) (unknown, near string) {
	var object map[string]json.RawMessage
	if isWellKnown(d) || json.Unmarshal(text, &object) != nil {
		return "", ""
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		field := fieldNamed(d, name)
		if field == nil && !strings.HasPrefix(name, "[") { // an extension's
			return path + name, closest(name, jsonNames(d))
		}
		if field == nil {
			continue
		}
		for _, v := range messagesIn(object[name], field) {
			if unknown, near := unknownField(v.text, v.desc, path+name+v.suffix+"."); unknown != "" {
				return unknown, near
			}
		}
	}
	return "", ""
}

// fieldNamed finds a field by either of the names that JSON may have for it.
func fieldNamed(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	return d.Fields().ByTextName(name)
}

func jsonNames(d protoreflect.MessageDescriptor) []string {
	names := make([]string, d.Fields().Len())
	for i := range names {
		names[i] = d.Fields().Get(i).JSONName()
	}
	return names
}

// nested is a message within JSON.
type nested struct {
	text   []byte
	desc   protoreflect.MessageDescriptor
	suffix string // of the field's name: the index or the key
}

// messagesIn returns the messages that a field's value holds.
func messagesIn(text []byte, field protoreflect.FieldDescriptor) []nested {
	var all []nested
	switch {
	case field.IsMap() && field.MapValue().Message() != nil:
		var entries map[string]json.RawMessage
		if json.Unmarshal(text, &entries) != nil {
			return nil
		}
		for key, value := range entries {
			all = append(all, nested{value, field.MapValue().Message(), fmt.Sprintf("[%q]", key)})
		}
		sort.Slice(all, func(i, j int) bool { return all[i].suffix < all[j].suffix })
	case field.IsMap() || field.Message() == nil:
	case field.IsList():
		var items []json.RawMessage
		if json.Unmarshal(text, &items) != nil {
			return nil
		}
		for i, item := range items {
			all = append(all, nested{item, field.Message(), fmt.Sprintf("[%d]", i)})
		}
	default:
		all = append(all, nested{text: text, desc: field.Message()})
	}
	return all
}
