# The stack to rehearse: any that has a Pulumi.<stack>.yaml.
STACK ?= dev

REHEARSE = go run ./tests/rehearsal/cmd/rehearse

# The packages of decisions that need neither Pulumi nor a cloud: their tests take seconds.
UNIT = ./config/... ./aks/plan ./data/cassandra ./data/mysql ./internal/advice ./internal/resume ./internal/retry ./network/plan ./registry/plan \
	./storage/plan ./workloads/plan

.PHONY: rehearse next-kubernetes test unit faults vet lint tools resume

# Both stages of a stack up with its images pushed in between, its outputs, and a preview that must find nothing to do. The stack
# stays up.
rehearse:
	@echo "Compiling the rehearsal; the very first time this takes some minutes."
	$(REHEARSE) up --stack $(STACK) --stage platform
	$(REHEARSE) push --stack $(STACK)
	$(REHEARSE) up --stack $(STACK) --stage workloads
	$(REHEARSE) outputs --stack $(STACK)
	$(REHEARSE) preview --stack $(STACK) --stage workloads -- --expect-no-changes

# Both stages of both stacks on the control plane of the next Kubernetes minor, each from nothing: does it take every object? No
# part of make test. The program is not reconfigured, and what came up stays, to be looked at.
next-kubernetes:
	@echo "Building the next minor's control plane, the very first time, takes about 11 CPU-minutes."
	$(REHEARSE) tools --kubernetes next
	rm -rf .rehearsal/kubernetes-next
	for stack in dev prod; do \
		$(REHEARSE) up --stack $$stack --kubernetes next --stage platform && \
		$(REHEARSE) push --stack $$stack --kubernetes next && \
		$(REHEARSE) up --stack $$stack --kubernetes next --stage workloads && \
		$(REHEARSE) preview --stack $$stack --kubernetes next --stage workloads -- --expect-no-changes || exit 1; \
	done

test: tools vet
	go test -timeout 30m ./...

# The campaigns in full, on prod: hours. SEED=n repeats one, FAULTS='-run Kill' picks some.
faults: tools
	go test ./tests/faults -v -count=1 -timeout 12h $(FAULTS) -args -full $(if $(SEED),-seed $(SEED))

unit:
	go test $(UNIT)

vet:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt these files:" $$unformatted; exit 1; }
	go vet ./...

# What staticcheck finds on top, in the version that is pinned. Rendered shell scripts are checked by the tests of their packages.
lint: vet
	go build -C tests/tools/staticcheck -o $(CURDIR)/bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...

# The CLI and the control plane, built ahead with their progress in view.
tools:
	$(REHEARSE) tools

# Brings back a real stack whose update was killed. It takes no default: make resume STACK=prod.
resume:
	go run ./cmd/resume --stack "$(if $(filter file,$(origin STACK)),,$(STACK))"
