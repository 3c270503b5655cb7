package arm

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
)

// Error is a refusal as Azure answers it.
type Error struct {
	Status  int    // HTTP status, such as 409
	Code    string // Azure's code, such as InUseSubnetCannotBeDeleted
	Message string
}

// Error prints the three parts the way azure-native shows a failed request.
func (e *Error) Error() string {
	return fmt.Sprintf("Status=%d Code=%q Message=%q", e.Status, e.Code, e.Message)
}

// CodeOf returns the code of the first Azure error in err, or "".
func CodeOf(err error) string {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func notFound(id string) *Error {
	return &Error{404, "ResourceNotFound", fmt.Sprintf("The Resource '%s' was not found.", id)}
}

func itoa(n int) string { return strconv.Itoa(n) }

func sorted(keys iter.Seq[string]) []string { return slices.Sorted(keys) }
