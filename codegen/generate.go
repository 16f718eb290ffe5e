package codegen

import (
	"flag"
	"fmt"
	"go/token"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// DefaultPackageSuffix is what the name of the messages' package gets appended.
const DefaultPackageSuffix = "teff"

// Options are the plugin's own parameters; paths, module and M are protogen's.
type Options struct {
	// PackageSuffix is appended to the name of the messages' Go package to name the
	// package of the grains, which is a directory below it. Empty: "teff".
	PackageSuffix string

	// SamePackage puts the grains into the messages' package instead.
	SamePackage bool
}

// Bind makes options that flags sets: package_suffix is the suffix, and empty stands for
// SamePackage.
func Bind(flags *flag.FlagSet) *Options {
	o := &Options{}
	flags.Func("package_suffix", "what names the package of the grains, after the name of the messages' package; empty puts them into that package", func(suffix string) error {
		o.PackageSuffix, o.SamePackage = suffix, suffix == ""
		return nil
	})
	return o
}

// suffix is what the package's name gets appended; empty for the messages' package.
func (o *Options) suffix() string {
	switch {
	case o.SamePackage:
		return ""
	case o.PackageSuffix == "":
		return DefaultPackageSuffix
	default:
		return o.PackageSuffix
	}
}

// Generate writes the code of all grains in the files to generate. A file without
// grains yields none. The error is Problems where the protos are at fault.
func Generate(gen *protogen.Plugin, o *Options) error {
	gen.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL |
		pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
	gen.SupportedEditionsMinimum = descriptorpb.Edition_EDITION_PROTO2
	gen.SupportedEditionsMaximum = descriptorpb.Edition_EDITION_2023
	if !token.IsIdentifier("x" + o.suffix()) {
		return fmt.Errorf("package_suffix %q cannot be part of a Go package's name", o.suffix())
	}
	files, problems := read(gen, o)
	if len(problems) > 0 {
		return problems.sorted()
	}
	for _, f := range files {
		if f.proto.Generate {
			f.emit(gen)
		}
	}
	return nil
}
