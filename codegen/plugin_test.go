package codegen_test

import (
	"flag"
	"strings"
	"testing"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/teff-dev/teff/codegen"
	namedpb "github.com/teff-dev/teff/codegen/testdata/named"
	"github.com/teff-dev/teff/codegen/testdata/none"
)

// request asks a plugin to generate the file, with no source locations.
func request(parameter string, fd protoreflect.FileDescriptor) *pluginpb.CodeGeneratorRequest {
	req := &pluginpb.CodeGeneratorRequest{FileToGenerate: []string{fd.Path()}, Parameter: new(parameter)}
	seen := make(map[string]bool)
	var add func(protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i).FileDescriptor)
		}
		req.ProtoFile = append(req.ProtoFile, protodesc.ToFileDescriptorProto(fd))
	}
	add(fd)
	return req
}

// plug does what the plugin does with a request.
func plug(req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	var flags flag.FlagSet
	options := codegen.Bind(&flags)
	gen, err := protogen.Options{ParamFunc: flags.Set}.New(req)
	if err != nil {
		return nil, err
	}
	if err := codegen.Generate(gen, options); err != nil {
		return nil, err
	}
	return gen.Response(), nil
}

func TestParameters(t *testing.T) {
	for parameter, want := range map[string]struct{ file, pkg string }{
		"":                      {"github.com/teff-dev/teff/codegen/testdata/named/namedpbteff/named.teff.go", "namedpbteff"},
		"paths=import":          {"github.com/teff-dev/teff/codegen/testdata/named/namedpbteff/named.teff.go", "namedpbteff"},
		"paths=source_relative": {"named/namedpbteff/named.teff.go", "namedpbteff"},
		"module=github.com/teff-dev/teff/codegen":     {"testdata/named/namedpbteff/named.teff.go", "namedpbteff"},
		"paths=source_relative,package_suffix=_grain": {"named/namedpb_grain/named.teff.go", "namedpb_grain"},
		"paths=source_relative,package_suffix=":       {"named/named.teff.go", "namedpb"},
		"Mnamed/named.proto=example.com/other;o":      {"example.com/other/oteff/named.teff.go", "oteff"},
	} {
		resp, err := plug(request(parameter, namedpb.File_named_named_proto))
		if err != nil {
			t.Errorf("%q: %v", parameter, err)
			continue
		}
		if len(resp.GetFile()) != 1 || resp.GetFile()[0].GetName() != want.file {
			t.Errorf("%q: wrote %v, want %s", parameter, resp.GetFile(), want.file)
			continue
		}
		if !strings.Contains(resp.GetFile()[0].GetContent(), "\npackage "+want.pkg+"\n") {
			t.Errorf("%q: the package is not %s", parameter, want.pkg)
		}
	}
}

func TestParametersRefused(t *testing.T) {
	for parameter, want := range map[string]string{
		"package_suffix=-x": `package_suffix "-x" cannot be part of a Go package's name`,
		"sufix=x":           "no such flag -sufix",
	} {
		if resp, err := plug(request(parameter, namedpb.File_named_named_proto)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %s", parameter, resp, err, want)
		}
	}
}

func TestFeatures(t *testing.T) {
	resp, err := plug(request("", namedpb.File_named_named_proto))
	if err != nil {
		t.Fatal(err)
	}
	want := uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL | pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
	if resp.GetSupportedFeatures() != want {
		t.Errorf("features %b, want %b", resp.GetSupportedFeatures(), want)
	}
	if resp.GetMinimumEdition() != int32(descriptorpb.Edition_EDITION_PROTO2) || resp.GetMaximumEdition() != int32(descriptorpb.Edition_EDITION_2023) {
		t.Errorf("editions %d to %d", resp.GetMinimumEdition(), resp.GetMaximumEdition())
	}
}

func TestFileWithoutGrainsYieldsNone(t *testing.T) {
	for _, fd := range []protoreflect.FileDescriptor{none.File_none_none_proto, none.File_none_plain_proto} {
		resp, err := plug(request("", fd))
		if err != nil || len(resp.GetFile()) > 0 {
			t.Errorf("%s yields %v, %v", fd.Path(), resp.GetFile(), err)
		}
	}
}

// TestProblemWithoutLocation: a compiler need not say where things are.
func TestProblemWithoutLocation(t *testing.T) {
	req := request("", namedpb.File_named_named_proto)
	last := req.GetProtoFile()[len(req.GetProtoFile())-1]
	last.Service[0].Method[0].ServerStreaming = new(true)
	_, err := plug(req)
	if want := "named/named.proto: golden.named.Ship.Sail streams its responses, which is not supported yet"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
