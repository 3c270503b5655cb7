package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	annotationSkipAwait = "pulumi.com/skipAwait"
	annotationTimeout   = "pulumi.com/timeoutSeconds"

	// awaitTimeout is the real provider's, for an object without a timeout of its own.
	awaitTimeout = 10 * time.Minute

	// settle is the real time without any change after which a wait may end in vain. Where nothing takes time, a cluster at
	// rest stays as it is; but its processes share a few busy processors with everything else. It is the shortest wait at any
	// time scale, for the same reason.
	settle = 5 * time.Second

	// respite is the real time the scheduler lets a pod rest that did not fit, at most, even when there is room now
	// (podMaxBackoffSeconds of its configuration, Kubernetes 1.36).
	respite = 10 * time.Second

	// calm is the real time without a change that stands for any span the real provider wants a kind to be quiet for, where
	// nothing takes time. The controllers need some tens of milliseconds to answer a write.
	calm = 200 * time.Millisecond

	// beat is how often a wait looks at its copies, which costs no request.
	beat = 40 * time.Millisecond
)

// rule tells when objects of a kind are ready. It follows the awaiter of the same kind in pulumi-kubernetes 4.30
// (provider/pkg/await), which is observed in its source.
type rule struct {
	// needs are the other kinds the rule looks at, in the object's namespace.
	needs []schema.GroupVersionResource
	// limit is the real awaiter's own, in simulated time, where it heeds no timeout of the resource; 0 elsewhere.
	limit time.Duration
	// onRead marks kinds that a refresh holds to the rule too.
	onRead bool
	check  func(s scene) verdict
	// explain says more about why an object didn't become ready, which takes requests; nil: nothing.
	explain func(s scene) []string
	// overdue is what the real awaiter says when the time is up; nil: that it timed out waiting to be Ready.
	overdue func(name string) string
}

// scene is what a rule sees.
type scene struct {
	object object // the object as it is now
	live   bool   // the object is looked at once, in a refresh
	before object // the object before the update; nil after a creation and in a refresh
	around map[schema.GroupVersionResource][]object
	// settled tells whether a kind has been quiet for so much simulated time. In a refresh all are.
	settled func(kind schema.GroupVersionResource, d time.Duration) bool
	// lookup finds an object of a kind without namespace; nil when it isn't there.
	lookup func(kind schema.GroupVersionResource, name string) object
}

// verdict is a rule's.
type verdict struct {
	ready bool
	// failed says that no waiting helps.
	failed bool
	// acting says that a controller will go on by itself, even if nothing moves for some time.
	acting bool
	// problems are what keeps the object from being ready.
	problems []string
}

// notReady is the failure of an object that exists: the engine keeps it in the state, and the next update tries again.
type notReady struct {
	text    string
	reasons []string
}

func (e *notReady) Error() string { return e.text }

// ruleFor returns the rule of an object, or nil when nothing is waited for. Only the annotation of the object itself makes the
// real provider wait for kinds it doesn't know.
func ruleFor(o, inputs object) (*rule, error) {
	if text(inputs, "metadata", "annotations", annotationSkipAwait) == "true" {
		return nil, nil
	}
	if expressions := text(o, "metadata", "annotations", annotationWaitFor); expressions != "" {
		return customRule(expressions)
	}
	if r, ok := rules[text(o, "apiVersion")+"/"+text(o, "kind")]; ok {
		return &r, nil
	}
	return nil, nil
}

// wait is one object's way to be ready.
type wait struct {
	conn    *connection
	server  *Server
	rule    *rule
	written object // as the write returned it
	before  object
	limit   time.Duration // simulated
}

