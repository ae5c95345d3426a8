package docker

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

func TestNoEngineSaysWhereItWasLookedFor(t *testing.T) {
	host := "unix://" + filepath.Join(t.TempDir(), "none.sock")
	e, err := Open(t.Context(), Options{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.Snapshot(t.Context(), engine.Query{})
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Host != host || !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("got %#v", err)
	}
	if want := "engine at " + host + ": no engine: cannot connect"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// An engine that goes away between two calls is unavailable as well.
func TestAnEngineThatGoesAwayIsUnavailable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		_, _ = w.Write([]byte("{}"))
	}))
	e, err := Open(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if err := e.StartContainer(t.Context(), engine.StartContainer{Name: "web"}); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("got %v", err)
	} else if passing := (*engine.TransientError)(nil); !errors.As(err, &passing) {
		t.Errorf("got %v, which is for good; want one that may pass", err)
	}
}

// A connection that ends before the answer leaves open what was done.
func TestALostAnswerMayPass(t *testing.T) {
	var negotiated atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if negotiated.Load() {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Api-Version", "1.41")
		_, _ = w.Write([]byte("{}"))
		negotiated.Store(strings.HasSuffix(r.URL.Path, "/_ping"))
	}))
	defer server.Close()
	e, err := Open(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	err = e.StopContainer(t.Context(), engine.StopContainer{Name: "web"})
	if passing := (*engine.TransientError)(nil); !errors.As(err, &passing) || !passing.Sent {
		t.Errorf("got %v, want one that may pass, and may have been carried out", err)
	}
}

func TestWhatARegistrySaysMayPass(t *testing.T) {
	for text, want := range map[string]bool{
		"toomanyrequests: slow down":                                true,
		"toomanyrequests: You have reached your pull rate limit.":   false,
		"received unexpected HTTP status: 503 Service Unavailable":  true,
		"Get \"https://r/v2/\": net/http: TLS handshake timeout":    true,
		"Get \"https://r/v2/\": dial tcp 10.0.0.1:443: i/o timeout": true,
		"Get \"https://r/v2/\": EOF":                                true,
		"manifest unknown":                                          false,
		"unauthorized: authentication required":                     false,
		"Get \"https://r/v2/\": dial tcp: lookup r: no such host":   false,
		"received unexpected HTTP status: 404 Not Found":            false,
		"pull access denied for web, repository does not exist":     false,
		"open /var/lib/docker/tmp/x: no space left on device":       false,
	} {
		passing := (*engine.TransientError)(nil)
		if got := errors.As(transientPull(errors.New(text)), &passing); got != want {
			t.Errorf("%s: may pass: %v, want %v", text, got, want)
		}
	}
}

func TestWhatIsNoEngineOrTooOldIsSaidSo(t *testing.T) {
	for version, want := range map[string]string{
		"1.40": "has API 1.40, 1.41 or newer is needed",
		"":     "what answers there is no Docker Engine",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if version != "" {
				w.Header().Set("Api-Version", version)
			}
		}))
		e, err := Open(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Version(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("API %q: %v", version, err)
		}
		_ = e.Close()
		server.Close()
	}
}

func TestACancelledFirstCallIsNoMissingEngine(t *testing.T) {
	e, _ := serving(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Version(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestABadHostOrCertificateIsRefused(t *testing.T) {
	for _, opts := range []Options{
		{Host: "nonsense"},
		{Host: "tcp://localhost:1", TLS: &TLS{CA: "none-such"}},
	} {
		if _, err := Open(t.Context(), opts); err == nil || !strings.HasPrefix(err.Error(), "engine at "+opts.Host+": ") {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}

func TestErrorsNameTheObjectTheActAndTheCause(t *testing.T) {
	e, _ := serving(t, nil)
	err := e.StartContainer(t.Context(), engine.StartContainer{Name: "web"})
	if !errors.Is(err, engine.ErrNotFound) || err.Error() != "container web: start: No such thing: /containers/web/start" {
		t.Errorf("got %v", err)
	}
}

func TestTimeoutsRoundUp(t *testing.T) {
	for d, want := range map[time.Duration]int{0: 0, time.Millisecond: 1, time.Second: 1, 1500 * time.Millisecond: 2, -1: -1} {
		if got := stopOptions(&d).Timeout; got == nil || *got != want {
			t.Errorf("%s: %v, want %d", d, got, want)
		}
	}
	if stopOptions(nil).Timeout != nil {
		t.Error("no timeout is not the container's own")
	}
}

func TestWhatConnectingCannotDoIsRefused(t *testing.T) {
	for _, endpoint := range []spec.Endpoint{{MacAddress: "02:42:0a:d5:09:08"}, {GwPriority: 1}} {
		if err := connectGate(endpoint, "1.47"); !errors.Is(err, engine.ErrUnsupported) {
			t.Errorf("%+v: %v", endpoint, err)
		}
	}
	off := false
	_, err := convertNetwork(engine.CreateNetwork{Definition: spec.Network{EnableIPv4: &off}}, "1.47")
	if err == nil || err.Error() != "attribute enable_ipv4: false: needs Engine API 1.48, this engine has 1.47: not supported" {
		t.Errorf("got %v", err)
	}
}

func TestANetworkIsConvertedWhole(t *testing.T) {
	on := true
	n := spec.Network{
		Name: "p_net", Driver: "macvlan", DriverOpts: map[string]string{"parent": "eth0"}, Internal: true, Attachable: true,
		EnableIPv4: &on, EnableIPv6: &on, Labels: map[string]string{"a": "b"},
		IPAM: spec.IPAM{Driver: "default", Options: map[string]string{"o": "p"}, Config: []spec.Pool{
			{Subnet: "10.0.0.0/24", IPRange: "10.0.0.128/25", Gateway: "10.0.0.1", AuxAddresses: map[string]string{"host": "10.0.0.2"}},
		}},
	}
	got, err := convertNetwork(engine.CreateNetwork{Definition: n, Labels: map[string]string{engine.LabelProject: "p"}}, "1.48")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "create", "network.json"), got)
}

func TestTheTailOfAnOutput(t *testing.T) {
	var each []string
	out := tail{limit: 2, each: func(line string) { each = append(each, line) }}
	for _, part := range []string{"one\ntw", "o\r\nthree", "\n", strings.Repeat("x", 2*maxLine)} {
		if n, err := out.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	last := out.last()
	if len(last) != 2 || last[0] != "three" || len(last[1]) != maxLine || strings.Join(each[:3], " ") != "one two three" {
		t.Errorf("last %q of %q", last[0], each[:3])
	}
}

// A hook that fails shows the end of what it said.
func TestAFailedHookShowsItsOutput(t *testing.T) {
	f := newFake()
	f.probe = func(int) (int, string, time.Duration) { return 3, "one\ntwo\n", 0 }
	var said []string
	err := f.open(t).RunHook(t.Context(), engine.RunHook{Name: "web", Hook: spec.Hook{Command: []string{"migrate"}}},
		func(p plan.Progress) { said = append(said, p.Log) })
	if err == nil || err.Error() != "container web: hook: exit code 3\n  one\n  two" || strings.Join(said, " ") != "one two" {
		t.Errorf("said %q: %v", said, err)
	}
}
