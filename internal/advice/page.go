package advice

import (
	"fmt"
	"strings"

	"apim-azure/internal/retry"
)

// Page is docs/errors.md: the errors there is advice for, and those that are tried again.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Errors

<!-- Written by the tests of internal/advice: UPDATE_GOLDEN=1 go test ./internal/advice -->

Unless the first table says otherwise, fix the cause and run ` + "`pulumi up`" + ` again: it goes on where it stopped. The program prints the advice of the first table with the error it belongs to.

## Errors that stay

| the message has | it means | what to do |
|---|---|---|
`)
	for _, e := range Entries {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", "`"+strings.Join(e.Signs, "`, `")+"`", e.Means, e.Do)
	}
	b.WriteString(`
## Errors that go away

These are tried again, with pauses of 1 to 30 seconds, until the time is up. ` + "`pulumi destroy`" + ` needs ` + "`--run-program`" + ` for that.

| the message has | why | for as long as |
|---|---|---|
`)
	for _, r := range retry.Rules {
		signs := append([]string{r.Code}, r.Texts...)
		fmt.Fprintf(&b, "| `%s` | %s | %d minutes |\n", strings.Join(signs, "`, `"), r.Why, int(r.Deadline.Minutes()))
	}
	return b.String()
}
