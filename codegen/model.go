package codegen

import (
	"path"
	"path/filepath"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"

	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// file is a proto file as the generator sees it.
type file struct {
	proto      *protogen.File
	importPath protogen.GoImportPath // of the grains' package
	pkg        protogen.GoPackageName
	filename   string
	services   []*service         // the grains
	strays     []*protogen.Method // have an option, though their service is no grain
}

// service is a grain type.
type service struct {
	file    *file
	proto   *protogen.Service
	options *teffv1.GrainOptions
	typ     string            // the grain type's name
	state   *protogen.Message // nil: nothing is persisted
	methods []*method
}

// method is an rpc of a grain type.
type method struct {
	service *service
	proto   *protogen.Method
	options *teffv1.MethodOptions // never nil
}

// read finds the grains in all files of the request, also those that are only
// imported: their names count when names clash.
func read(gen *protogen.Plugin, o *Options) ([]*file, Problems) {
	var problems Problems
	if checkExtensions(gen, &problems); len(problems) > 0 {
		return nil, problems // what looks like a grain's option may be somebody else's
	}
	files := make([]*file, 0, len(gen.Files))
	for _, p := range gen.Files {
		files = append(files, newFile(p, o))
	}
	for _, f := range files {
		if f.proto.Generate {
			f.check(gen, &problems)
		}
	}
	checkTypes(files, &problems)
	checkNames(files, &problems)
	return files, problems
}

func newFile(p *protogen.File, o *Options) *file {
	f := &file{proto: p, importPath: p.GoImportPath, pkg: p.GoPackageName, filename: p.GeneratedFilenamePrefix + ".teff.go"}
	if suffix := o.suffix(); suffix != "" {
		f.pkg += protogen.GoPackageName(suffix)
		f.importPath = protogen.GoImportPath(path.Join(string(p.GoImportPath), string(f.pkg)))
		prefix := filepath.ToSlash(p.GeneratedFilenamePrefix)
		f.filename = path.Join(path.Dir(prefix), string(f.pkg), path.Base(prefix)+".teff.go")
	}
	for _, s := range p.Services {
		if proto.HasExtension(s.Desc.Options(), teffv1.E_Grain) {
			f.services = append(f.services, newService(f, s))
			continue
		}
		for _, m := range s.Methods {
			if proto.HasExtension(m.Desc.Options(), teffv1.E_Method) {
				f.strays = append(f.strays, m)
			}
		}
	}
	return f
}

func newService(f *file, p *protogen.Service) *service {
	options, _ := proto.GetExtension(p.Desc.Options(), teffv1.E_Grain).(*teffv1.GrainOptions)
	s := &service{file: f, proto: p, options: options, typ: string(p.Desc.FullName())}
	if options.GetName() != "" {
		s.typ = options.GetName()
	}
	for _, m := range p.Methods {
		options, _ := proto.GetExtension(m.Desc.Options(), teffv1.E_Method).(*teffv1.MethodOptions)
		s.methods = append(s.methods, &method{service: s, proto: m, options: options})
	}
	return s
}
