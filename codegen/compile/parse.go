package compile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/protos"
)

// parse compiles the inputs to what protoc would hand to a plugin.
func (in *inputs) parse(ctx context.Context) (*pluginpb.CodeGeneratorRequest, error) {
	var problems codegen.Problems
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(protocompile.ResolverFunc(in.resolve)),
		SourceInfoMode: protocompile.SourceInfoStandard | protocompile.SourceInfoExtraOptionLocations,
		Reporter: reporter.NewReporter(func(err reporter.ErrorWithPos) error {
			problems = append(problems, in.problem(err))
			return nil // go on, to find them all
		}, nil),
	}
	files, err := compiler.Compile(ctx, in.paths...)
	var unreported reporter.ErrorWithPos
	if len(problems) == 0 && errors.As(err, &unreported) {
		problems = append(problems, in.problem(unreported))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if err != nil {
		return nil, fmt.Errorf("compile proto files: %w", err)
	}
	return in.request(files)
}

// resolve finds a file by its import path.
func (in *inputs) resolve(path string) (protocompile.SearchResult, error) {
	if name := in.locate(path); name != "" {
		f, err := os.Open(name)
		return protocompile.SearchResult{Source: f}, err
	}
	f, err := protos.Files.Open(path)
	if err != nil {
		return protocompile.SearchResult{}, fmt.Errorf("%s is below none of the import roots (%s): name its root with -I", path, strings.Join(in.roots, ", "))
	}
	return protocompile.SearchResult{Source: f}, nil
}

// locate returns the file with that import path on disk, or nothing.
func (in *inputs) locate(path string) string {
	if name, ok := in.disk[path]; ok {
		return name
	}
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return ""
	}
	for _, root := range in.roots {
		name := filepath.Join(root, filepath.FromSlash(path))
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			return name
		}
	}
	return ""
}

// shown is how people know the file with that import path.
func (in *inputs) shown(path string) string {
	if name := in.locate(path); name != "" {
		return name
	}
	return path
}

func (in *inputs) problem(err reporter.ErrorWithPos) codegen.Problem {
	at := err.GetPosition()
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text = cause.Error()
	}
	return codegen.Problem{File: in.shown(at.Filename), Line: at.Line, Column: at.Col, Text: text}
}

// request puts the files and all they import in one request, imports first.
func (in *inputs) request(files linker.Files) (*pluginpb.CodeGeneratorRequest, error) {
	req := &pluginpb.CodeGeneratorRequest{FileToGenerate: in.paths, Parameter: new("paths=source_relative")}
	seen := make(map[string]bool)
	var add func(protoreflect.FileDescriptor) error
	add = func(fd protoreflect.FileDescriptor) error {
		if seen[fd.Path()] {
			return nil
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			if err := add(fd.Imports().Get(i).FileDescriptor); err != nil {
				return err
			}
		}
		p, err := in.generatedOptions(protoutil.ProtoFromFileDescriptor(fd))
		if err != nil {
			return fmt.Errorf("read the descriptor of %s: %w", fd.Path(), err)
		}
		if !slices.Contains(in.paths, fd.Path()) {
			p.SourceCodeInfo = nil // as protoc does
		}
		req.ProtoFile = append(req.ProtoFile, p)
		return nil
	}
	for _, f := range files {
		if err := add(f); err != nil {
			return nil, err
		}
	}
	return req, in.checkGoPackages(req)
}

// generatedOptions reads the file's bytes again, so that options which the compiler
// knows by descriptor only become the Go types that generators look for. Options that
// are not what their numbers say stay unread: the generator tells whose number it is,
// and if it does not, unread is the error.
func (in *inputs) generatedOptions(p *descriptorpb.FileDescriptorProto) (*descriptorpb.FileDescriptorProto, error) {
	data, err := proto.Marshal(p)
	if err != nil {
		return nil, err
	}
	q := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(data, q); err != nil {
		in.unread = fmt.Errorf("read the options of %s: %w", p.GetName(), err)
		return q, proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}.Unmarshal(data, q)
	}
	return q, nil
}

// checkGoPackages refuses files that do not say where their Go code is.
func (in *inputs) checkGoPackages(req *pluginpb.CodeGeneratorRequest) error {
	var problems codegen.Problems
	for _, p := range req.GetProtoFile() {
		if p.GetOptions().GetGoPackage() == "" {
			problems = append(problems, codegen.Problem{
				File: in.shown(p.GetName()), Line: 1, Column: 1,
				Text: `the file says no Go package: add a line such as option go_package = "example.com/bank/v1;bankv1";`,
			})
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}