// await blocks until a written object is ready, and returns it as it is then. A *notReady tells that it didn't become so; the
// object is returned nevertheless. The timeout is in simulated seconds; 0 takes the annotation's or the default.
func (p *provider) await(ctx context.Context, conn *connection, written, before, inputs object, timeout float64) (object, error) {
	r, err := ruleFor(written, inputs)
	if r == nil || err != nil {
		return written, err
	}
	w := wait{conn: conn, server: p.server, rule: r, written: written, before: before, limit: limit(timeout, inputs)}
	if r.limit > 0 {
		w.limit = r.limit
	}
	return w.run(ctx)
}

// limit is the time an operation on an object may take, in simulated time.
func limit(timeout float64, inputs object) time.Duration {
	if timeout > 0 {
		return time.Duration(timeout * float64(time.Second))
	}
	if s, err := strconv.Atoi(text(inputs, "metadata", "annotations", annotationTimeout)); err == nil {
		return time.Duration(s) * time.Second
	}
	return awaitTimeout
}

func (w wait) run(ctx context.Context) (object, error) {
	own, err := w.conn.place(w.written)
	if err != nil {
		return w.written, err
	}
	mirrors := map[schema.GroupVersionResource]*mirror{own.resource: w.conn.watches.at(own)}
	for _, kind := range w.rule.needs {
		mirrors[kind] = w.conn.watches.at(place{kind, own.namespace})
	}
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for started := time.Now(); ; {
		s := w.scene(ctx, own, mirrors)
		v := w.rule.check(s)
		elapsed := time.Since(started)
		switch {
		case v.ready:
			return copyObject(s.object), nil
		case v.failed:
			return w.giveUp(ctx, s, v, failedToInitialize(w.name()))
		case ctx.Err() != nil:
			// The engine is winding down: what there is to say has to be gathered without its context.
			return w.giveUp(context.WithoutCancel(ctx), s, v, fmt.Sprintf("Resource operation was cancelled for %q", w.name()))
		case w.over(elapsed, min(elapsed, quiet(mirrors)), s, v):
			return w.giveUp(ctx, s, w.late(s, v), w.overdue())
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (w wait) name() string { return text(w.written, "metadata", "name") }

func failedToInitialize(name string) string {
	return fmt.Sprintf("Resource '%s' was created but failed to initialize", name)
}

func (w wait) overdue() string {
	if w.rule.overdue != nil {
		return w.rule.overdue(w.name())
	}
	return fmt.Sprintf("'%s' timed out waiting to be Ready", w.name())
}

// over tells whether a wait has come to its end. With a time scale that is its limit. Without one nothing takes time, and so the
// limit is reached as soon as nothing moves any more.
func (w wait) over(elapsed, quiet time.Duration, s scene, v verdict) bool {
	if w.server.options.TimeScale > 0 {
		return elapsed >= max(w.server.real(w.limit), settle)
	}
	atRest := quiet >= settle && !v.acting && (quiet >= settle+respite || !s.queued())
	return elapsed >= w.limit || atRest
}

// queued tells whether the object, or a pod of it, waits for the scheduler.
func (s scene) queued() bool {
	members := family(s)
	return slices.ContainsFunc(append([]object{s.object}, s.around[pods]...), func(o object) bool {
		return condition(o, "PodScheduled")["status"] == "False" && members[text(o, "metadata", "uid")]
	})
}

// quiet is the time since anything of the kinds changed.
func quiet(mirrors map[schema.GroupVersionResource]*mirror) time.Duration {
	least := time.Duration(-1)
	for _, m := range mirrors {
		if q := m.quiet(); least < 0 || q < least {
			least = q
		}
	}
	return least
}

// scene gathers what the rule looks at from the copies. A copy may lag behind the write, or still hold an earlier object of the
// same name: then the object is as the write returned it.
func (w wait) scene(ctx context.Context, own place, mirrors map[schema.GroupVersionResource]*mirror) scene {
	s := scene{
		object: w.written, before: w.before, around: map[schema.GroupVersionResource][]object{},
		settled: func(kind schema.GroupVersionResource, d time.Duration) bool {
			return mirrors[kind].quiet() >= max(w.server.real(d), calm)
		},
		lookup: func(kind schema.GroupVersionResource, name string) object { return w.conn.lookup(ctx, kind, name) },
	}
	for kind, m := range mirrors {
		s.around[kind] = m.list()
	}
	for _, o := range s.around[own.resource] {
		if sameUID(o, w.written) && generation(o) >= generation(w.written) && !older(o, w.written) {
			s.object = o
		}
	}
	return s
}

// older compares resource versions, which count up (Kubernetes 1.35 made that a promise). A status write leaves the generation
// as it is, and so does a change of metadata.
func older(o, than object) bool {
	a, errA := strconv.ParseUint(text(o, "metadata", "resourceVersion"), 10, 64)
	b, errB := strconv.ParseUint(text(than, "metadata", "resourceVersion"), 10, 64)
	return errA == nil && errB == nil && a < b
}

// giveUp makes the failure of a wait, with everything that may explain it.
func (w wait) giveUp(ctx context.Context, s scene, v verdict, words string) (object, error) {
	reasons := v.problems
	explained := w.conn.diagnose(ctx, s)
	if w.rule.explain != nil {
		explained = append(w.rule.explain(s), explained...)
	}
	for _, more := range explained {
		if !slices.Contains(reasons, more) {
			reasons = append(reasons, more)
		}
	}
	return copyObject(s.object), &notReady{words, reasons}
}

// late adds what the deployment controller would have said by now. It measures progress in real time, so that in a fast
// rehearsal its deadline never passes. Assumed: no progress was made since the rollout began.
func (w wait) late(s scene, v verdict) verdict {
	seconds, ok := field(s.object, "spec", "progressDeadlineSeconds").(int64)
	if text(s.object, "kind") != "Deployment" || !ok || time.Duration(seconds)*time.Second > w.limit {
		return v
	}
	if condition(s.object, "Progressing")["reason"] != "ProgressDeadlineExceeded" {
		v.problems = append([]string{fmt.Sprintf("[ProgressDeadlineExceeded] no progress within %d s", seconds)}, v.problems...)
	}
	return v
}

// checkLive holds an object to its kind's rule as it is at this moment, as the real provider does in a refresh: an object that
// is not ready is reported, so that the next update tries again even if nothing is to be changed.
func (p *provider) checkLive(ctx context.Context, conn *connection, live, inputs object) error {
	r, ok := rules[text(live, "apiVersion")+"/"+text(live, "kind")]
	if !ok || !r.onRead || text(inputs, "metadata", "annotations", annotationSkipAwait) == "true" {
		return nil
	}
	s := scene{
		object: live, live: true, around: map[schema.GroupVersionResource][]object{},
		settled: func(schema.GroupVersionResource, time.Duration) bool { return true },
		lookup:  func(kind schema.GroupVersionResource, name string) object { return conn.lookup(ctx, kind, name) },
	}
	for _, kind := range r.needs {
		// Like in the real provider, what can't be listed counts as not there.
		if list, err := conn.dynamic.Resource(kind).Namespace(text(live, "metadata", "namespace")).List(ctx, metav1.ListOptions{}); err == nil {
			for _, item := range list.Items {
				s.around[kind] = append(s.around[kind], item.Object)
			}
		}
	}
	v := r.check(s)
	if v.ready {
		return nil
	}
	_, err := wait{conn: conn, rule: &r, written: live}.giveUp(ctx, s, v, failedToInitialize(text(live, "metadata", "name")))
	return err
}

// reasonsOf lists what the engine shows of a failure: the error, and what lies behind it.
func reasonsOf(err error) []string {
	reasons := []string{err.Error()}
	var behind *notReady
	if errors.As(err, &behind) {
		reasons = append(reasons, behind.reasons...)
	}
	return reasons
}

// real turns simulated into real time.
func (s *Server) real(d time.Duration) time.Duration {
	if s.options.TimeScale == 0 {
		return 0
	}
	return time.Duration(float64(d) / s.options.TimeScale)
}
