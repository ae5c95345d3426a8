package remote_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	image "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/stackfile/stack/remote"
)

const project = "application/vnd.docker.compose.project"

// A registry holds what has a digest, under one tag; who has no password sees
// nothing if it wants one.
type registry struct {
	*httptest.Server
	top      image.Descriptor
	held     map[digest.Digest][]byte
	password string
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{held: map[digest.Digest][]byte{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *registry) name(tag string) string {
	return "oci://" + strings.TrimPrefix(r.URL, "http://") + "/me/shop" + tag
}

func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if _, password, _ := q.BasicAuth(); password != r.password {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	sum, kind := digest.Digest(filepath.Base(q.URL.Path)), "application/octet-stream"
	if strings.HasSuffix(q.URL.Path, "/manifests/latest") {
		sum = r.top.Digest
	}
	if strings.Contains(q.URL.Path, "/manifests/") {
		kind = r.top.MediaType
	}
	text, ok := r.held[sum]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", string(sum))
	_, _ = w.Write(text) // who has gone reads nothing
}

func (r *registry) hold(kind, text string, annotations ...string) image.Descriptor {
	d := image.Descriptor{MediaType: kind, Digest: digest.FromString(text), Size: int64(len(text)), Annotations: map[string]string{}}
	for i := 0; i < len(annotations); i += 2 {
		d.Annotations[annotations[i]] = annotations[i+1]
	}
	r.held[d.Digest] = []byte(text)
	return d
}

// publish makes a manifest the one that has the tag.
func (r *registry) publish(t *testing.T, m any, kind string) {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r.top = r.hold(kind, string(text))
}

func (r *registry) file(text string, annotations ...string) image.Descriptor {
	return r.hold("application/vnd.docker.compose.file+yaml", text, append([]string{"com.docker.compose.file", "compose.yaml"}, annotations...)...)
}

func fetched(t *testing.T, s *remote.Store, name string) map[string]string {
	t.Helper()
	file, err := s.Fetch(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(file), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[entry.Name()] = string(text)
	}
	return out
}

func TestAnApplicationIsFetchedWithTheFilesBesideIt(t *testing.T) {
	r := newRegistry(t)
	r.publish(t, image.Manifest{ArtifactType: project, Layers: []image.Descriptor{
		r.file("services: {}"),
		r.file("networks: {}", "com.docker.compose.file", "over.yaml"),
		r.file("base", "com.docker.compose.extends", "true", "com.docker.compose.file", "1f.yaml"),
		r.hold("application/vnd.docker.compose.envfile", "A=1", "com.docker.compose.envfile", "2f.env"),
		r.hold("application/vnd.example", "what nobody here knows"),
	}}, image.MediaTypeImageManifest)
	want := map[string]string{"compose.yaml": "services: {}\n---\nnetworks: {}", "1f.yaml": "base", "2f.env": "A=1"}
	for _, tag := range []string{"", ":latest", "@" + string(r.top.Digest)} {
		if got := fetched(t, &remote.Store{Dir: t.TempDir()}, r.name(tag)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: got %q, want %q", tag, got, want)
		}
	}
}

func TestAnApplicationIsFoundInAnIndexAndByItsConfig(t *testing.T) {
	r := newRegistry(t)
	config := r.hold("application/vnd.docker.compose.config.empty.v1+json", "{}")
	r.publish(t, image.Manifest{Config: config, Layers: []image.Descriptor{r.file("old")}}, image.MediaTypeImageManifest)
	if got := fetched(t, &remote.Store{Dir: t.TempDir()}, r.name("")); got["compose.yaml"] != "old" {
		t.Errorf("by its config: got %q", got)
	}
	r.publish(t, image.Manifest{ArtifactType: project, Layers: []image.Descriptor{r.file("inner")}}, image.MediaTypeImageManifest)
	inner := r.top
	inner.ArtifactType = project
	r.publish(t, image.Index{Manifests: []image.Descriptor{{MediaType: image.MediaTypeImageManifest}, inner}}, image.MediaTypeImageIndex)
	if got := fetched(t, &remote.Store{Dir: t.TempDir()}, r.name("")); got["compose.yaml"] != "inner" {
		t.Errorf("in an index: got %q", got)
	}
}

func TestWhatIsPinnedAndKeptNeedsNoRegistry(t *testing.T) {
	r, dir := newRegistry(t), t.TempDir()
	r.publish(t, image.Manifest{ArtifactType: project, Layers: []image.Descriptor{r.file("a")}}, image.MediaTypeImageManifest)
	fetched(t, &remote.Store{Dir: dir}, r.name(""))
	r.Close()
	if got := fetched(t, &remote.Store{Dir: dir}, r.name("@"+string(r.top.Digest))); got["compose.yaml"] != "a" {
		t.Errorf("got %q", got)
	}
}

func TestAPrivateApplicationNeedsCredentials(t *testing.T) {
	r := newRegistry(t)
	r.password = "secret"
	r.publish(t, image.Manifest{ArtifactType: project, Layers: []image.Descriptor{r.file("a")}}, image.MediaTypeImageManifest)
	if _, err := (&remote.Store{Dir: t.TempDir()}).Fetch(t.Context(), r.name("")); err == nil {
		t.Error("everybody may see it")
	}
	var asked string
	s := &remote.Store{Dir: t.TempDir(), Credentials: func(host string) (string, string, error) { asked = host; return "me", "secret", nil }}
	if got := fetched(t, s, r.name("")); got["compose.yaml"] != "a" || "http://"+asked != r.URL {
		t.Errorf("got %q, asked for the credentials of %q", got, asked)
	}
}

func TestWhatIsNoApplicationIsRefused(t *testing.T) {
	const manifest = image.MediaTypeImageManifest
	one := func(layers ...image.Descriptor) image.Manifest {
		return image.Manifest{ArtifactType: project, Layers: layers}
	}
	for name, c := range map[string]struct {
		of   func(r *registry) (m any, kind string)
		want string
	}{
		"an image":     {func(*registry) (any, string) { return image.Manifest{}, manifest }, "no application"},
		"an index":     {func(*registry) (any, string) { return image.Index{}, image.MediaTypeImageIndex }, "index without an application"},
		"without file": {func(*registry) (any, string) { return one(), manifest }, "no stack file"},
		"a way out": {func(r *registry) (any, string) {
			return one(r.file("a"), r.file("b", "com.docker.compose.extends", "true", "com.docker.compose.file", "../../a")), manifest
		}, `file "../../a"`},
		"a file over the stack file": {func(r *registry) (any, string) {
			return one(r.file("a"), r.hold("application/vnd.docker.compose.envfile", "b", "com.docker.compose.envfile", "compose.yaml")), manifest
		}, `file "compose.yaml"`},
		"other content": {func(r *registry) (any, string) {
			d := r.file("a")
			r.held[d.Digest] = []byte("b")
			return one(d), manifest
		}, "sent something else"},
		"too large": {func(r *registry) (any, string) {
			d := r.file("a")
			d.Size = 1 << 30
			return one(d), manifest
		}, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir := newRegistry(t), t.TempDir()
			m, kind := c.of(r)
			r.publish(t, m, kind)
			_, err := (&remote.Store{Dir: dir}).Fetch(t.Context(), r.name(""))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if left, err := os.ReadDir(filepath.Join(dir, "oci")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestARegistryThatHasItNotSaysSo(t *testing.T) {
	_, err := (&remote.Store{Dir: t.TempDir()}).Fetch(t.Context(), newRegistry(t).name(":none"))
	if err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("got %v", err)
	}
}
