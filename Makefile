# The stack to rehearse: any that has a Pulumi.<stack>.yaml.
STACK ?= dev

REHEARSE = go run ./tests/rehearsal/cmd/rehearse

# The packages of decisions that need neither Pulumi nor a cloud: their tests take seconds.
UNIT = ./config/... ./network/plan/... ./data/cassandra/... ./workloads/plan/...

.PHONY: rehearse test unit tools

# Both stages of a stack up, its outputs, and a preview that must find nothing to do. The stack stays up.
rehearse:
	@echo "Compiling the rehearsal; the very first time this takes some minutes."
	$(REHEARSE) up --stack $(STACK) --stage platform
	$(REHEARSE) up --stack $(STACK) --stage workloads
	$(REHEARSE) outputs --stack $(STACK)
	$(REHEARSE) preview --stack $(STACK) --stage workloads -- --expect-no-changes

test: tools
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt these files:" $$unformatted; exit 1; }
	go vet ./...
	go test -timeout 30m ./...

unit:
	go test $(UNIT)

# The CLI and the control plane, built ahead with their progress in view.
tools:
	$(REHEARSE) tools
