package arm

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resource is one resource of the subscription.
type Resource struct {
	ID         string            `json:"id"`
	Token      string            `json:"token,omitempty"` // the Pulumi type that made it; empty for what Azure made by itself
	Type       string            `json:"type"`
	Name       string            `json:"name"`
	Properties Object            `json:"properties"`
	Owner      string            `json:"owner,omitempty"`  // the resource it comes and goes with
	Hidden     map[string]string `json:"hidden,omitempty"` // fingerprints of what Azure never returns
	State      string            `json:"state"`            // Creating, Updating, Deleting or Succeeded
	Generation int               `json:"generation"`
	Known      time.Time         `json:"known,omitzero"` // when it is known everywhere; zero: it is
}

// Store is the subscription's content. All methods are safe for concurrent use.
type Store struct {
	Subscription string // empty: every subscription is taken for this one
	Tenant       string
	// Propagation is the real time until a new resource of a type that propagates is known everywhere; nil: no time.
	Propagation func(t *Type, id string) time.Duration

	mu          sync.Mutex
	file        string
	resources   map[string]*Resource
	generations map[string]int // counts how often an ID was created, so that a new resource gets new GUIDs
	remains     map[string]*remains
	clock       clock
	inFlight    []operation
}

type contentFile struct {
	Resources   []*Resource         `json:"resources"`
	Generations map[string]int      `json:"generations"`
	Remains     map[string]*remains `json:"remains,omitempty"`
	Passed      time.Duration       `json:"passed,omitempty"` // simulated time since the subscription began
}

// Open reads the store from a file, or starts an empty one. An empty path keeps everything in memory.
//
// What was being created or updated when the last process ended is settled: Azure finishes an accepted request whether or
// not the client is still there. What was being deleted is gone.
func Open(file string) (*Store, error) {
	s := &Store{file: file, resources: map[string]*Resource{}, generations: map[string]int{}, remains: map[string]*remains{}}
	s.clock.start(0)
	if file == "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading the simulated subscription: %w", err)
	}
	var content contentFile
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, fmt.Errorf("reading the simulated subscription %s: %w; delete the file to start afresh", file, err)
	}
	for _, r := range content.Resources {
		s.resources[key(r.ID)] = r
	}
	if content.Generations != nil {
		s.generations = content.Generations
	}
	if content.Remains != nil {
		s.remains = content.Remains
	}
	s.clock.passed = content.Passed
	for _, r := range content.Resources {
		if r.State == "Deleting" {
			s.remove(r)
		}
		r.State = "Succeeded"
	}
	return s, nil
}

// save writes the file by way of a neighbour, so that a killed process leaves the old or the new content.
func (s *Store) save() error {
	if s.file == "" {
		return nil
	}
	content := contentFile{Generations: s.generations, Remains: s.remains, Passed: s.clock.now()}
	for _, r := range s.resources {
		content.Resources = append(content.Resources, r)
	}
	slices.SortFunc(content.Resources, func(a, b *Resource) int { return strings.Compare(a.ID, b.ID) })
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file+".new", s.file)
}

// Wait lets a request take its simulated time; an error means the caller gave up, not that Azure did.
type Wait func(ctx context.Context, minutes float64) error

// Call is one request and what its rules may look at.
type Call struct {
	Store  *Store
	Type   *Type
	ID     string
	Name   string
	Path   map[string]string // the inputs that make up the ID
	Inputs Object            // everything else, with Azure's defaults filled in
	Old    *Resource         // nil on create
	sent   Object            // what the client sent, before anything was filled in
}

// Operation is an accepted request. Azure carries it out whether or not the client waits for it.
type Operation struct {
	// ID is the resource's.
	ID      string
	minutes float64
	finish  func() error
}

// Finish waits until the request has taken its time and carries it out. An error of the wait means that the client gave up.
func (o *Operation) Finish(ctx context.Context, wait Wait) error {
	waited := wait(ctx, o.minutes)
	return errors.Join(waited, o.finish())
}

// Put creates or updates a resource of a subscription. accepted tells whether Azure took the request: an error after that leaves the resource
// behind, as a timeout or a killed client does.
func (s *Store) Put(ctx context.Context, t *Type, subscription string, inputs Object, wait Wait) (id string, accepted bool, err error) {
	operation, err := s.StartPut(t, subscription, inputs)
	if err != nil {
		return "", false, err
	}
	return operation.ID, true, operation.Finish(ctx, wait)
}

