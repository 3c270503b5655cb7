package component

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/internal/retry"
)

// NewRetry registers the hook that tries an operation again while Azure's error says that it will go away. The components of
// a stack share it.
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
		}
		return again, nil
	})
}

// retrying are the options that attach the hook.
func retrying(hook *pulumi.ErrorHook) []pulumi.ResourceOption {
	if hook == nil {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})}
}
