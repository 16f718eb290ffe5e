package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// writeLine writes v as one line of JSON.
func writeLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// writeMessage writes a message in JSON, on one line for programs and indented for
// people. Fields that are zero are written too: to whoever reads it, a balance of zero
// is not the absence of a balance.
func writeMessage(w io.Writer, m proto.Message, types resolver, oneLine bool) error {
	text, err := protojson.MarshalOptions{Resolver: types, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("write a %s in JSON: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	text = compact(text)
	if !oneLine {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, text, "", "  "); err != nil {
			return fmt.Errorf("indent JSON: %w", err)
		}
		text = pretty.Bytes()
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// compact takes out the white space, some of which protojson adds at random.
func compact(text []byte) json.RawMessage {
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return text // it is no JSON, then, and not this function's to say
	}
	return out.Bytes()
}

// writeTable writes rows whose columns are aligned.
func writeTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
