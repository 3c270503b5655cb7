// Command write regenerates schema.json; run `go generate ./tests/rehearsal/azure/schema` after an SDK update.
package main

import (
	"fmt"
	"os"

	"apim-azure/tests/rehearsal/azure/schema/gen"
)

func main() {
	text, err := gen.Generate()
	if err == nil {
		err = os.WriteFile("schema.json", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
