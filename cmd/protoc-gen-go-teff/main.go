// Command protoc-gen-go-teff is the plugin by which protoc and buf generate Go code
// for Teff's grains, beside the messages' code of protoc-gen-go. See package codegen
// for what it makes and refuses.
//
// Parameters: package_suffix (default "teff"; empty puts the grains into the messages'
// package), and those of protoc-gen-go: paths, module, M.
package main

import (
	"flag"
	"fmt"
	"os"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/internal/release"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("protoc-gen-go-teff", release.Version)
		return
	}
	var flags flag.FlagSet
	options := codegen.Bind(&flags)
	protogen.Options{ParamFunc: flags.Set}.Run(func(gen *protogen.Plugin) error {
		return codegen.Generate(gen, options)
	})
}
