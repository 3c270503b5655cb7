package component

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/internal/advice"
	"apim-azure/internal/retry"
)

// NewRetry registers the hook that tries an operation again while its error says that it will go away, and otherwise says what
// to do about it. The components of a stack share it.
func NewRetry(ctx *pulumi.Context) (*pulumi.ErrorHook, error) {
	if ctx.RunningWithMocks() {
		return nil, nil // the mock monitor knows no hooks
	}
	policy := retry.New(time.Now, time.Sleep)
	return ctx.RegisterErrorHook("retry", func(args *pulumi.ErrorHookArgs) (bool, error) {
		rule, again := policy.Again(args.FailedOperation+" "+string(args.URN), args.Errors)
		if again {
			// Info is enough: a warning would stay in the summary of an update that went well.
			_ = ctx.Log.Info(args.FailedOperation+" of "+args.Name+" failed with "+rule.Code+": "+rule.Why+"; trying again", nil)
		} else if entry, ok := advice.Find(latest(args.Errors)); ok {
			_ = ctx.Log.Warn(args.FailedOperation+" of "+args.Name+": "+entry.Means+". "+entry.Do, nil)
		}
		return again, nil
	})
}

// latest is the error of the last try: the engine puts it first.
func latest(errors []string) string {
	if len(errors) == 0 {
		return ""
	}
	return errors[0]
}

// Retrying are the options that attach the hook; none for a nil one.
func Retrying(hook *pulumi.ErrorHook) []pulumi.ResourceOption {
	if hook == nil {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})}
}
