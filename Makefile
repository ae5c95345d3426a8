PREFIX  ?= /usr/local
TIMEOUT ?= 30m
FUZZTIME ?= 30s
FAULTS  ?= HalfWay|AtOnce|UpAgainstDown|TheEngine|UnderLoad|Loads
RUNS    ?= 5
ONLY    ?=
PEER    ?=
GOBENCH ?= -count 5

# What Podman's service can do: of its API it lacks BuildKit, the update of
# containers, which most replacements need, and the members of networks; without
# systemd it runs no healthchecks.
PODMAN  := ABoundFileIsNoReasonToReplaceAService AFileThatWasNotReplacedIsNoReason AFileThatWasReplacedOnTheHostIsSeenAfterARestart \
   ALivingHolderIsWaitedFor AModelWithoutARunnerIsAnError ANameHeldByAStrangerIsAnErrorBeforeAnythingIsTouched \
   APortHeldByAStrangerIsAnErrorBeforeAnythingIsTouched AProviderGivesItsVariables ASavedPlanIsForItsEngineItsProjectAndItsKey \
   AServiceOutsideTheProfileIsNoOrphan AllReplicasMustBeReady AttachedUpEndsWhenAllHasEnded CreateAndNoStartLeaveAllStopped \
   DependentsStartWhenTheProgramIsReady DownAfterAnAbsentFileChangesNothing DownIgnoresSignalsOnlyUntilItsTimeout \
   DownKeepsVolumesAndNeighbours DownKnowsAProjectByItsNameAlone DownStopsDependentsFirst ExternalObjectsAreUsedAndLeft \
   ForceAndNoRecreate OnFailureStopLeavesBoth OrphansAreNotedAndLeft RestartAndRemove ScaleGoesUpAndDownByNumber \
   SecondUpWaitsWithoutChanging StartFirstHasNoGap TheLocksCallsSurviveALostConnection TheNextUpTakesTheLockOfAKilledOneOver \
   TheWireHandsOnAndRecords ThreeServicesComeUpInOrderAndStay UpDryRunChangesNothing UpOfOneServiceBringsWhatItDependsOn \
   VolumeOptionsAreRefused WaitTimeoutFails WhoSharesANamespaceFollowsARestartByHand

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

LINT_VERSION := v2.15.0
# The version is in the name, so that a new one is built when it changes.
LINT := .tools/golangci-lint-$(LINT_VERSION)

.PHONY: help
help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: build
build: ## make bin/stack
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/stack ./cmd/stack

.PHONY: install
install: build ## copy it to $(PREFIX)/bin
	install -D -m 755 bin/stack $(DESTDIR)$(PREFIX)/bin/stack

.PHONY: setup
setup: ## get the engine and the base image that the demo needs
	scripts/setup

.PHONY: demo
demo: setup build ## bring examples/ml-webapp up and ask it for ten predictions
	scripts/demo

.PHONY: check
check: $(LINT) ## formatting, vet and the linter
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not formatted by gofmt:"; echo "$$out"; exit 1; }
	go vet -tags e2e ./...
	$(LINT) run --allow-parallel-runners

.PHONY: test
test: ## everything: check, unit tests, and the binary against a real engine
	scripts/setup test
	$(MAKE) build check
	go test -race ./...
	go test -tags e2e -count 1 -timeout $(TIMEOUT) -p 1 -v ./engine/docker/... ./e2e/...
	go test -tags e2e -count 1 -timeout $(TIMEOUT) -parallel 4 -v -run TestRealEngine ./internal/laws

.PHONY: test-engines
test-engines: ## the end-to-end tests on this machine's engine, on a newer one, and what Podman can do of them
	scripts/setup test
	$(MAKE) build
	go test -tags e2e -count 1 -timeout 1h -p 1 -v ./engine/docker/... ./e2e/...
	scripts/with-engine newer go test -tags e2e -count 1 -timeout 1h -p 1 -v ./engine/docker/... ./e2e/...
	scripts/with-engine containerd go test -tags e2e -count 1 -timeout 1h -v -run 'Attests|TheSameFile|TestBuild' ./e2e
	scripts/with-engine podman go test -tags e2e -count 1 -timeout 1h -v -run '$(shell echo '^Test($(PODMAN))$$' | tr ' ' '|')' ./e2e

.PHONY: test-faults
test-faults: test-laws faults ## everything that can go wrong, at length: both of these two, an hour and a half

.PHONY: faults
faults: ## faults at every call to the engine, in races, of the engine itself; FAULTS=... for some
	scripts/setup test
	go test -tags e2e -count 1 -timeout 3h -v -run '$(FAULTS)' ./e2e -args -faults

.PHONY: test-laws
test-laws: ## thousands of random cases, bugs patched into the planner, a hundred cases on a real engine
	scripts/setup test
	go test -count 1 -timeout 2h -v -run 'TestRandomStacks|TestPlanted' ./internal/laws -cases 3300 -points 8
	go test -count 1 -timeout 2h -v -run TestPatchedPlanners ./internal/laws -overlays -cases 160
	go test -tags e2e -count 1 -timeout 2h -parallel 4 -v -run TestRealEngine ./internal/laws -stacks 100

.PHONY: bench
bench: build ## stack against a floor and its peers, on the engine; RUNS=5, ONLY=REGEXP, PEER=PROGRAM
	scripts/setup test
	go run ./e2e/bench -runs $(RUNS) -run '$(ONLY)' -peer '$(PEER)'
	go test -run '^$$' -bench . -benchmem $(GOBENCH) ./spec ./planner ./reconciler .

.PHONY: fuzz
fuzz: ## each fuzz target for $(FUZZTIME)
	scripts/fuzz $(FUZZTIME)

GORELEASER_VERSION := v2.15.2
GORELEASER := .tools/goreleaser-$(GORELEASER_VERSION)

.PHONY: release
release: $(GORELEASER) ## binaries for six platforms, deb, rpm and checksums, in dist; nothing is published
	STACK_COMMIT=$$(git rev-parse --short HEAD) $(GORELEASER) release --snapshot --clean

$(GORELEASER):
	GOBIN=$(CURDIR)/.tools CGO_ENABLED=0 go install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)
	mv .tools/goreleaser $@

# Built here and not fetched as a binary: only the Go module proxy is needed,
# and its checksum database vouches for what comes.
$(LINT):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv .tools/golangci-lint $@