// StartPut sends a create or update; it returns once Azure accepted it, or refused it with an *Error.
func (s *Store) StartPut(t *Type, subscription string, inputs Object) (*Operation, error) {
	call, err := s.begin(t, subscription, inputs)
	if err != nil {
		return nil, err
	}
	minutes := t.Minutes.Create
	if call.Old != nil {
		minutes = t.Minutes.Update
	}
	return &Operation{ID: call.ID, minutes: minutes, finish: func() error { return s.finish(call) }}, nil
}

// begin checks a request and, if it is accepted, makes its effect visible.
func (s *Store) begin(t *Type, subscription string, inputs Object) (*Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call, err := s.call(t, subscription, inputs)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, rule := range t.rules() {
		problems = append(problems, rule.errors(call)...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if err := s.occupy(call); err != nil {
		return nil, err
	}
	s.write(call)
	return call, s.save()
}

// call resolves a request against the store.
func (s *Store) call(t *Type, subscription string, inputs Object) (*Call, error) {
	id, err := t.ID(subscription, inputs)
	if err != nil {
		return nil, err
	}
	body := clone(inputs)
	path := map[string]string{}
	for _, name := range t.Parameters() {
		path[name] = text(inputs, name)
		delete(body, name)
	}
	delete(body, "azureApiVersion")
	sent := clone(body)
	rewrite(body, func(v string) string {
		if rest, ok := strings.CutPrefix(v, "$self/"); ok {
			return id + "/" + rest
		}
		return v
	})
	old := s.find(id)
	if old != nil {
		for _, keep := range t.Keep {
			if _, set := body[keep]; !set && old.Properties[keep] != nil {
				body[keep] = cloneAny(old.Properties[keep])
			}
		}
	}
	merge(body, t.Defaults)
	return &Call{Store: s, Type: t, ID: id, Name: path[t.NameParameter()], Path: path, Inputs: body, Old: old, sent: sent}, nil
}

// write stores the outcome of an accepted request.
func (s *Store) write(c *Call) {
	r := &Resource{ID: c.ID, Token: c.Type.Token, Type: c.Type.ARM, Name: c.Name, State: "Creating", Hidden: map[string]string{}}
	if c.Old != nil {
		r.ID, r.Owner, r.State, r.Known = c.Old.ID, c.Old.Owner, "Updating", c.Old.Known
		c.ID = r.ID // the first spelling of an ID stays
	} else if !s.revive(c) {
		s.generations[key(c.ID)]++
	}
	r.Generation = s.generations[key(c.ID)]
	r.Properties = clone(c.Inputs)
	for _, path := range c.Type.WriteOnly {
		if value := get(r.Properties, path); value != nil {
			r.Hidden[path] = fingerprint(value)
			unset(r.Properties, path)
		}
	}
	for _, collection := range c.Type.SubResources {
		for _, item := range objects(r.Properties, collection) {
			item["id"] = c.ID + "/" + collection[strings.LastIndex(collection, ".")+1:] + "/" + text(item, "name")
			item["provisioningState"] = "Succeeded"
		}
	}
	merge(r.Properties, Object{
		"name": c.Name, "type": c.Type.ARM, "provisioningState": "Succeeded",
		"etag":         fmt.Sprintf(`W/"%s"`, c.GUID("etag "+fingerprint(c.sent))),
		"resourceGuid": c.GUID("resourceGuid"),
	})
	if c.Type.Compute != nil {
		c.Type.Compute(c, r.Properties)
	}
	s.resources[key(c.ID)] = r
}

// finish marks a request as done and brings in what comes with it.
func (s *Store) finish(c *Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(c.ID)
	r := s.find(c.ID)
	if r == nil {
		return &Error{409, "OperationPreempted", fmt.Sprintf("The operation on '%s' was pre-empted by its deletion.", c.ID)}
	}
	r.State = "Succeeded"
	if c.Old == nil && s.Propagation != nil && c.Type.Propagation != [2]float64{} {
		if late := s.Propagation(c.Type, c.ID); late > 0 {
			r.Known = time.Now().Add(late)
		}
	}
	if c.Type.Settle != nil {
		c.Type.Settle(c)
	}
	return s.save()
}

// Delete removes a resource, everything below it and what came with it, and returns what is gone. A resource that doesn't
// exist is no error: Azure answers 204.
func (s *Store) Delete(ctx context.Context, t *Type, id string, wait Wait) (removed []Resource, err error) {
	operation, err := s.StartDelete(t, id, func(gone []Resource) error { removed = gone; return nil })
	if operation == nil || err != nil {
		return nil, err
	}
	err = operation.Finish(ctx, wait)
	return removed, err
}

// StartDelete sends a delete; it returns once Azure accepted it, or refused it with an *Error. done is told what is gone. The
// operation is nil if there is nothing to delete.
func (s *Store) StartDelete(t *Type, id string, done func([]Resource) error) (*Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return nil, nil
	}
	call := &Call{Store: s, Type: t, ID: r.ID, Name: r.Name, Path: t.Match(id), Inputs: r.Properties, Old: r}
	var problems []error
	for _, rule := range t.DeleteRules {
		problems = append(problems, rule.errors(call)...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if err := s.occupy(call); err != nil {
		return nil, err
	}
	r.State = "Deleting"
	return &Operation{ID: r.ID, minutes: t.Minutes.Delete, finish: func() error {
		removed, err := s.finishDelete(r.ID)
		return errors.Join(err, done(removed))
	}}, s.save()
}

func (s *Store) finishDelete(id string) ([]Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(id)
	removed := s.remove(s.find(id))
	return removed, s.save()
}

// remove takes a resource out, with everything below it and everything it brought along.
func (s *Store) remove(r *Resource) []Resource {
	if r == nil {
		return nil
	}
	var removed []Resource
	for _, other := range s.all() {
		if within(other.ID, r.ID) || key(other.Owner) == key(r.ID) && other.Owner != "" {
			if s.resources[key(other.ID)] == nil {
				continue
			}
			delete(s.resources, key(other.ID))
			s.leave(other)
			removed = append(removed, *other)
			if key(other.ID) != key(r.ID) {
				removed = append(removed, s.remove(other)...)
			}
		}
	}
	return removed
}

// Get returns a copy of a resource as Azure shows it.
func (s *Store) Get(id string) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return Resource{}, notFound(id)
	}
	return s.view(r), nil
}

func (s *Store) view(r *Resource) Resource {
	out := *r
	out.Properties = clone(r.Properties)
	if t := Lookup(r.Token); t != nil && t.View != nil {
		t.View(s, r, out.Properties)
	}
	return out
}

// All returns copies of all resources, sorted by ID.
func (s *Store) All() []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Resource
	for _, r := range s.all() {
		out = append(out, s.view(r))
	}
	return out
}

