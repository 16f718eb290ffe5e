package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/teff-dev/teff/internal/release"
)

// asPlugin makes the test's binary the plugin.
const asPlugin = "TEFF_TEST_AS_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// plugin runs the command.
func plugin(t *testing.T, stdin []byte, args ...string) (stdout []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asPlugin+"=1")
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// grainFile is a request for a file with one grain, whose rpc streams or not.
func grainFile(t *testing.T, streams bool) []byte {
	t.Helper()
	options := &descriptorpb.ServiceOptions{}
	// The option (teff.v1.grain) = {}, as a compiler that does not know it has it.
	options.ProtoReflect().SetUnknown([]byte{0xca, 0x97, 0x26, 0})
	data, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{"p.proto"},
		Parameter:      new("paths=source_relative"),
		ProtoFile: []*descriptorpb.FileDescriptorProto{{
			Name: new("p.proto"), Package: new("p"), Syntax: new("proto3"),
			Options:     &descriptorpb.FileOptions{GoPackage: new("example.com/p;p")},
			MessageType: []*descriptorpb.DescriptorProto{{Name: new("M")}},
			Service: []*descriptorpb.ServiceDescriptorProto{{
				Name: new("S"), Options: options,
				Method: []*descriptorpb.MethodDescriptorProto{{
					Name: new("R"), InputType: new(".p.M"), OutputType: new(".p.M"), ServerStreaming: new(streams),
				}},
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPlugin(t *testing.T) {
	for streams, want := range map[bool]string{
		false: "",
		true:  "p.proto: p.S.R streams its responses, which is not supported yet",
	} {
		resp := &pluginpb.CodeGeneratorResponse{}
		if err := proto.Unmarshal(plugin(t, grainFile(t, streams)), resp); err != nil {
			t.Fatal(err)
		}
		if resp.GetError() != want {
			t.Errorf("the error is %q, want %q", resp.GetError(), want)
		}
		if generated := len(resp.GetFile()) == 1 && resp.GetFile()[0].GetName() == "pteff/p.teff.go"; generated == streams {
			t.Errorf("streaming %t, it wrote %v", streams, resp.GetFile())
		}
	}
}

func TestVersion(t *testing.T) {
	if got, want := strings.TrimSpace(string(plugin(t, nil, "--version"))), "protoc-gen-go-teff "+release.Version; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}
