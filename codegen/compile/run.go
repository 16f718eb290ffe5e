package compile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	gengo "google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/teff-dev/teff/codegen"
)

// Config says what to generate, and where to.
type Config struct {
	// Args are proto files, or directories to find them in. Empty: the directory ".".
	// In a directory, hidden ones, vendor, node_modules, testdata and those that start
	// with an underscore are left out.
	Args []string

	// Roots are the directories that import paths are relative to. Empty: each directory
	// of Args, and "." if Args has a file.
	Roots []string

	// Out is the directory to write below. Empty: Go files are written beside their
	// proto files.
	Out string

	// Options are those of the generator.
	Options codegen.Options
}

// Result tells what a run did. Paths are those of the Go files on disk.
type Result struct {
	Written   []string // were new, or changed
	Unchanged []string // were as they should be, and were not touched
}

// Run generates the code. Where there is a problem nothing is written; no file is ever
// removed. It fails as the package says.
func Run(ctx context.Context, c Config) (Result, error) {
	in, err := find(c.Roots, c.Args)
	if err != nil {
		return Result{}, err
	}
	if len(in.paths) == 0 {
		return Result{}, errors.New("there is no .proto file there")
	}
	req, err := in.parse(ctx)
	if err != nil {
		return Result{}, err
	}
	files, err := in.generate(req, c)
	if err != nil {
		return Result{}, err
	}
	return write(files)
}

// output is a generated file, to be written.
type output struct {
	name    string // on disk
	content []byte
}

// generate runs the generators once a root, since a root is also what the names of
// generated files are relative to.
func (in *inputs) generate(req *pluginpb.CodeGeneratorRequest, c Config) ([]output, error) {
	var all []output
	var problems codegen.Problems
	for _, root := range in.roots {
		req.FileToGenerate = in.of(root)
		resp, err := plugins(req, c.Options)
		var found codegen.Problems
		switch {
		case errors.As(err, &found):
			problems = append(problems, in.onDisk(found)...)
			continue
		case err != nil:
			return nil, err
		}
		dir := root
		if c.Out != "" {
			dir = c.Out
		}
		for _, f := range resp.GetFile() {
			all = append(all, output{filepath.Join(dir, filepath.FromSlash(f.GetName())), []byte(f.GetContent())})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return all, in.unread
}

// plugins runs protoc-gen-go's generator, and Teff's.
func plugins(req *pluginpb.CodeGeneratorRequest, o codegen.Options) (*pluginpb.CodeGeneratorResponse, error) {
	gen, err := protogen.Options{}.New(req)
	if err != nil {
		return nil, fmt.Errorf("read the descriptors: %w", err)
	}
	for _, f := range gen.Files {
		if f.Generate {
			gengo.GenerateFile(gen, f)
		}
	}
	if err := codegen.Generate(gen, &o); err != nil {
		return nil, err
	}
	resp := gen.Response()
	if resp.Error != nil {
		return nil, fmt.Errorf("generate: %s", resp.GetError())
	}
	return resp, nil
}

// onDisk makes the files of problems those that people know.
func (in *inputs) onDisk(problems codegen.Problems) codegen.Problems {
	for i, p := range problems {
		problems[i].File = in.shown(p.File)
	}
	return problems
}
