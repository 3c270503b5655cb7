package program_test

import (
	"bytes"
	"testing"

	"apim-azure/tests/rehearsal/azure/schema"
	"apim-azure/tests/rehearsal/azure/schema/gen"
)

// TestTheStandInKnowsTheSDKsTypes lives here because this package links the Azure SDK anyway.
func TestTheStandInKnowsTheSDKsTypes(t *testing.T) {
	want, err := gen.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(schema.Generated(), want) {
		t.Error("the stand-in's schema is stale: run go generate ./tests/rehearsal/azure/schema")
	}
}
