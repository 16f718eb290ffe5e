package compile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/teff-dev/teff/codegen/compile"
)

func ExampleRun() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	source := `syntax = "proto3";
package lamp;
import "teff/v1/options.proto";
option go_package = "example.com/lamp;lamp";
service Lamp {
  option (teff.v1.grain) = {};
  rpc Flash(FlashRequest) returns (stream FlashResponse);
}
message FlashRequest {}
message FlashResponse {}
`
	if err := os.WriteFile(filepath.Join(dir, "lamp.proto"), []byte(source), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	_, err = compile.Run(context.Background(), compile.Config{Args: []string{dir}})
	fmt.Println(err.Error()[len(dir)+1:])
	// Output:
	// lamp.proto:7:3: lamp.Lamp.Flash streams its responses, which is not supported yet
}