// Modify changes a resource's live properties behind Pulumi's back: an ingress controller that owns a gateway, or a test
// that makes drift.
func (s *Store) Modify(id string, change func(properties Object)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return notFound(id)
	}
	change(r.Properties)
	return s.save()
}

// find, all, ofType and below expect the lock to be held.
func (s *Store) find(id string) *Resource { return s.resources[key(id)] }

func (s *Store) all() []*Resource {
	out := make([]*Resource, 0, len(s.resources))
	for _, r := range s.resources {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Resource) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (s *Store) ofType(armType string) []*Resource {
	var out []*Resource
	for _, r := range s.all() {
		if strings.EqualFold(r.Type, armType) {
			out = append(out, r)
		}
	}
	return out
}

// below returns the children of a type of a resource.
func (s *Store) below(id, armType string) []*Resource {
	var out []*Resource
	for _, r := range s.ofType(armType) {
		if within(r.ID, id) && key(r.ID) != key(id) {
			out = append(out, r)
		}
	}
	return out
}

// users returns the resources of given types that mention id, or anything below it, in their properties.
func (s *Store) users(id string, armTypes ...string) []*Resource {
	var out []*Resource
	for _, r := range s.all() {
		if within(r.ID, id) || !slices.ContainsFunc(armTypes, func(t string) bool { return strings.EqualFold(t, r.Type) }) {
			continue
		}
		mentioned := false
		walk(r.Properties, "", func(_, v string) { mentioned = mentioned || within(v, id) })
		if mentioned {
			out = append(out, r)
		}
	}
	return out
}

// covering returns the resource an ID stands for: itself, or, for a part such as a gateway's listener, its holder.
func (s *Store) covering(id string) *Resource {
	for at := id; at != ""; {
		if r := s.find(at); r != nil {
			return r
		}
		if served(typeOf(at)) || !strings.Contains(at, "/providers/") {
			return nil
		}
		parts := strings.Split(at, "/")
		at = strings.Join(parts[:len(parts)-2], "/")
	}
	return nil
}

// parentID returns the ID of the resource an ID lies below, or "" when that is a resource group or the subscription.
func (s *Store) parentID(id string) string {
	at := strings.LastIndex(strings.ToLower(id), "/providers/")
	if at < 0 {
		return ""
	}
	parts := strings.Split(id[at:], "/") // "", providers, namespace, type, name, type, name
	for len(parts) > 6 {
		parts = parts[:len(parts)-2]
		parent := id[:at] + strings.Join(parts, "/")
		if !isSingleton(typeOf(parent)) {
			return parent
		}
	}
	if scope := id[:at]; strings.Contains(scope, "/providers/") {
		return scope // an extension, such as a role assignment on a subnet
	}
	return ""
}

func isSingleton(armType string) bool {
	for _, t := range types {
		if t.Singleton && strings.EqualFold(t.ARM, armType) {
			return true
		}
	}
	return false
}

// changes tells whether inputs set a property to something else than the resource has. What a request leaves out is not a
// change: Azure keeps it.
func (r *Resource) changes(path string, inputs Object) bool {
	value := get(inputs, path)
	if value == nil {
		return false
	}
	if print, hidden := r.Hidden[path]; hidden {
		return print != fingerprint(value)
	}
	return !covers(get(r.Properties, path), value)
}

// covers tells whether a stored value says the same as a requested one, which may say less.
func covers(stored, requested any) bool {
	switch want := requested.(type) {
	case Object:
		have, ok := stored.(Object)
		if !ok {
			return false
		}
		for k, v := range want {
			if v != nil && !covers(have[k], v) {
				return false
			}
		}
		return true
	case []any:
		have, ok := stored.([]any)
		if !ok || len(have) != len(want) {
			return false
		}
		for i := range want {
			if !covers(have[i], want[i]) {
				return false
			}
		}
		return true
	case string:
		have, ok := stored.(string)
		return ok && (have == want || strings.EqualFold(have, want) && strings.HasPrefix(want, "/subscriptions/") || normal(have) == normal(want))
	}
	return same(stored, requested)
}

func fingerprint(value any) string {
	data, _ := json.Marshal(value) // properties come from JSON
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// GUID returns a GUID that depends on the resource, its generation and a purpose only, so that a rehearsal repeats itself
// and a re-created resource still gets new ones.
func (c *Call) GUID(purpose string) string {
	return guid(key(c.ID), itoa(c.Store.generations[key(c.ID)]), purpose)
}

func guid(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\n")))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// location is the region of the request: its own, or its resource group's.
func (c *Call) location() string {
	if l := text(c.Inputs, "location"); l != "" {
		return normal(l)
	}
	if g := c.Store.find(groupOf(c.ID)); g != nil {
		return normal(text(g.Properties, "location"))
	}
	return ""
}

// references calls visit for every ID in the request that should exist here: of a type we serve, not part of the resource
// itself, in our subscription.
func (c *Call) references(visit func(path, id string)) {
	walk(c.Inputs, "", func(path, id string) {
		if !strings.HasPrefix(key(id), "/subscriptions/") || groupOf(id) == "" || within(id, c.ID) {
			return
		}
		if c.Store.Subscription != "" && !within(id, "/subscriptions/"+c.Store.Subscription) {
			return
		}
		for at := id; strings.Contains(at, "/providers/"); {
			if served(typeOf(at)) {
				visit(path, id)
				return
			}
			parts := strings.Split(at, "/")
			at = strings.Join(parts[:len(parts)-2], "/")
		}
	})
}

// referred returns the resource a property points at, or nil.
func (c *Call) referred(path string) *Resource { return c.Store.find(text(c.Inputs, path)) }

// previous returns a value the resource has already, so that an update keeps what was worked out at creation.
func (c *Call) previous(path string, otherwise any) any {
	if c.Old != nil {
		if value := get(c.Old.Properties, path); value != nil {
			return cloneAny(value)
		}
	}
	return otherwise
}

// bring stores a resource that comes and goes with the request's own.
func (c *Call) bring(armType, id string, properties Object) {
	properties["name"], properties["type"] = nameIn(id), armType
	c.Store.resources[key(id)] = &Resource{ID: id, Type: armType, Name: nameIn(id), Properties: properties, Owner: c.ID, State: "Succeeded"}
}

// mentions is a delete rule: the resource stays while resources of the given types point at it.
func mentions(id, code string, status int, provenance Provenance, source, message string, armTypes ...string) Rule {
	return Rule{ID: id, Code: code, Status: status, Source: source, Provenance: provenance, Check: func(c *Call) []string {
		users := c.Store.users(c.ID, armTypes...)
		if len(users) == 0 {
			return nil
		}
		names := make([]string, len(users))
		for i, u := range users {
			names[i] = u.ID
		}
		return []string{fmt.Sprintf(message, c.Name, strings.Join(names, ", "))}
	}}
}
